"""How soon the brain shows voxels and Python is alive: a site of ours against two others, from the same server.

For the first voxel the official neuroglancer client, without any Python, with the same state, data and size of the picture; for
Python the page that Panel's own converter makes of the same app, with the same Pyodide. Run by ``make bench``.

Each page is opened in a browser with a fresh profile (cold) and then once more (warm); all take turns, over loopback as fast as it
goes and over a line of 20 Mbit/s. Seconds are from navigation; bytes are what the server sent as bodies.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import report
from chromium import LAUNCH
from line import Line, behind
from playwright.sync_api import BrowserContext, Playwright, ViewportSize, sync_playwright
from stock import Stock

ROOT = Path(__file__).parents[2]
APP = ROOT / "lite/apps/brain.py"
DATA = ROOT / "build/data/mni152"
PROBE = "".join((Path(__file__).parent / name).read_text() for name in ("frames.js", "probe.js"))
TARGETS = ("pyodide", "pyodide-worker")
LINES = {"unthrottled": None, "20 Mbit/s": 20e6}
WINDOW: ViewportSize = {"width": 1000, "height": 700}
# The official client looks for a Python server.
ALONE = "window.EventSource = class { close() {} };"
LONGEST_MS = 120_000
HERE = ("http://127.0.0.1:", "blob:", "data:")
#: The time between both visits: browsers keep what they have compiled a little later.
STAY_MS = 3000


class Sites:
    """All pages to be measured, in a folder that a line serves."""

    def __init__(self, folder: Path, url: str) -> None:
        convert = ["convert", str(APP), "--to", ",".join(TARGETS), "--out", str(folder / "ours"), "--quiet"]
        command = [sys.executable, "-m", "panel_neuroglancer.cli", *convert, "--data", f"{DATA}:data/mni152"]
        subprocess.run(command, check=True)
        # The official client reads its token from its own path.
        (folder / "v").mkdir()
        (folder / "v" / "1").symlink_to(str(files("neuroglancer") / "static" / "client"))
        os.environ["PANEL_NEUROGLANCER_SITE_URL"] = f"{url}ours/"
        state = json.dumps(runpy.run_path(str(APP))["STATE"])
        stock = Stock(APP, folder, url, ("panel", "bokeh", "numpy", "panel-neuroglancer", "pyodide-http"))
        self.pages = {"official": f"{url}v/1/index.html#!{quote(state)}"}
        for target in TARGETS:
            suffix = "" if target == "pyodide" else f"-{target}"
            self.pages[f"ours, {target}"] = f"{url}ours/brain{suffix}.html"
            self.pages[f"stock, {target}"] = stock.convert(target)


def visit(context: BrowserContext, url: str, line: Line, has_python: bool) -> dict[str, float]:
    """Open a page; return when it was there and what had been sent by then."""
    page = context.new_page()
    page.set_default_timeout(LONGEST_MS)
    line.notes.clear()
    page.goto(url, wait_until="commit")
    found = {}
    for event in ("firstVoxel", "alive")[: 1 + has_python]:
        ms = page.wait_for_function(f"() => {event}").json_value()
        name = "voxel" if event == "firstVoxel" else event
        found[name] = ms / 1000
        found[f"{name} MB"] = line.until((page.evaluate("performance.timeOrigin") + ms) / 1000) / 1e6
    page.close()
    return found


def measure(
    playwright: Playwright,
    url: str,
    line: Line,
    size: ViewportSize,
) -> dict[str, dict[str, float]]:
    """Visit a page for the first and for the second time."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(profile, **LAUNCH, viewport=size)
        has_python = "/v/1/" not in url
        context.add_init_script(PROBE + ("" if has_python else ALONE))
        foreign: list[str] = []
        context.on("request", lambda r: foreign.append(r.url) if not r.url.startswith(HERE) else None)
        found = {"cold": visit(context, url, line, has_python)}
        context.pages[0].wait_for_timeout(STAY_MS)
        found["warm"] = visit(context, url, line, has_python)
        context.close()
    if foreign:
        raise RuntimeError(f"{url} asked other hosts: {foreign}")
    return found


def size_of_picture(playwright: Playwright, url: str) -> ViewportSize:
    """Return how large our page's viewer is, for the official client to be as large."""
    browser = playwright.chromium.launch(**LAUNCH)
    page = browser.new_page(viewport=WINDOW)
    page.goto(url)
    box = page.locator(".panel-neuroglancer-viewer canvas").first.bounding_box(timeout=LONGEST_MS)
    browser.close()
    assert box is not None
    return {"width": round(box["width"]), "height": round(box["height"])}


Runs = dict[str, dict[str, dict[str, list[dict[str, float]]]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--only", nargs="*", help="pages to measure, for example `official` and `ours, pyodide`"
    )
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "sites.json")
    args = parser.parse_args()
    line, runs = Line(), Runs()
    args.json.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        behind(line, Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        sites = Sites(Path(folder), url)
        pages = {name: page for name, page in sites.pages.items() if not args.only or name in args.only}
        size = size_of_picture(playwright, sites.pages["ours, pyodide-worker"])
        for turn in range(args.runs):
            for speed, line.rate in LINES.items():
                for name, page in pages.items():
                    window = size if name == "official" else WINDOW
                    found = measure(playwright, page, line, window)
                    for kind, figures in found.items():
                        runs.setdefault(speed, {}).setdefault(name, {}).setdefault(kind, []).append(figures)
                    print(f"{turn + 1}/{args.runs} {speed} {name}: {found}", file=sys.stderr)
            # A turn takes minutes: what is there is kept if the next one fails.
            args.json.write_text(
                json.dumps({"machine": report.machine(), "runs": runs, "rows": rows(runs)}, indent=1)
            )
    print("\n".join(report.sites(json.loads(args.json.read_text()))))


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def rows(runs: Runs) -> list[dict[str, Any]]:
    """Return medians and ranges of each figure, and of its ratio to the page it is compared with in the same turn."""
    found = []
    for speed, pages in runs.items():
        for name, visits in pages.items():
            for kind, turns in visits.items():
                row: dict[str, Any] = {"line": speed, "page": name, "visit": kind}
                for figure in turns[0]:
                    row[figure] = spread([turn[figure] for turn in turns])
                compared = {"voxel": pages.get("official"), "alive": pages.get(name.replace("ours", "stock"))}
                for figure, other in compared.items():
                    if other and name.startswith("ours"):
                        row[f"{figure} ratio"] = spread(_ratios(turns, other[kind], figure))
                if kind == "warm" and "alive" in row:
                    row["alive, warm to cold"] = spread(_ratios(turns, visits["cold"], "alive"))
                found.append(row)
    return found


def _ratios(ours: list[dict[str, float]], others: list[dict[str, float]], figure: str) -> list[float]:
    return [a[figure] / b[figure] for a, b in zip(ours, others, strict=True)]


if __name__ == "__main__":
    main()
