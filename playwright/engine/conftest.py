"""A bare page around the engine, known volumes, and a small server for both."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page

HERE = Path(__file__).parent
DIST = HERE.parents[1] / "src" / "panel_neuroglancer" / "dist"
SHAPE = (32, 24, 16)  # x, y, z: all different, so that swapped axes cannot pass
CHUNK = (16, 12, 8)
GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"


# ---------------------------------------------------------------- known data


def voxels() -> NDArray[np.uint8]:
    """Return a volume ``[x, y, z]`` in which every neighbour differs."""
    x, y, z = np.indices(SHAPE)
    return ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")


def labels() -> NDArray[np.uint32]:
    """Return two box-shaped segments, 7 at low x and 9 at high x, with a rim of zeros."""
    volume = np.zeros(SHAPE, "uint32")
    volume[4:16, 4:20, 2:14] = 7
    volume[16:28, 4:20, 2:14] = 9
    return volume


def write_volume(folder: Path, values: NDArray[Any], kind: str, **more: Any) -> None:
    """Write a precomputed volume in raw encoding, one voxel one nanometre."""
    scale = {
        "key": "1",
        "size": SHAPE,
        "resolution": [1, 1, 1],
        "chunk_sizes": [CHUNK],
        "encoding": "raw",
        "voxel_offset": [0, 0, 0],
    }
    info = {
        "@type": "neuroglancer_multiscale_volume",
        "type": kind,
        "data_type": str(values.dtype),
        "num_channels": 1,
        "scales": [scale],
        **more,
    }
    (folder / "1").mkdir(parents=True)
    (folder / "info").write_text(json.dumps(info))
    for corner in np.ndindex(*(n // c for n, c in zip(SHAPE, CHUNK, strict=True))):
        box = tuple(slice(i * c, (i + 1) * c) for i, c in zip(corner, CHUNK, strict=True))
        (folder / "1" / "_".join(f"{b.start}-{b.stop}" for b in box)).write_bytes(values[box].tobytes("F"))


def write_boxes(folder: Path, values: NDArray[np.uint32]) -> None:
    """Write a box as the mesh of each segment."""
    folder.mkdir()
    (folder / "info").write_text('{"@type": "neuroglancer_legacy_mesh"}')
    faces = np.array(
        [
            [0, 1, 3],
            [0, 3, 2],
            [4, 7, 5],
            [4, 6, 7],
            [0, 5, 1],
            [0, 4, 5],
            [2, 3, 7],
            [2, 7, 6],
            [0, 2, 6],
            [0, 6, 4],
            [1, 5, 7],
            [1, 7, 3],
        ],
        "<u4",
    )
    for segment in np.unique(values[values > 0]):
        inside = np.argwhere(values == segment)
        low, high = inside.min(0), inside.max(0) + 1
        corners = np.array(
            [[(low, high)[i][0], (low, high)[j][1], (low, high)[k][2]] for i, j, k in np.ndindex(2, 2, 2)],
            "<f4",
        )
        (folder / f"{segment}:0").write_text(json.dumps({"fragments": [f"{segment}"]}))
        (folder / f"{segment}").write_bytes(
            np.uint32(len(corners)).tobytes() + corners.tobytes() + faces.tobytes()
        )


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_volume(folder / "image", voxels(), "image")
    write_volume(folder / "labels", labels(), "segmentation", mesh="mesh")
    write_boxes(folder / "labels" / "mesh", labels())
    (folder / "broken").mkdir()
    (folder / "broken" / "info").write_text("<html>not JSON</html>")
    return folder


# ---------------------------------------------------------------- servers


@pytest.fixture(scope="session")
def server(data: Path, serve_folders: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    """Serve the page, the engine and the data; yields the address, with no final slash."""
    with serve_folders(page=HERE, dist=DIST, data=data) as url:
        yield url.rstrip("/")


# ---------------------------------------------------------------- the page


@dataclass
class View:
    """One viewer in the page."""

    page: Page
    id: str

    @property
    def box(self) -> Locator:
        return self.page.locator(f"#{self.id}")

    def find(self, selector: str) -> Locator:
        """Locate something inside the viewer; Playwright looks into shadow roots."""
        return self.box.locator(selector)

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate an expression of ``view``, the EmbeddedViewer, and ``x``, the argument."""
        return self.page.evaluate(
            f"([id, x]) => {{ const view = harness.views[id]; return ({script}); }}", [self.id, argument]
        )

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until an expression of ``view`` and ``x`` holds."""
        self.page.wait_for_function(
            f"([id, x]) => {{ const view = harness.views[id]; return ({script}); }}", arg=[self.id, argument]
        )

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.run("view.getState()"))

    def set_state(self, state: dict[str, Any]) -> None:
        self.run("view.setState(x)", state)

    def ready(self) -> View:
        self.page.evaluate("id => harness.ready(id)", self.id)
        return self

    def picture(self, panel: int | None = None) -> NDArray[np.uint8]:
        """Return the canvas, or one of its panels, as pixels ``[y, x, rgb]``."""
        got = self.page.evaluate("id => harness.picture(id)", self.id)
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(got["png"]))).convert("RGB"))
        if panel is None:
            return image
        left, top, width, height = (got["panels"][panel][k] for k in ("left", "top", "width", "height"))
        return image[top : top + height, left : left + width]

    def screen(self) -> NDArray[np.uint8]:
        """Return what the user sees of the viewer's box as pixels ``[y, x, rgb]``."""
        return np.asarray(Image.open(io.BytesIO(self.box.screenshot())).convert("RGB"))

    def at(self, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """Return the page position of a point, given as fractions of the viewer's box."""
        box = self.box.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def hover(self, x: float = 0.5, y: float = 0.5) -> None:
        self.page.mouse.move(*self.at(x, y))

    def click(self, x: float = 0.5, y: float = 0.5, **options: Any) -> None:
        self.page.mouse.click(*self.at(x, y), **options)


@dataclass
class Lab:
    """The page of a module: makes viewers, and says what the page did."""

    page: Page
    watch: Any
    server: str

    def image(self, name: str = "image", **more: Any) -> dict[str, Any]:
        return {
            "type": "image",
            "name": name,
            "source": f"precomputed://{self.server}/data/image",
            "shader": GREY,
            "opacity": 1,
            **more,
        }

    def segmentation(self, name: str = "labels", **more: Any) -> dict[str, Any]:
        source = f"precomputed://{self.server}/data/labels"
        return {"type": "segmentation", "name": name, "source": source, "segments": ["7", "9"], **more}

    def state(self, *layers: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return a state that shows plane z = 5, six pixels a voxel, and nothing but the layers (by default the image)."""
        return {
            "dimensions": {d: [1e-9, "m"] for d in "xyz"},
            "position": [16, 12, 5.5],
            "crossSectionScale": 1 / 6,
            "projectionScale": 64,
            "showAxisLines": False,
            "showScaleBar": False,
            "showDefaultAnnotations": False,
            "crossSectionBackgroundColor": "#000000",
            "projectionBackgroundColor": "#000000",
            "layout": "xy",
            "layers": list(layers or [self.image()]),
            **more,
        }

    def view(self, id: str) -> View:
        return View(self.page, id)

    def open(
        self,
        id: str = "a",
        state: dict[str, Any] | None = None,
        *,
        ready: bool = True,
        size: tuple[int, int] = (256, 192),
        **options: Any,
    ) -> View:
        """Make a viewer and wait until its picture is complete."""
        view = self.view(id)
        wanted = {
            "state": self.state() if state is None else state,
            "width": size[0],
            "height": size[1],
            **options,
        }
        self.page.evaluate("([id, options]) => harness.open(id, options)", [id, wanted])
        return view.ready() if ready else view


@pytest.fixture(scope="module")
def new_page(
    browser: Browser, server: str, watched: Callable[[BrowserContext], Any]
) -> Iterator[Callable[..., Lab]]:
    """Make watched pages of their own, for tests that would disturb others."""
    contexts = []

    def make(init_script: str | None = None, **options: Any) -> Lab:
        context = browser.new_context(viewport={"width": 800, "height": 600}, **options)
        contexts.append(context)
        watch = watched(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if init_script is not None:
            page.add_init_script(init_script)
        page.goto(f"{server}/page/index.html")
        page.locator("html[data-loaded]").wait_for(state="attached")
        return Lab(page, watch, server)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def module_lab(new_page: Callable[..., Lab]) -> Lab:
    return new_page()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The module's page, empty; fails the test on a request to another host or an unexpected message."""
    yield module_lab
    module_lab.page.evaluate("harness.clear()")
    module_lab.page.mouse.move(0, 0)
    try:
        module_lab.watch.check()
    finally:  # one test's complaints are not the next one's
        module_lab.watch.forget()


@pytest.fixture(scope="session")
def known() -> Any:
    """Give the test modules the volumes (they cannot import from a conftest)."""

    class Known:
        SHAPE = SHAPE
        voxels, labels = staticmethod(voxels), staticmethod(labels)

    return Known
