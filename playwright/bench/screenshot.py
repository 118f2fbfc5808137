"""Take the pictures of the gallery, and the README's, with the built site running. Run by ``make screenshot``.

The README's picture is a whole page, ``lite/apps/brain.png``; those of the index are what the viewer of each page shows,
``lite/gallery/thumbs/*.webp``.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path

from chromium import LAUNCH
from PIL import Image, ImageOps
from playwright.sync_api import Page, sync_playwright

from panel_neuroglancer.site.serve import open_server

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
THUMBS = ROOT / "lite" / "gallery" / "thumbs"
HELPERS = Path(__file__).parents[1] / "component" / "page.js"
SIZE = (640, 400)
LARGEST = 60_000  # bytes


def thumbnail(page: Page, path: Path) -> None:
    """Save what the viewers show."""
    png = page.locator(".view").screenshot(style="input, label { visibility: hidden !important; }")
    picture = ImageOps.fit(Image.open(io.BytesIO(png)).convert("RGB"), SIZE)
    for quality in range(85, 20, -5):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{path} stays above {LARGEST} bytes.")


def main() -> None:
    pages = sorted(path for path in SITE.glob("*.html") if path.stem != "index")
    with open_server(SITE, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(**LAUNCH)
        for path in pages:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
            page.add_init_script(path=HELPERS)
            page.goto(server.url + path.name)
            page.wait_for_function("complete()", timeout=180_000)
            thumbnail(page, THUMBS / f"{path.stem}.webp")
            if path.stem == "brain":
                # Point at the white matter of the axial slice, so that the readout says something.
                page.mouse.move(640, 200)
                page.get_by_text("White matter").nth(1).wait_for()
                page.screenshot(path=ROOT / "lite" / "apps" / "brain.png")
            page.close()
            print(path.stem)
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
