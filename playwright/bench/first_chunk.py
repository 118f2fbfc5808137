"""How soon the first chunk is drawn: our engine in a bare page against the official static client.

Same data, same server, same state, full controls, a new browser context (so an empty cache) each time, turn by turn.
Run by ``make bench``; exits with an error where a limit of `LIMITS` is passed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from functools import cache, partial
from http.server import ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import tensorstore as ts
from chromium import LAUNCH
from playwright.sync_api import Browser, sync_playwright

from panel_neuroglancer.site.serve import Handler

DIST = Path(__file__).parents[2] / "src" / "panel_neuroglancer" / "dist"
LIMITS = {"ratio": 1.25, "gzip": 700_000}

# The volume is painted magenta: a pixel in the middle tells.
PROBE = (
    (Path(__file__).parent / "frames.js").read_text()
    + """
window.EventSource = class { close() {} };  // the official client looks for a Python server
window.firstChunk = new Promise((resolve) => {
  const pixel = new Uint8Array(4);
  afterFrames((gl) => {
    const x = gl.drawingBufferWidth >> 1, y = gl.drawingBufferHeight >> 1;
    gl.readPixels(x - 5, y - 5, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    const seen = pixel[0] === 255 && pixel[1] === 0 && pixel[2] === 255;
    if (seen) resolve({ ms: performance.now(), at: performance.timeOrigin + performance.now() });
    return seen;
  });
});
"""
)


def write_volume(folder: Path, encoding: str) -> None:
    """Write a 256³ ``uint8`` volume of 64³ chunks: raw ones, or such as a raw zarr's gzip."""
    values = np.random.default_rng(0).integers(1, 255, (256, 256, 256), "uint8")
    kvstore = {"driver": "file", "path": str(folder)}
    if encoding == "raw":
        scale = {"size": values.shape, "resolution": [1, 1, 1], "chunk_size": [64, 64, 64], "encoding": "raw"}
        metadata = {"type": "image", "data_type": "uint8", "num_channels": 1}
        spec = {
            "driver": "neuroglancer_precomputed",
            "kvstore": kvstore,
            "multiscale_metadata": metadata,
            "scale_metadata": scale,
        }
        values = values[..., np.newaxis]
    else:
        spec = {
            "driver": "zarr",
            "kvstore": kvstore,
            "metadata": {
                "shape": values.shape,
                "chunks": [64, 64, 64],
                "dtype": "|u1",
                "compressor": {"id": "gzip", "level": 1},
            },
        }
    ts.open(spec, create=True).result().write(values).result()
    if encoding == "gzip":
        (folder / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["x", "y", "z"]}')


class Noting(Handler):
    """Static files; notes what was asked for and when."""

    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, *args: Any, log: list[tuple[float, Path]], **kwargs: Any) -> None:
        self.log = log
        super().__init__(*args, **kwargs)

    def send_head(self) -> Any:
        self.log.append((time.time() * 1000, Path(self.translate_path(self.path))))
        return super().send_head()


def state(server: str, encoding: str) -> dict[str, Any]:
    scheme, unit = ("precomputed", [1e-9, "m"]) if encoding == "raw" else ("zarr2", [1, ""])
    shader = "void main() { emitRGB(toNormalized(getDataValue()) > 0.0 ? vec3(1.0, 0.0, 1.0) : vec3(0.0)); }"
    layer = {
        "type": "image",
        "name": "v",
        "source": f"{scheme}://{server}/{encoding}/",
        "shader": shader,
        "opacity": 1,
    }
    view = {"position": [128, 128, 128], "crossSectionScale": 0.5, "layout": "xy", "showAxisLines": False}
    return {"dimensions": {d: unit for d in "xyz"}, **view, "layers": [layer]}


def bare_page(dist: Path, state: dict[str, Any]) -> str:
    """Return a page that loads the engine by address, as the loader does."""
    engine = json.loads((dist / "engine.json").read_text())
    preload = "".join(f'<link rel="modulepreload" href="dist/engine/{name}">' for name in engine["preload"])
    return f"""<!doctype html><meta charset="utf-8">{preload}
<style>html, body {{ margin: 0; height: 100%; }}</style><body><script type="module">
import {{ createViewer }} from "./dist/engine/{engine["entry"]}";
await createViewer(document.body, {{ state: {json.dumps(state)} }});
</script>"""


