"""What one changed segment or annotation costs in a large state, from Python to the viewer and back.

Each figure is taken apart: Python's own time until it has sent the change, the way to the page, and the page's time until the
layer has changed. Drawing is left out. The official package's own share of a ``txn`` is measured on a viewer that nobody
shows. Run by hand: ``python playwright/bench/state.py --json build/state.json``.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import LAUNCH
from playwright.sync_api import Browser, Page, sync_playwright

from panel_neuroglancer.site.serve import Server

HERE = Path(__file__).parent
LAB = HERE.parent / "python_api" / "apps" / "lab.py"
PROBE = """
window.now = () => performance.timeOrigin + performance.now();
const upstream = () => viewer()?.neuroglancerViewer;
const layer = () => upstream()?.layerManager.getLayerByName("a")?.layer;
window.size = () => layer()?.localAnnotations?.annotationMap.size
  ?? layer()?.displayState?.segmentationGroupState.value.visibleSegments.size;
/** Note when patches of Python's begin to be applied, and when the page has made a report. */
window.arm = () => {
  const { prototype } = Bokeh.require("document").Document;
  const apply = prototype.apply_json_patch;
  window.arrived = [];
  window.reported = [];
  prototype.apply_json_patch = function (patch, ...rest) {
    if (patch.events.some((event) => event.attr === "command")) arrived.push(now());
    return apply.call(this, patch, ...rest);
  };
  for (const doc of Bokeh.documents) doc.on_change((event) => event.attr === "report" && reported.push(now()), false);
};
/** Resolves to the times at which the change arrived and was shown. */
window.expectSize = (size) => {
  arrived.length = 0;
  window.seen = new Promise((resolve) => {
    const check = () => {
      if (window.size() !== size) return;
      clearInterval(timer);
      stop();
      resolve([arrived[0], now()]);
    };
    const timer = setInterval(check, 1);
    const stop = upstream().state.changed.add(check);
  });
};
window.addHere = (id) => {
  reported.length = 0;
  const at = now();
  const { localAnnotations } = layer();
  if (localAnnotations)
    localAnnotations.add({ type: 0, id: `p${id}`, point: Float32Array.of(1, 2, 3), properties: [], relatedSegments: [[]] });
  else layer().displayState.segmentationGroupState.value.visibleSegments.add(BigInt(id));
  return at;
};
"""

COMMON = """
import asyncio, time
try:
    from js import performance
    now = lambda: performance.timeOrigin + performance.now()
except ImportError:
    now = lambda: time.time() * 1000
