"""The same small apps under `panel serve` and on static sites, with data whose every voxel is known."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore as ts
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, TimeoutError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BRAIN = ROOT / "build" / "data" / "mni152"
APPS = [*sorted((HERE / "apps").glob("*.py")), ROOT / "lite" / "apps" / "brain.py"]
SERVED_ONLY = HERE / "apps" / "served"  # what only makes sense with a server behind it

RUNTIMES = ("serve", "pyodide", "pyodide-worker")

SHAPE = (32, 12, 8)  # x, y, z: all different, so that swapped axes cannot pass
VOXEL_NM = (4, 8, 12)
ZOOM = (6, 12, 18)  # screen pixels of a voxel along each axis, at the apps' scale: one pixel is 4/6 nm


# ---------------------------------------------------------------- known data


def voxels() -> NDArray[np.uint8]:
    """Return a volume ``[x, y, z]`` in which every neighbour differs."""
    x, y, z = np.indices(SHAPE)
    return ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")


def labels() -> NDArray[np.uint64]:
    """Return three boxes side by side along x: segments 1, 2 and 3, with nothing between and around them."""
    volume = np.zeros(SHAPE, "uint64")
    for segment, low in ((1, 2), (2, 12), (3, 22)):
        volume[low : low + 8, 2:10, 1:7] = segment
    return volume


def smooth() -> NDArray[np.uint8]:
    """Return a volume that lossy codecs keep nearly as it is."""
    x, y, z = np.indices(SHAPE)
    return (20 + 4 * x + 3 * y + 5 * z).astype("uint8")


def write_precomputed(folder: Path, values: NDArray[Any], encoding: str) -> None:
    """Write a volume in Neuroglancer's own format."""
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": f"{folder}/"},
        "multiscale_metadata": {"type": "segmentation" if values.dtype == "uint64" else "image", "data_type": str(values.dtype), "num_channels": 1},
        "scale_metadata": {"size": SHAPE, "resolution": VOXEL_NM, "chunk_size": [16, 6, 4], "encoding": encoding},
    }  # fmt: skip
    if encoding == "compressed_segmentation":
        spec["scale_metadata"]["compressed_segmentation_block_size"] = [8, 8, 8]
    ts.open(spec, create=True).result()[..., 0].write(values).result()


def write_zarr(folder: Path, values: NDArray[Any]) -> None:
    """Write a volume as Zarr 3, compressed with zstd."""
    spec = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{folder}/"},
        "metadata": {
            "shape": SHAPE,
            "data_type": str(values.dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [16, 6, 4]}},
            "codecs": [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 3}}],
            "dimension_names": ["x", "y", "z"],
            "attributes": {"dimension_units": [f"{nm} nm" for nm in VOXEL_NM]},
        },
    }
    ts.open(spec, create=True).result().write(values).result()


def write_meshes(folder: Path, values: NDArray[np.uint64]) -> None:
    """Write a box as the mesh of each segment."""
    folder.mkdir()
    (folder / "info").write_text('{"@type": "neuroglancer_legacy_mesh"}')
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 7, 5], [4, 6, 7], [0, 5, 1], [0, 4, 5], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]], "<u4")  # fmt: skip
    for segment in (1, 2, 3):
        inside = np.argwhere(values == segment)
        ends = np.stack([inside.min(0), inside.max(0) + 1]) * VOXEL_NM
        corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)], "<f4")
        (folder / f"{segment}:0").write_text(json.dumps({"fragments": [f"{segment}"]}))
        (folder / f"{segment}").write_bytes(
            np.uint32(len(corners)).tobytes() + corners.tobytes() + faces.tobytes()
        )


