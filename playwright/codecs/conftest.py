"""Known volumes, a data server and a page that decodes them, for the codec tests."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

HERE = Path(__file__).parent
DIST = HERE.parents[1] / "src" / "panel_neuroglancer" / "dist"
OFFICIAL = os.environ.get("CODECS_CLIENT") == "official"

SHAPE = (32, 24, 16)  # x, y, z: all different, so that swapped axes cannot pass
ZOOM = 6  # screen pixels a voxel
DEPTH = 5  # the z drawn
STAND_IN = "https://127.0.0.1/"  # for `boss:`, which takes no http address: a test answers in its place


# ---------------------------------------------------------------- known voxels


def voxels(dtype: str, shape: tuple[int, int, int] = SHAPE) -> NDArray[Any]:
    """Return a volume ``[x, y, z]`` whose values use the whole range of `dtype`; all distinct from 16 bits up."""
    x, y, z = np.indices(shape)
    if dtype in ("uint8", "int8"):
        return ((7 * x + 31 * y + 101 * z) % 251).astype("uint8").view(dtype)
    serial = x + shape[0] * (y + shape[1] * z)
    if dtype == "float32":
        return ((serial - 6000) / 64).astype(dtype)
    info = np.iinfo(dtype)
    step = (int(info.max) - int(info.min)) // int(serial.max() + 1)
    return (serial.astype("uint64") * np.uint64(step) + np.uint64(3)).astype(f"uint{info.bits}").view(dtype)


def labels(dtype: str) -> NDArray[Any]:
    """Return a volume ``[x, y, z]`` of box-shaped segments with ids from the whole range of `dtype`, and some zeros."""
    x, y, z = np.indices(SHAPE)
    box = x // 5 + 10 * (y // 3) + 100 * (z // 4)
    if dtype == "uint8":
        return (box % 250).astype(dtype)
    step = int(np.iinfo(dtype).max) // 1000
    return np.where(box % 7 == 0, 0, box.astype("uint64") * np.uint64(step) + np.uint64(1)).astype(dtype)


def smooth() -> NDArray[np.uint8]:
    """Return a ``uint8`` volume for lossy codecs: gradients with a different slope on each axis."""
    x, y, z = np.indices(SHAPE)
    return (4 * x + 2 * y + 5 * z).astype("uint8")


# One colour rule in two languages: a value's bits, the upper half mixed into the lower, to red, green and blue.


def shader(dtype: np.dtype[Any]) -> str:
    """Return shader code that paints the bits of each value of `dtype`."""
    if dtype.kind == "f":
        bits = "floatBitsToUint(getDataValue())"
    elif dtype.itemsize == 8:
        bits = "getDataValue().value.x ^ (getDataValue().value.y * 2654435761u)"
    else:
        bits = f"uint(toRaw(getDataValue())) & {2 ** (8 * dtype.itemsize) - 1}u"
    return f"""void main() {{
  highp uint v = {bits};
  highp uvec3 c = uvec3(v, v >> 8u, (v >> 16u) ^ (v >> 24u)) & 255u;
  emitRGB(vec3(c) / 255.0);
}}"""


def colours(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return what `shader` paints for `values`, with a last axis of red, green, blue."""
    size = values.dtype.itemsize
    if size == 8:
        v = values.view("uint64")
        v = (v ^ ((v >> np.uint64(32)) * np.uint64(2654435761))) & np.uint64(0xFFFFFFFF)
    else:
        v = values.view(f"uint{8 * size}").astype("uint64")
    shift = [v, v >> np.uint64(8), (v >> np.uint64(16)) ^ (v >> np.uint64(24))]
    return np.stack(shift, -1).astype("uint8")


# ---------------------------------------------------------------- data server


