"""Arrays of a Python viewer: this package against the official package's server, side by side in one run.

Run by ``make bench``. Same Chromium, same canvas, same volume; each run in a new Chromium, the official one and ours by turns.
The official server and `panel serve` run in this process; `pyodide-worker` is a converted app.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neuroglancer
import numpy as np
import panel as pn
from chromium import SIZE, Page
from cubes import image, read, segmentation
from echo import echo
from neuroglancer import _neuroglancer
from numpy.typing import NDArray
from report import machine
from tornado.ioloop import IOLoop

from panel_neuroglancer import Neuroglancer
from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.serve import Server

HERE = Path(__file__).parent
SCRIPT = (HERE / "volumes.js").read_text("utf-8")
LIMIT = 2**31


def fit(page: Page) -> None:
    """Wait for the viewer, and size the window so that the canvas is the same in each case: some have margins."""
    page.wait("upstream()?.display.panels.size > 0")
    page.resize(*page.evaluate(f"room({SIZE['width']}, {SIZE['height']})"))
    page.wait(f"upstream().display.canvas.width === {SIZE['width']}")
    page.wait(f"upstream().display.canvas.height === {SIZE['height']}")


def space() -> Any:
    return neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])


class Native:
    """A Python viewer in this process, behind a server.

    Parameters
    ----------
    serve
        A context manager that gives the address at which a viewer is to be seen.
    resident
        Whether the page is to get the whole array.
    """

    def __init__(self, serve: Callable[[Any], Any], resident: bool) -> None:
        self._serve = serve
        self.resident = resident

    @contextmanager
    def open(self, page: Page, data: NDArray[Any], name: str) -> Iterator[None]:
        """Show a viewer without layers."""
        self._data, self._viewer = data, neuroglancer.Viewer()
        with self._viewer.txn() as state:
            state.layout = "4panel"
            state.position = [n / 2 for n in data.shape]
            state.cross_section_scale = 1
            state.dimensions = space()
        with self._serve(self._viewer) as url:
            page.goto(url)
            fit(page)
            yield

    def show(self, page: Page) -> float:
        """Add the layer, and return when, in seconds since 1970."""
        since = time.time()
        with self._viewer.txn() as state:
            volume = neuroglancer.LocalVolume(self._data, state.dimensions)
            layer = (
                neuroglancer.ImageLayer if volume.volume_type == "image" else neuroglancer.SegmentationLayer
            )
            state.layers["a"] = layer(source=volume)
        return since

    def echo(self, page: Page) -> None:
        """Let Python answer changes; see `echo`."""
        echo(self._viewer)

    def python_bytes(self, page: Page) -> int:
        """Return the most memory that this process has had."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Converted:
    """The converted app; Python runs in a worker of the page."""

    resident = True

    def __init__(self, folder: Path) -> None:
        self._site = folder / "site"
        convert([HERE / "volume_app.py"], self._site, Options(("pyodide-worker",)), Progress(None))
        (self._site / "data").mkdir()

    def add(self, name: str, data: NDArray[Any]) -> None:
        """Put an array beside the page."""
        (self._site / f"data/{name}.json").write_text(
            json.dumps({"shape": data.shape, "dtype": data.dtype.str})
        )
        data.T.tofile(self._site / f"data/{name}.bin")

    @contextmanager
    def open(self, page: Page, data: NDArray[Any], name: str) -> Iterator[None]:
        """Show a viewer without layers, with the array in Python's memory."""
        with Server(self._site) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            page.goto(server.url)
            fit(page)
            page.evaluate(f"order({json.dumps('load ' + name)})")
            yield
            page.goto("about:blank")
            server.shutdown()
            thread.join()

    def show(self, page: Page) -> float:
        """Add the layer, and return when the app was told to."""
        return float(page.evaluate("order('show')")["since"])

    def echo(self, page: Page) -> None:
        """Let Python answer changes; see `echo`."""
        page.evaluate("order('echo')")

    def python_bytes(self, page: Page) -> int:
        """Return the size of WebAssembly's memory."""
        return int(page.evaluate("order('memory')")["answer"])


@contextmanager
def panel_server(viewer: Any, **options: Any) -> Iterator[str]:
    """Serve a component with Panel, in a thread."""
    loop, address = IOLoop(make_current=False), Future[str]()

    def run() -> None:
        asyncio.set_event_loop(loop.asyncio_loop)  # type: ignore[attr-defined]
        app = {"/": lambda: Neuroglancer(source=viewer, sizing_mode="fixed", **SIZE, **options)}
        server = pn.serve(app, port=0, address="127.0.0.1", show=False, start=False, loop=loop, verbose=False)
        server.start()
        address.set_result(f"http://127.0.0.1:{server.port}/")
        loop.start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield address.result(60)
    loop.add_callback(loop.stop)
    thread.join()