def picture_state(source: str, **more: Any) -> dict[str, Any]:
    """Return a state that shows the plane z = 4 of an image and nothing else."""
    return {
        "dimensions": {axis: [nm * 1e-9, "m"] for axis, nm in zip("xyz", VOXEL_NM, strict=True)},
        "position": [16, 6, 4.5],
        "crossSectionScale": 1 / 6,
        "layers": [{"type": "image", "name": "image", "source": source, "opacity": 1,
                    "shader": "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"}],
        "layout": "xy",
        "showAxisLines": False,
        "showScaleBar": False,
        "showDefaultAnnotations": False,
        "crossSectionBackgroundColor": "#000000",
        **more,
    }  # fmt: skip


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that every runtime serves as ``data/``."""
    folder = tmp_path_factory.mktemp("component") / "data"
    write_precomputed(folder / "image", voxels(), "raw")
    write_precomputed(folder / "jpeg", smooth(), "jpeg")
    write_zarr(folder / "zstd.zarr", voxels())
    write_precomputed(folder / "cells", labels(), "compressed_segmentation")
    info = json.loads((folder / "cells" / "info").read_text())
    (folder / "cells" / "info").write_text(json.dumps({**info, "mesh": "mesh"}))
    write_meshes(folder / "cells" / "mesh", labels())
    (folder / "demo.json").write_text(json.dumps(picture_state("zarr3://./zstd.zarr")))
    (folder / "broken.json").write_text('{"layers": [')
    (folder / "list.json").write_text("[1, 2]")
    assert BRAIN.is_dir(), f"{BRAIN} is missing: run `make data`"
    shutil.copytree(BRAIN, folder / "mni152")
    return folder


# ---------------------------------------------------------------- servers


@pytest.fixture(scope="session")
def served(
    data: Path, tmp_path_factory: pytest.TempPathFactory, panel_serve: Callable[..., Any]
) -> Iterator[str]:
    # A copy, so that `make js` may run meanwhile.
    copy = tmp_path_factory.mktemp("src")
    shutil.copytree(ROOT / "src" / "panel_neuroglancer", copy / "panel_neuroglancer")
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    apps = [*APPS, *SERVED_ONLY.glob("*.py")]
    with panel_serve(apps, log, "--static-dirs", f"data={data}", PYTHONPATH=str(copy)) as url:
        yield url


@pytest.fixture(scope="session")
def static(
    data: Path, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], Any]
) -> Iterator[str]:
    out = Path(os.environ.get("COMPONENT_SITE") or tmp_path_factory.mktemp("static") / "site")
    if not (out / "data").exists():
        command = [sys.executable, "-m", "panel_neuroglancer.cli", "convert", *map(str, APPS),
                   "--to", "pyodide,pyodide-worker", "--out", str(out), "--data", f"{data}:data"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    with serve(out) as url:
        yield url


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> Callable[[str, str], str]:
    """Return the address of an app in a runtime."""

    def find(runtime: str, app: str) -> str:
        if runtime == "serve":
            return f"{request.getfixturevalue('served')}{app}"
        suffix = "" if runtime == "pyodide" else "-pyodide-worker"
        return f"{request.getfixturevalue('static')}{app}{suffix}.html"

    return find


# ---------------------------------------------------------------- the page


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(x) for key, x in value.items()}
    if isinstance(value, list):
        return [_short(x) for x in value]
    return (
        float(str(np.float32(value)))
        if isinstance(value, float) and float(np.float32(value)) == value
        else value
    )


@dataclass
class App:
    """An open page of an app: Python's side of the truth, the viewer's, and the picture."""

    page: Page
    watch: Any
    url: str
    orders: int = field(default=0)

    def open(self) -> App:
        """Load the page, or load it again, and wait until Python and its viewers are there."""
        self.page.goto(self.url)
        self.page.wait_for_function("started()", timeout=90_000)
        assert self.page.evaluate("started()") is True, self.page.evaluate("started()")
        self.page.evaluate("listen()")
        return self

    # Python's side

    @property
    def python(self) -> Any:
        return self.page.evaluate("python()")

    def until(self, condition: str, argument: Any = None) -> Any:
        """Wait until an expression of ``p``, what Python says, and ``x``, the argument, holds; return what Python says."""
        try:
            self.page.wait_for_function(f"x => {{ const p = python(); return ({condition}); }}", arg=argument)
        except TimeoutError as error:
            raise AssertionError(
                f"Never was {condition} (x = {argument!r}). Python says {self.python!r}"
            ) from error
        return self.python

    def order(self, **what: Any) -> None:
        """Let Python do something, and wait until it has done it."""
        self.orders += 1
        field = self.page.get_by_label("Order")
        field.fill(json.dumps({"n": self.orders, **what}))
        field.press("Enter")
        self.until("p.n === x", self.orders)

    def set(self, **params: Any) -> Any:
        """Let Python set parameters, wait until the viewer shows it, and return what Python has then."""
        self.order(params=params)
        return self.until("p.ready")

    def settle(self) -> Any:
        """Wait until nothing is sent any more, either way, and return what Python has then."""
        self.page.wait_for_function("quiet", arg=self.page.evaluate("performance.now()"))
        return self.python

    def messages(self) -> dict[str, int]:
        """Wait until nothing is sent any more, and count what was sent since the last call."""
        self.settle()
        sent = self.page.evaluate("messages.splice(0)")
        return {name: sent.count(name) for name in sent}

    # The viewer's side

    def box(self, i: int = 0) -> Locator:
        return self.page.locator(".panel-neuroglancer-viewer").nth(i)

    def state(self, i: int = 0) -> dict[str, Any]:
        """Return the state shown, its single-precision numbers written in short."""
        return dict(_short(self.page.evaluate("i => shown(i)", i)))

    def run(self, script: str, argument: Any = None, i: int = 0) -> Any:
        """Evaluate an expression of ``v``, the upstream viewer, and ``x``, the argument."""
        return self.page.evaluate(
            f"([i, x]) => {{ const v = viewer(i).neuroglancerViewer; return ({script}); }}", [i, argument]
        )

    def wait(self, script: str, argument: Any = None, i: int = 0) -> None:
        """Wait until an expression of ``v`` and ``x`` holds."""
        self.page.wait_for_function(
            f"([i, x]) => {{ const v = viewer(i).neuroglancerViewer; return ({script}); }}", arg=[i, argument]
        )

    def picture(self, panel: int | None = None, i: int = 0) -> NDArray[np.uint8]:
        """Return the canvas, or one of its panels, as pixels ``[y, x, rgb]``."""
        got = self.page.evaluate("i => picture(i)", i)
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(got["png"]))).convert("RGB"))
        if panel is None:
            return image
        left, top, width, height = got["panels"][panel]
        return image[top : top + height, left : left + width]

    def at(self, x: float = 0.5, y: float = 0.5, i: int = 0) -> tuple[float, float]:
        """Return the page position of a point of a viewer: fractions of its box up to 1, pixels beyond."""
        box = self.box(i).bounding_box()
        assert box is not None
        return box["x"] + (x * box["width"] if x <= 1 else x), box["y"] + (y * box["height"] if y <= 1 else y)

    def drag(self, dx: float, dy: float, steps: int = 10, i: int = 0) -> None:
        """Drag the middle of a viewer."""
        x, y = self.at(i=i)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=steps)
        self.page.mouse.up()


@dataclass
class Desk:
    """Opens pages, each in a watched browser context of its own."""

    browser: Browser
    address: Callable[[str, str], str]
    guard: Callable[[BrowserContext], Any]
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, runtime: str, app: str, *, wait: bool = True, **options: Any) -> App:
        """Open an app in a new context; `options` are Playwright's."""
        context = self.browser.new_context(**{"viewport": {"width": 800, "height": 600}, **options})
        context.add_init_script(path=HERE / "page.js")
        self.contexts.append(context)
        watch = self.guard(context)
        return self.tab(App(context.new_page(), watch, self.address(runtime, app)), wait)

    def tab(self, opened: App, wait: bool = True) -> App:
        """Open an app, in whatever context its page has."""
        opened.page.set_default_timeout(20_000)
        return opened.open() if wait else opened

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture(scope="session")
def _desk(
    browser: Browser, address: Callable[[str, str], str], watched: Callable[[BrowserContext], Any]
) -> Callable[[], Desk]:
    return lambda: Desk(browser, address, watched)