def _official_client(folder: Path) -> Path:
    """Return a folder whose ``1`` is the official client, which finds its token in its own path: ``/v/TOKEN/``."""
    (folder / "v").mkdir()
    (folder / "v" / "1").symlink_to(Path(str(files("neuroglancer") / "static" / "client")))
    return folder / "v"


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def server(data_folder: Path, serve_folders: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    """Serve ``/data/``, ``/page/``, ``/engine/``, the official client at ``/v/1/``; yields the address, no final slash."""
    dist = shutil.copytree(DIST, data_folder / "dist")  # a build may run meanwhile
    with serve_folders(data=data_folder, page=HERE, engine=dist, v=_official_client(data_folder)) as url:
        yield url.rstrip("/")


# ---------------------------------------------------------------- the page


@dataclass
class Client:
    """A viewer in a bare page; `show` a state, then look at `picture` and `voxels`."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def show(self, state: dict[str, Any], *, fresh: bool = True) -> None:
        """Show a state, from an empty view if `fresh`, and wait until all of it is decoded and drawn."""
        base = {
            "showAxisLines": False,
            "showScaleBar": False,
            "showDefaultAnnotations": False,
            "crossSectionBackgroundColor": "#000000",
            "projectionBackgroundColor": "#000000",
            "layout": "xy",
        }
        if fresh:
            self.page.evaluate("client.clear()")
        self.page.evaluate("state => client.showWithin(20000, state)", base | state)

    def picture(self) -> NDArray[np.uint8]:
        """Return the only panel's pixels, ``[y, x, rgb]``."""
        got = self.page.evaluate("client.picture()")
        image = Image.open(io.BytesIO(base64.b64decode(got["png"]))).convert("RGB")
        left, top, width, height = (got[k] for k in ("left", "top", "width", "height"))
        return np.asarray(image.crop((left, top, left + width, top + height)))

    def voxels(self, layer: str, shape: tuple[int, ...] = SHAPE) -> NDArray[Any]:
        """Return the layer's voxels ``[x, y, z]`` as the voxel-reading API gives them."""
        box = {"origin": [0] * len(shape), "shape": list(shape)}
        got = self.page.evaluate("([layer, box]) => client.voxels(layer, box)", [layer, box])
        dtype = got["dtype"].lower().removesuffix("array").removeprefix("big")
        read = np.frombuffer(base64.b64decode(got["data"]), dtype).reshape(got["shape"], order="F")
        return read.transpose([read.shape.index(n) for n in shape]) if OFFICIAL else read


@pytest.fixture(scope="module")
def module_client(browser: Browser, server: str) -> Iterator[Client]:
    """One page and one viewer for all tests of a module."""
    context = browser.new_context(viewport={"width": 256, "height": 192})
    page = context.new_page()
    client = Client(page)

    def foreign(route: Route) -> None:
        client.problems.append(f"request to {route.request.url}")
        route.abort()

    def console(message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url')})"
        # "Is this a zarr? An n5?" The check of the voxels says the rest.
        probing = "status of 404" in text and server in text
        if message.type in ("error", "warning") and not probing and "GPU stall due to ReadPixels" not in text:
            client.problems.append(f"{message.type}: {text}")

    context.route(re.compile(r"^(?!http://127\.0\.0\.1:|blob:|data:)"), foreign)
    page.on("console", console)
    page.on("pageerror", lambda error: client.problems.append(f"page error: {error}"))
    if OFFICIAL:
        page.add_init_script("window.EventSource = class { close() {} }")  # no Python behind it
        page.goto(f"{server}/v/1/index.html#!{{}}")
        page.wait_for_function("window.viewer !== undefined")
        page.add_script_tag(url=f"{server}/page/official.js")
    else:
        page.goto(f"{server}/page/engine.html")
        page.wait_for_function("window.client !== undefined")
    page.add_script_tag(url=f"{server}/page/client.js")
    page.evaluate("client.open()")
    yield client
    context.close()


@pytest.fixture
def client(module_client: Client) -> Iterator[Client]:
    """Yield the module's page; fails the test on any foreign request or unexpected console message."""
    module_client.problems.clear()
    yield module_client
    assert module_client.problems == []


def check_plane(picture: NDArray[np.uint8], wanted: NDArray[np.uint8], tolerance: int = 0) -> None:
    """Require `picture` to be black but for `wanted` ``[y, x, rgb]`` in its middle, a square of `ZOOM` pixels a voxel."""
    seen = picture.astype(int)
    top, left = ((have - ZOOM * want) // 2 for have, want in zip(seen.shape, wanted.shape[:2], strict=False))
    plane = seen[top : top + ZOOM * wanted.shape[0], left : left + ZOOM * wanted.shape[1]]
    assert np.abs(plane - wanted.repeat(ZOOM, 0).repeat(ZOOM, 1)).max() <= tolerance, "wrong pixels"
    plane[:] = 0
    assert seen.max() == 0, "something is drawn outside the volume"


def check_volume(
    client: Client,
    source: str,
    values: NDArray[Any],
    *,
    tolerance: int = 0,
    unit: tuple[float, str] = (1e-9, "m"),
    corner: tuple[float, float, float] = (0, 0, 0),
    fresh: bool = True,
) -> None:
    """Show `source` and require `values` both as pixels of one plane and, all of them, from the voxel-reading API.

    Parameters
    ----------
    values
        Expected voxels ``[x, y, z]``.
    tolerance
        Largest error allowed, in grey levels, for lossy codecs.
    unit
        Size of a voxel.
    corner
        Where the first corner of voxel (0, 0, 0) must lie, in voxels.
    fresh
        Start from an empty view.
    """
    nx, ny, _ = values.shape
    x, y, z = corner
    client.show(
        {
            "dimensions": {d: list(unit) for d in "xyz"},
            "position": [x + nx / 2, y + ny / 2, z + DEPTH + 0.5],
            "crossSectionScale": 1 / ZOOM,
            "layers": [
                {"type": "image", "name": "v", "source": source, "shader": shader(values.dtype), "opacity": 1}
            ],
        },
        fresh=fresh,
    )
    check_plane(client.picture(), colours(values[:, :, DEPTH]).transpose(1, 0, 2), tolerance)
    read = client.voxels("v", values.shape)
    assert read.dtype == values.dtype
    wrong = np.abs(read.astype(float) - values) > tolerance if tolerance else read != values
    assert not wrong.any(), f"{wrong.sum()} wrong voxels"


@pytest.fixture(scope="session")
def known() -> Any:
    """Give the test modules the helpers above (they cannot import from a conftest)."""

    class Known:
        SHAPE, ZOOM, DEPTH, STAND_IN = SHAPE, ZOOM, DEPTH, STAND_IN
        check_plane = staticmethod(check_plane)
        voxels = staticmethod(voxels)
        labels = staticmethod(labels)
        smooth = staticmethod(smooth)
        check_volume = staticmethod(check_volume)

    return Known
