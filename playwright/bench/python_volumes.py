"""Arrays of a Python viewer: this package against the official package's server, side by side in one run.

Run by ``make bench``. Same Chromium, same canvas, same volume, same process for Python; each case in a new browser context.
Chromium is driven without Playwright, which has every WebSocket message copied to itself and so slows one side only.
Give a ``.npy`` file to measure a segmentation of your own; without one a synthetic one is made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neuroglancer
import numpy as np
import panel as pn
from neuroglancer import _neuroglancer
from numpy.typing import NDArray
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

from panel_neuroglancer import Neuroglancer

FLAGS = (Path(__file__).parents[1] / "chromium.flags").read_text().split()
SIZE = {"width": 900, "height": 600}
SCRIPT = """
const deep = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll("*")].flatMap((x) => (x.shadowRoot ? deep(selector, x.shadowRoot) : [])),
];
window.upstream = () => deep(".panel-neuroglancer-viewer")[0]?.neuroglancerViewer ?? window.viewer;
const frame = () => new Promise(requestAnimationFrame);
const volume = () => upstream()?.layerManager.getLayerByName("a")?.layer?.renderLayers.find((x) => x.multiscaleSource);
window.drawn = () => volume() !== undefined && upstream().display.panels.size > 0 && upstream().isReady();
/** Bytes of all chunks that are there. */
window.loaded = (voxel) => {
  let bytes = 0;
  for (const source of upstream().chunkManager.memoize.map.values())
    if (source.spec?.chunkDataSize && source.chunks)
      for (const chunk of source.chunks.values()) bytes += voxel * chunk.chunkDataSize.reduce((a, b) => a * b, 1);
  return bytes;
};
window.jumps = async (positions) => {
  const times = [];
  for (const position of positions) {
    const since = performance.now();
    upstream().position.value = Float32Array.from(position);
    do await frame(); while (!drawn());
    times.push(performance.now() - since);
  }
  return times;
};
window.firstMesh = async (id) => {
  const { layer } = upstream().layerManager.getLayerByName("a");
  const since = performance.now();
  layer.displayState.segmentationGroupState.value.visibleSegments.add(BigInt(id));
  const source = () => layer.renderLayers.find((x) => x.source?.fragmentSource)?.source.fragmentSource;
  while (![...(source()?.chunks.values() ?? [])].some((x) => x.meshData?.indices.length > 0)) await frame();
  return (performance.now() - since) / 1e3;
};
window.arrived = false;
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  if (message?.resident !== undefined && message.generation !== undefined) window.arrived = true;
  return postMessage.call(this, message, ...rest);
};
"""


class Page:
    """A new Chromium with one page."""

    def __enter__(self) -> Page:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [
            os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium",
            "--headless=new",
            *FLAGS,
        ]
        command += ["--remote-debugging-port=0", f"--user-data-dir={self._folder.name}", "about:blank"]
        self._chromium = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        port = Path(self._folder.name) / "DevToolsActivePort"
        while not (port.exists() and port.read_text().count("\n")):
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json") as answer:
            tab = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self._loop = asyncio.new_event_loop()
        self._last = 0
        self._socket = self._loop.run_until_complete(self._connect(tab["webSocketDebuggerUrl"]))
        self._send("Page.enable")
        self._send("Page.addScriptToEvaluateOnNewDocument", source=SCRIPT)
        self._send("Emulation.setDeviceMetricsOverride", width=SIZE["width"] + 20, height=SIZE["height"] + 20, deviceScaleFactor=1, mobile=False)  # fmt: skip
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()
        self._chromium.terminate()
        self._chromium.wait()
        self._folder.cleanup()

    async def _connect(self, url: str) -> Any:
        return await websocket_connect(url, max_message_size=2**28)

    def _send(self, method: str, **params: Any) -> Any:
        self._last += 1
        self._loop.run_until_complete(self._write({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._loop.run_until_complete(self._read()))
            if message.get("id") == self._last:
                return message.get("result")

    async def _write(self, message: dict[str, Any]) -> None:
        await self._socket.write_message(json.dumps(message))

    async def _read(self) -> Any:
        return await self._socket.read_message()

    def goto(self, url: str) -> None:
        self._send("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression, or the promise that it gives."""
        answer = self._send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return None if answer is None or "exceptionDetails" in answer else answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until something is true; false while the page is still loading."""
        until = time.monotonic() + 300
        while not self.evaluate(condition):
            if time.monotonic() > until:
                raise TimeoutError(f"Never true: {condition}")
            time.sleep(0.01)


def segmentation(n: int) -> NDArray[np.uint32]:
    """Return blobs of many sizes that fill a cube, as neurons do."""
    random = np.random.default_rng(1)
    seeds = random.integers(0, 2**22, (n // 16,) * 3, np.uint32)
    coarse = seeds.repeat(16, 0).repeat(16, 1).repeat(16, 2)
    x, y, z = (np.arange(n) + (8 * np.sin(np.arange(n) / 9)).astype(int)) % n, np.arange(n), np.arange(n)
    return np.asfortranarray(coarse[np.ix_(x, y, z)])


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


def measure(page: Page, serve: Callable[[Any], Any], data: NDArray[Any], jumps: int) -> dict[str, Any]:
    """Show a volume and jump around in it."""
    n = data.shape[0]
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.layout = "4panel"
        state.position = [n / 2] * 3
        state.cross_section_scale = 1
        state.dimensions = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])
    positions = np.random.default_rng(3).uniform(0, n, (jumps, 3)).tolist()
    with serve(viewer) as url:
        page.goto(url)
        page.wait("window.upstream?.()?.display.panels.size > 0")
        since = time.perf_counter()
        with viewer.txn() as state:
            volume = neuroglancer.LocalVolume(data, state.dimensions)
            layer = (
                neuroglancer.ImageLayer if volume.volume_type == "image" else neuroglancer.SegmentationLayer
            )
            state.layers["a"] = layer(source=volume)
        page.wait("drawn()")
        first = time.perf_counter() - since
        loaded = page.evaluate(f"loaded({data.dtype.itemsize})")
        whole = None
        if serve is resident:
            page.wait("arrived")
            whole = time.perf_counter() - since
        times = page.evaluate(f"jumps({json.dumps(positions)})")
    return {
        "first_s": first,
        "MB": loaded / 1e6,
        "MB_per_s": loaded / 1e6 / first,
        "whole_array_s": whole,
        "jump_median_ms": statistics.median(times),
        "jump_p95_ms": float(np.percentile(times, 95)),
        "jumps_total_s": sum(times) / 1e3,
    }


def resident(viewer: Any) -> Any:
    """Let the page keep the array."""
    return panel_server(viewer, resident_limit=2**31)


def by_chunk(viewer: Any) -> Any:
    """Let the page ask for each chunk."""
    return panel_server(viewer, resident_limit=0)


CASES = {
    "official server": official_server,
    "panel serve, resident": resident,
    "panel serve, by chunk": by_chunk,
}


def meshes(data: NDArray[Any]) -> dict[str, Any]:
    """Time the first mesh, of the largest object and of one of middle size, against the official generator."""
    ids, counts = np.unique(data[data != 0], return_counts=True)
    chosen = [int(ids[i]) for i in np.argsort(counts)[::-1][[0, min(5, len(ids) - 1)]]]
    result: dict[str, Any] = {}
    for name, object_id in zip(("largest", "middle"), chosen, strict=True):
        since = time.perf_counter()
        generator = _neuroglancer.OnDemandObjectMeshGenerator(data.transpose(), np.ones(3), np.zeros(3))
        generator.get_mesh(object_id)
        native = time.perf_counter() - since
        viewer = neuroglancer.Viewer()
        with viewer.txn() as state:
            state.layers["a"] = neuroglancer.SegmentationLayer(
                source=neuroglancer.LocalVolume(
                    data, neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])
                )
            )
            state.layout = "3d"
            state.show_slices = False
        with Page() as page, resident(viewer) as url:
            page.goto(url)
            page.wait("window.arrived && drawn()")
            took = page.evaluate(f"firstMesh({str(object_id)!r})")
        result[name] = {"official_s": native, "ours_s": took, "ratio": took / native}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volume", type=Path, help="a .npy file with a cube of labels")
    parser.add_argument(
        "--size", type=int, nargs="+", default=[256, 512], help="sides of the cubes to cut out"
    )
    parser.add_argument("--jumps", type=int, default=50)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    results: dict[str, Any] = {}
    for size in args.size:
        whole = np.load(args.volume, mmap_mode="r") if args.volume else segmentation(size)
        data = np.array(whole[:size, :size, :size], order="F")
        for name, serve in CASES.items():
            with Page() as page:
                row = results.setdefault(f"{size}³ {data.dtype}", {})[name] = measure(
                    page, serve, data, args.jumps
                )
            print(
                f"{size}³ {name:24}",
                "  ".join(f"{k} {v:.4g}" for k, v in row.items() if v is not None),
                flush=True,
            )
        if size <= 256:
            results[f"meshes {size}³"] = meshes(data)
            print(f"{size}³ first mesh", json.dumps(results[f"meshes {size}³"]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