@contextmanager
def official_server(viewer: Any) -> Iterator[str]:
    """Serve a viewer as the official package does, with its own client."""
    neuroglancer.set_server_bind_address("127.0.0.1")
    yield str(viewer)


def resident(viewer: Any) -> Any:
    """Let the page keep the array."""
    return panel_server(viewer, resident_limit=LIMIT)


def by_chunk(viewer: Any) -> Any:
    """Let the page ask for each chunk."""
    return panel_server(viewer, resident_limit=0)


Case = Native | Converted
OFFICIAL = "official server"


def cases(wanted: list[str], folder: Path, volumes: dict[str, NDArray[Any]]) -> dict[str, Case]:
    """Return what is to be measured against the official server."""
    found: dict[str, Case] = {}
    if "serve" in wanted:
        found["panel serve"] = Native(resident, resident=True)
    if "by-chunk" in wanted:
        found["panel serve, by chunk"] = Native(by_chunk, resident=False)
    if "worker" in wanted:
        app = Converted(folder)
        for name, data in volumes.items():
            app.add(name, data)
        found["pyodide-worker"] = app
    return found


def measure(case: Case, name: str, data: NDArray[Any], jumps: int) -> dict[str, float]:
    """Show a volume and jump around in it."""
    positions = np.random.default_rng(3).uniform(0, data.shape[0], (jumps, 3)).tolist()
    with Page(SCRIPT) as page, case.open(page, data, name):
        since = case.show(page)
        drawn = page.evaluate(f"drawn({data.dtype.itemsize})")
        first = drawn["at"] - since
        whole = page.evaluate("whole") - since if case.resident else first
        times = page.evaluate(f"jumps({json.dumps(positions)})")
        again = page.evaluate(f"jumps({json.dumps(positions)})")
    return {
        "first_s": first,
        "MB": drawn["bytes"] / 1e6,
        "MB_per_s": drawn["bytes"] / 1e6 / first,
        "whole_array_s": whole,
        "jump_median_ms": statistics.median(times),
        "jump_p95_ms": float(np.percentile(times, 95)),
        "jumps_s": sum(times) / 1e3,
        "jumps_again_s": sum(again) / 1e3,
    }


def round_trips(case: Case, data: NDArray[Any], name: str, trips: int = 50) -> dict[str, float]:
    """Time the way of a change from the page to Python and of Python's answer back."""
    with Page(SCRIPT) as page, case.open(page, data, name):
        case.echo(page)
        answers = page.evaluate(f"roundTrips({trips})")
    # The official client now and then drops what its user does while Python's state comes.
    times = [ms for ms in answers if ms is not None]
    return {
        "p50_ms": statistics.median(times),
        "p95_ms": float(np.percentile(times, 95)),
        "lost": len(answers) - len(times),
    }


def memory(case: Case, name: str, data: NDArray[Any], jumps: int) -> dict[str, float]:
    """Do the same again, and watch how much memory it takes; that slows it down, so this is a run of its own."""
    positions = np.random.default_rng(3).uniform(0, data.shape[0], (jumps, 3)).tolist()
    peak: dict[str, int] = {}

    def look() -> None:
        for worker, size in page.heaps().items():
            peak[worker] = max(peak.get(worker, 0), size)

    with Page(SCRIPT) as page, case.open(page, data, name):
        case.show(page)
        page.evaluate("window.done = false, Promise.all([drawn(1), %s]).then(() => { window.done = true; }), 0" % (
            "whole" if case.resident else "0"))  # fmt: skip
        while not page.evaluate("done"):
            look()
        page.evaluate(
            f"window.done = false, jumps({json.dumps(positions)}).then(() => {{ window.done = true; }}), 0"
        )
        while not page.evaluate("done"):
            look()
        python = case.python_bytes(page)
    own = {name: size for name, size in peak.items() if not name.startswith("worker.js")}
    array = next((size for name, size in own.items() if name.startswith("resident-worker")), 0)
    return {
        "python_MB": python / 1e6,
        "js_MB": sum(own.values()) / 1e6,
        "copies": array / data.nbytes,
        **{f"heap {name.split('-0')[0]}": size / 1e6 for name, size in own.items()},
    }


