"""How soon the demo shows voxels and answers: Python on the page against Python in a worker, cold cache.

Run by ``make bench``. Both targets take turns, in a new browser context each time; times are from navigation.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from panel_neuroglancer.site.serve import open_server

ROOT = Path(__file__).parents[2]
TARGETS = {"pyodide": "brain-pyodide.html", "pyodide-worker": "brain.html"}
FLAGS = (Path(__file__).parents[1] / "chromium.flags").read_text().split()

# After each animation frame, while the drawing is still there, a grid of pixels is read: thin axis lines alone are not voxels.
PROBE = """
{
  const { getContext } = HTMLCanvasElement.prototype;
  let gl;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) gl = context;
    return context;
  };
  const later = window.requestAnimationFrame.bind(window);
  const row = (y) => {
    const pixels = new Uint8Array(4 * gl.drawingBufferWidth);
    gl.readPixels(0, y, gl.drawingBufferWidth, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let lit = 0;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] + pixels[i + 1] + pixels[i + 2] > 60) lit += 1;
    return lit / gl.drawingBufferWidth;
  };
  window.firstVoxel = new Promise((resolve) => {
    let seen = false;
    window.requestAnimationFrame = (callback) => later((now) => {
      callback(now);
      if (seen || !gl || gl.drawingBufferHeight < 50) return;
      const bound = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
      seen = row(Math.floor(0.7 * gl.drawingBufferHeight)) > 0.1;
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, bound);
      if (seen) resolve(performance.now());
    });
  });
  window.pythonReady = new Promise((resolve) => {
    new MutationObserver(() => {
      if ("pnReady" in document.documentElement.dataset) resolve(performance.now());
    }).observe(document, { subtree: true, childList: true, attributes: true });
  });
}
"""


def measure(browser: Browser, url: str) -> dict[str, float]:
    """Return seconds from navigation to the first voxel and to Python's first page."""
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.add_init_script(PROBE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(url, wait_until="commit")
    voxel, python = page.evaluate("() => Promise.all([firstVoxel, pythonReady])")
    context.close()
    return {"first voxel": voxel / 1000, "Python ready": python / 1000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "boot.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        convert = [
            "convert",
            str(ROOT / "lite/apps/brain.py"),
            "--to",
            "pyodide-worker,pyodide",
            "--out",
            str(site),
            "--quiet",
        ]
        data = f"{ROOT / 'build/data/mni152'}:data/mni152"
        subprocess.run([sys.executable, "-m", "panel_neuroglancer.cli", *convert, "--data", data], check=True)
        size = sum(f.stat().st_size for f in site.rglob("*") if f.is_file())
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in TARGETS}
        with open_server(site, 0) as server, sync_playwright() as playwright:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for turn in range(args.runs):
                for name, page in TARGETS.items():
                    runs[name].append(measure(browser, server.url + page))
                    print(f"{turn + 1}/{args.runs} {name}: {runs[name][-1]}", file=sys.stderr)
            browser.close()
            server.shutdown()
    report: dict[str, Any] = {"site MB": size / 1e6, "runs": runs}
    print(f"\ndemo site {size / 1e6:.1f} MB; seconds from navigation, median (range) of {args.runs}\n")
    for name, measured in runs.items():
        figures = {key: [run[key] for run in measured] for key in measured[0]}
        row = [f"{key} {statistics.median(v):.1f} ({min(v):.1f}-{max(v):.1f})" for key, v in figures.items()]
        print(f"{name:16s}" + "   ".join(row))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