N = {n}
heard = []
segments = [10**6 + 7 * i for i in range(N)]
points = [neuroglancer.PointAnnotation(id=f"a{{i}}", point=[i % 100 + 0.5, i // 100 + 0.5, 4.5]) for i in range(N)]
def segmented(viewer):
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.SegmentationLayer(
            source=neuroglancer.LocalVolume(np.zeros((32, 12, 8), "uint32"), s.dimensions), segments=segments)
        plain(s)
    return viewer
def annotated(viewer):
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.LocalAnnotationLayer(s.dimensions, annotations=points)
        plain(s)
    return viewer
def add_segment(viewer, i):
    with viewer.txn() as s:
        s.layers["a"].segments.add(i)
def add_point(viewer, i):
    with viewer.txn() as s:
        s.layers["a"].annotations.append(neuroglancer.PointAnnotation(id=f"x{{i}}", point=[5, 6, 4]))
def select(shown, i):
    shown.selected_segments = {{"a": [*shown.selected_segments["a"], i]}}
"""

CASES = {
    "selected_segments": (
        50_000,
        """
        shown, = show({"layers": [{"type": "segmentation", "name": "a", "source": [],
                                   "segments": [str(i) for i in segments]}], "layout": "xy"})
        change = lambda i: select(shown, i)
        shown.param.watch(lambda e: heard.append(now()), "selected_segments")
        """,
    ),
    "txn: segments": (
        50_000,
        """
        viewer, alone = segmented(neuroglancer.Viewer()), segmented(neuroglancer.Viewer())
        shown, = show(viewer)
        change, package = lambda i: add_segment(viewer, i), lambda i: add_segment(alone, i)
        shown.param.watch(lambda e: heard.append(now()), "selected_segments")
        """,
    ),
    "selected_segments of a Viewer": (
        50_000,
        """
        viewer = segmented(neuroglancer.Viewer())
        shown, = show(viewer)
        change = lambda i: select(shown, i)
        shown.param.watch(lambda e: heard.append(now()), "selected_segments")
        """,
    ),
    "txn: annotations": (
        20_000,
        """
        viewer, alone = annotated(neuroglancer.Viewer()), annotated(neuroglancer.Viewer())
        shown, = show(viewer)
        change, package = lambda i: add_point(viewer, i), lambda i: add_point(alone, i)
        viewer.shared_state.add_changed_callback(lambda: heard.append(now()))
        """,
    ),
}


@contextmanager
def panel_serve() -> Iterator[str]:
    """Serve the lab with `panel serve`; gives its address."""
    command = [sys.executable, "-m", "panel", "serve", str(LAB), "--port", "0", "--address", "127.0.0.1",
               "--allow-websocket-origin", "*"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/", line):
                break
        else:
            raise RuntimeError("panel serve ended")
        threading.Thread(target=server.stdout.read, daemon=True).start()
        try:
            yield found.group().replace("localhost", "127.0.0.1") + "lab"
        finally:
            server.terminate()


@contextmanager
def pyodide_worker() -> Iterator[str]:
    """Serve the lab as a static site; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "panel_neuroglancer.cli", "convert", str(LAB), "--to", "pyodide-worker",
                   "--out", f"{folder}/site"]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        page = "lab.html" if (Path(folder) / "site" / "lab.html").exists() else "lab-pyodide-worker.html"
        with Server(Path(folder) / "site") as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield server.url + page
            finally:
                server.shutdown()
                thread.join()


RUNTIMES = {"pyodide-worker": pyodide_worker, "panel serve": panel_serve}


class Lab:
    """A page on which Python runs what it is told."""

    def __init__(self, page: Page) -> None:
        self.page, self.orders = page, 0

    def run(self, program: str) -> Any:
        """Run a program, and return what it assigned to `result`."""
        self.orders += 1
        field = self.page.get_by_label("Order")
        field.fill(json.dumps({"n": self.orders, "code": textwrap.dedent(program)}))
        field.press("Enter")
        self.page.wait_for_function("n => python()?.n === n", arg=self.orders)
        said = self.page.evaluate("python()")
        if "raised" in said:
            raise RuntimeError(said["raised"])
        return said["result"]

    def calm(self) -> None:
        """Wait until nothing crosses any more."""
        self.page.wait_for_function("quiet", arg=self.page.evaluate("performance.now()"))


def measure(browser: Browser, address: str, name: str, n: int, program: str, runs: int) -> dict[str, Any]:
    """Measure one case in a new page."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    page.set_default_timeout(180_000)
    page.add_init_script(path=HERE.parent / "component" / "page.js")
    page.add_init_script(PROBE)
    page.goto(address)
    page.wait_for_function("window.deep && python() !== null")
    lab = Lab(page)
    lab.run(COMMON.format(n=n) + textwrap.dedent(program))
    page.wait_for_function("n => viewer()?.neuroglancerViewer && size() === n", arg=n)
    page.evaluate("arm(); listen()")
    steps: dict[str, list[float]] = {}

    def note(**found: float) -> None:
        for key, value in found.items():
            steps.setdefault(key, []).append(value)

    for i in range(runs + 2):  # the first two warm up
        lab.calm()
        page.evaluate("size => expectSize(size)", n + i + 1)
        started, sent = lab.run(f"since = now(); change({i + 1}); result = [since, now()]")
        arrived, shown = page.evaluate("seen")
        if i >= 2:
            note(
                total=shown - started, to_page=arrived - started, page=shown - arrived, python=sent - started
            )
        if "package" in program:
            took = lab.run(f"since = now(); package({i + 1}); result = now() - since")
            if i >= 2:
                note(package=took)
    for i in range(runs + 2):
        lab.calm()
        lab.run("heard.clear()")
        began = page.evaluate("id => addHere(id)", 900_000 + i)
        page.wait_for_function("reported.length > 0")
        at = lab.run("""
            while not heard:
                await asyncio.sleep(0.001)
            result = heard[0]
        """)
        reported = page.evaluate("reported[0]")
        if i >= 2:
            note(back_page=reported - began, back_python=at - reported)
    page.close()
    return {
        key: {"median": statistics.median(x), "p95": statistics.quantiles(x, n=20)[-1], "least": min(x)}
        for key, x in steps.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument(
        "--scale",
        type=float,
        default=1,
        help="of the number of segments and annotations; 0.001 is a small state",
    )
    parser.add_argument("--runtime", choices=RUNTIMES, nargs="+", default=list(RUNTIMES))
    parser.add_argument("--case", choices=CASES, nargs="+", default=list(CASES))
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    print(
        "Milliseconds, median (least, p95). total = to_page + page; python: until its call returns, package: of that the official"
    )
    print(
        "package's; back_page: from the user's change to the report, 100 ms of it waiting for more; back_python: the rest."
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        for runtime in options.runtime:
            with RUNTIMES[runtime]() as address:
                for name in options.case:
                    n, program = CASES[name]
                    row = measure(browser, address, name, int(n * options.scale), program, options.runs)
                    results.setdefault(runtime, {})[name] = row
                    figures = [
                        f"{k} {v['median']:.1f} ({v['least']:.1f} {v['p95']:.1f})" for k, v in row.items()
                    ]
                    print(
                        f"{runtime:15} {name:30} {int(n * options.scale):6}  " + "  ".join(figures),
                        flush=True,
                    )
        browser.close()
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