def summary(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def data_of(run: dict[str, float]) -> float:
    """Return the part of the jumps' time that was not drawing: what they took longer than when all was there."""
    return max(run["jumps_s"] - run["jumps_again_s"], 1e-3)


def compare(case: Case, name: str, data: NDArray[Any], pairs: int, jumps: int) -> dict[str, Any]:
    """Measure the official server and ours by turns; the ratios are those of each pair."""
    official = Native(official_server, resident=False)
    runs = []
    for n in range(pairs):
        both: list[tuple[str, Case]] = [("official", official), ("ours", case)]
        runs.append({who: measure(it, name, data, jumps) for who, it in (both if n % 2 else both[::-1])})
        print(json.dumps(runs[-1]), flush=True)
    return {
        "runs": runs,
        **{
            who: {key: summary([run[who][key] for run in runs]) for key in runs[0][who]}
            for who in ("official", "ours")
        },
        "throughput_ratio": summary([r["ours"]["MB_per_s"] / r["official"]["MB_per_s"] for r in runs]),
        "data_ratio": summary([data_of(r["official"]) / data_of(r["ours"]) for r in runs]),
        "jumps_ratio": summary([r["official"]["jumps_s"] / r["ours"]["jumps_s"] for r in runs]),
    }


def meshes(case: Case, name: str, data: NDArray[Any], pairs: int) -> dict[str, Any]:
    """Time the first mesh, of the largest object, and then one of middle size, against the official generator."""
    ids, counts = np.unique(data[data != 0], return_counts=True)
    chosen = [int(ids[i]) for i in np.argsort(counts)[::-1][[0, min(5, len(ids) - 1)]]]
    runs = []
    for _ in range(pairs):
        since = time.perf_counter()
        generator = _neuroglancer.OnDemandObjectMeshGenerator(data.transpose(), np.ones(3), np.zeros(3))
        run: dict[str, float] = {}
        for order, object_id in zip(("first", "next"), chosen, strict=True):
            generator.get_mesh(object_id)
            run[f"official_{order}_s"] = time.perf_counter() - since
            since = time.perf_counter()
        with Page(SCRIPT) as page, case.open(page, data, name):
            case.show(page)
            page.evaluate("Promise.all([drawn(1), whole])")
            for order, object_id in zip(("first", "next"), chosen, strict=True):
                run[f"ours_{order}_s"] = page.evaluate(f"firstMesh({str(object_id)!r})")
        runs.append(run)
    result = {key: summary([run[key] for run in runs]) for key in runs[0]}
    result["ratio"] = summary([run["ours_first_s"] / run["official_first_s"] for run in runs])
    print(json.dumps(result), flush=True)
    return {"runs": runs, **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--segmentation",
        type=Path,
        default=os.environ.get("BENCH_SEGMENTATION"),
        help="a .npy or .ckl file with a cube of labels (else $BENCH_SEGMENTATION, else a synthetic one)",
    )
    parser.add_argument("--size", type=int, default=512, help="side of the cubes")
    parser.add_argument("--mesh-size", type=int, default=256, help="side of the cube for meshes; 0 for none")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--jumps", type=int, default=50)
    parser.add_argument("--cases", nargs="+", default=["worker", "serve", "by-chunk"])
    parser.add_argument("--volumes", nargs="+", default=["segmentation", "image"])
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--json", type=Path, default=Path("build/bench/volumes.json"))
    args = parser.parse_args()
    n, m = args.size, args.mesh_size
    labels = read(args.segmentation) if args.segmentation else segmentation(max(n, m))
    everything = {"segmentation": np.array(labels[:n, :n, :n], order="F"), "image": image(n)}
    volumes = {name: everything[name] for name in args.volumes}
    crop = {"meshes": np.array(labels[:m, :m, :m], order="F")} if m else {}
    results: dict[str, Any] = {
        "segmentation": args.segmentation.name if args.segmentation else "synthetic",
        "machine": machine(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for case_name, case in cases(args.cases, Path(folder), {**volumes, **crop}).items():
            for name, data in volumes.items():
                row = compare(case, name, data, args.pairs, args.jumps)
                if not args.no_memory:
                    row["memory"] = memory(case, name, data, min(args.jumps, 20))
                    row["round_trip"] = {
                        who: round_trips(it, data, name)
                        for who, it in (("ours", case), ("official", Native(official_server, resident=False)))
                    }
                results.setdefault(f"{n}³ {data.dtype} {name}", {})[case_name] = row
                shown = {
                    key: row[key]
                    for key in ("throughput_ratio", "jumps_ratio", "data_ratio", "memory", "round_trip")
                    if key in row
                }
                print(case_name, name, json.dumps(shown), flush=True)
            if m and case.resident:
                results.setdefault(f"first mesh, {m}³", {})[case_name] = meshes(
                    case, "meshes", crop["meshes"], args.pairs
                )
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