@cache
def gzip_size(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def once(browser: Browser, url: str, log: list[tuple[float, Path]]) -> tuple[float, dict[str, int]]:
    """Return the milliseconds from navigation to the first chunk, and the gzip sizes of the code asked for until then."""
    log.clear()
    context = browser.new_context(viewport={"width": 256, "height": 256})
    context.add_init_script(PROBE)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda r: r.url.startswith(("http://127.0.0.1:", "blob:", "data:")) or problems.append(r.url),
    )
    page.goto(url)
    found = page.wait_for_function(
        "Promise.race([firstChunk, new Promise(r => setTimeout(r, 60000))])"
    ).json_value()
    context.close()
    if problems or not found:
        raise RuntimeError(f"{url} has drawn no clean first chunk: {problems or 'nothing in 60 s'}")
    code = {
        path for when, path in log if when <= found["at"] and path.suffix in (".js", ".wasm", ".css", ".html")
    }
    return found["ms"], {path.name: gzip_size(path) for path in code}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--pairs", type=int, default=12, help="pairs of runs for each kind of data (default 12)"
    )
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        root = Path(temporary)
        (root / "v").mkdir()
        # The official client reads its token from its own path: /v/TOKEN/.
        (root / "v" / "1").symlink_to(str(files("neuroglancer") / "static" / "client"))
        shutil.copytree(DIST, root / "dist")  # a build may run meanwhile
        log: list[tuple[float, Path]] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Noting, directory=temporary, log=log))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        browser = playwright.chromium.launch(**LAUNCH)
        figures = {e: measure(browser, root, address, e, options.pairs, log) for e in ("raw", "gzip")}
        browser.close()
        server.shutdown()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures))
    passed = [
        f"{e} {k} {f[k]} > {limit}" for e, f in figures.items() for k, limit in LIMITS.items() if f[k] > limit
    ]
    sys.exit("\n".join(passed) if passed else 0)


def measure(
    browser: Browser, root: Path, address: str, encoding: str, pairs: int, log: list[Any]
) -> dict[str, Any]:
    """Measure one kind of data; the first pair warms the server and the disk and is not counted."""
    write_volume(root / encoding, encoding)
    view = state(address, encoding)
    (root / f"{encoding}.html").write_text(bare_page(root / "dist", view))
    urls = {
        "official": f"{address}/v/1/index.html#!{quote(json.dumps(view))}",
        "ours": f"{address}/{encoding}.html",
    }
    times: dict[str, list[float]] = {name: [] for name in urls}
    code: dict[str, dict[str, int]] = {}
    for pair in range(pairs + 1):
        for name in list(urls)[:: 1 if pair % 2 else -1]:
            ms, code[name] = once(browser, urls[name], log)
            if pair:
                times[name].append(ms)
        print(f"{encoding} {pair}/{pairs}", end="\r", file=sys.stderr)
    ratios = [ours / official for ours, official in zip(times["ours"], times["official"], strict=True)]
    print(f"{encoding:9}{'median':>9}{'fastest':>9}{'slowest':>9}{'gzip before':>13}")
    for name, values in times.items():
        size = sum(code[name].values())
        print(
            f"{name:9}{statistics.median(values):6.0f} ms{min(values):6.0f} ms{max(values):6.0f} ms{size / 1000:10.0f} KB"
        )
    low, ratio, high = statistics.quantiles(ratios, n=4)
    print(f"ours / official: {ratio:.2f} (middle half {low:.2f} to {high:.2f})\n")
    return {
        "ratio": round(ratio, 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "ms": {name: [round(v) for v in values] for name, values in times.items()},
        "gzip": sum(code["ours"].values()),
        "gzip_official": sum(code["official"].values()),
        "files": code["ours"],
    }


if __name__ == "__main__":
    main()
