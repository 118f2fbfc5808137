"""Take the README's picture of the demo, `lite/apps/brain.png`, with the demo site running. Run by ``make screenshot``."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from panel_neuroglancer.site.serve import open_server

ROOT = Path(__file__).parents[2]
FLAGS = (Path(__file__).parents[1] / "chromium.flags").read_text().split()

# The picture is complete once the viewer has drawn all it wants to draw.
COMPLETE = """() => {
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.neuroglancerViewer) return element.neuroglancerViewer;
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
  };
  const viewer = find(document);
  return "pnReady" in document.documentElement.dataset && viewer?.layerManager.managedLayers.length > 1 && viewer.isReady();
}"""


def main() -> None:
    with open_server(ROOT / "build" / "site", 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.url)
        page.wait_for_function(COMPLETE, timeout=120_000)
        # Point at the white matter of the axial slice, so that the readout says something.
        page.mouse.move(640, 200)
        page.get_by_text("White matter").nth(1).wait_for()
        page.screenshot(path=ROOT / "lite" / "apps" / "brain.png")
        browser.close()
        server.shutdown()
    print("lite/apps/brain.png")


if __name__ == "__main__":
    main()