@pytest.fixture
def desk(_desk: Callable[[], Desk]) -> Iterator[Desk]:
    """Opens pages for one test, whose watches are checked at its end."""
    desk = _desk()
    watches: list[Any] = []
    guard = desk.guard
    desk.guard = lambda context: watches.append(guard(context)) or watches[-1]
    yield desk
    desk.close()
    for watch in watches:
        watch.check()


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def _shared(runtime: str, _desk: Callable[[], Desk], request: pytest.FixtureRequest) -> Iterator[App]:
    desk = _desk()
    yield desk.open(runtime, request.module.APP)
    desk.close()


@pytest.fixture
def app(_shared: App) -> Iterator[App]:
    """The module's page (see APP there), shared by its tests; fails the test on anything unexpected."""
    yield _shared
    _shared.watch.check()
    _shared.watch.forget()


@pytest.fixture(scope="session")
def known() -> Any:
    """Give the test modules what they need of the above (they cannot import from a conftest)."""

    class Known:
        SHAPE, ZOOM, VOXEL_NM, ROOT, HERE = SHAPE, ZOOM, VOXEL_NM, ROOT, HERE
        voxels, labels, smooth = staticmethod(voxels), staticmethod(labels), staticmethod(smooth)
        picture_state = staticmethod(picture_state)

    return Known
