"""The official Python API in each runtime: pages on which tests run programs, and see what the viewer shows."""

from __future__ import annotations

import base64
import io
import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

HERE = Path(__file__).parent
APPS = [HERE / "apps" / f"{name}.py" for name in ("lab", "snippet", "alone", "packages", "hostile")]
DATA = HERE / "data"
# How bright the viewer is, so many pixels below its middle, for what is never completely drawn.
BRIGHTNESS = """
window.brightness = (dy = 0) => {
  const { display } = viewer().neuroglancerViewer;
  display.draw();
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(display.canvas, -display.canvas.width / 2, -display.canvas.height / 2 - dy);
  return context.getImageData(0, 0, 1, 1).data[0];
};
"""
ZOOM = 6  # screen pixels of a voxel, see `plain` in the lab
RUNTIMES = ("serve", "pyodide", "pyodide-worker")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, panel_serve: Callable[..., Any]) -> Iterator[str]:
    """The address of `panel serve`."""
    with panel_serve(
        APPS, tmp_path_factory.mktemp("serve") / "log.txt", "--static-dirs", f"data={DATA}"
    ) as url:
        yield url


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], Any]) -> Iterator[str]:
    """The address of one static site of all apps."""
    out = tmp_path_factory.mktemp("static") / "site"
    convert(APPS, out, Options(("pyodide", "pyodide-worker"), data=((DATA, "data"),)), Progress(None))
    with serve(out) as url:
        yield url


@dataclass
class Lab:
    """An open page."""

    page: Page
    watch: Any
    runtime: str
    orders: int = 0

    def start(self, program: str) -> None:
        """Let Python start to run a program."""
        self.orders += 1
        field = self.page.get_by_label("Order")
        field.fill(json.dumps({"n": self.orders, "code": textwrap.dedent(program)}))
        field.press("Enter")

    def run(self, program: str, timeout: float | None = None) -> Any:
        """Let Python run a program for at most `timeout` ms, and return what it assigned to `result`."""
        self.start(program)
        self.page.wait_for_function("n => python()?.n === n", arg=self.orders, timeout=timeout)
        said = self.page.evaluate("python()")
        assert "raised" not in said, said["raised"]
        return said["result"]

    def until(self, condition: str, argument: Any = None) -> None:
        """Wait until an expression of ``v``, the first upstream viewer, and ``x``, the argument, holds."""
        self.page.wait_for_function(
            f"x => {{ const v = viewer()?.neuroglancerViewer; return v && ({condition}); }}", arg=argument
        )

    def drawn(self) -> None:
        """Wait until all that the viewer needs is loaded and drawn."""
        # Before a frame is drawn neuroglancer does not know what it needs, and is ready.
        self.page.evaluate("window.calm = 0")
        ready = "v.isReady() && v.layerManager.managedLayers.every((l) => l.isReady())"
        self.until(f"(v.display.draw(), calm = {ready} ? calm + 1 : 0) > 1")

    def pixels(self, i: int = 0, wait: bool = True) -> NDArray[np.uint8]:
        """Return the canvas as ``[y, x, rgb]``, by default once everything is drawn."""
        if wait:
            self.drawn()
        png = self.page.evaluate("i => picture(i).png", i)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))

    def voxels(
        self,
        shape: tuple[int, int],
        centre: tuple[float, float] = (16, 6),
        zoom: float = ZOOM,
        wait: bool = True,
    ) -> NDArray[np.uint8]:
        """Return the grey values in the middle of the voxels of the plane, ``[x, y]``."""
        image = self.pixels(wait=wait)
        height, width, _ = image.shape
        x = (width / 2 + (np.arange(shape[0]) + 0.5 - centre[0]) * zoom).astype(int)
        y = (height / 2 + (np.arange(shape[1]) + 0.5 - centre[1]) * zoom).astype(int)
        return image[np.ix_(y, x)][..., 0].T


@pytest.fixture(scope="session")
def _open(
    browser: Browser, request: pytest.FixtureRequest, watched: Callable[[BrowserContext], Any]
) -> Iterator[Callable[[str, str], Lab]]:
    contexts = []

    def go(runtime: str, app: str) -> Lab:
        context = browser.new_context(viewport={"width": 800, "height": 600})
        contexts.append(context)
        context.add_init_script(path=HERE.parent / "component" / "page.js")
        context.add_init_script(BRIGHTNESS)
        watch = watched(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        suffix = {"serve": "", "pyodide": ".html", "pyodide-worker": "-pyodide-worker.html"}[runtime]
        page.goto(request.getfixturevalue("served" if runtime == "serve" else "static") + app + suffix)
        return Lab(page, watch, runtime)

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(scope="session", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def _lab(runtime: str, _open: Callable[[str, str], Lab]) -> Lab:
    lab = _open(runtime, "lab")
    lab.page.wait_for_function("window.deep && python() !== null", timeout=90_000)
    return lab


@pytest.fixture
def lab(_lab: Lab) -> Iterator[Lab]:
    """The runtime's page, shared by the tests; fails the test on anything unexpected."""
    _lab.watch.forget()
    yield _lab
    _lab.watch.check()


@pytest.fixture
def open_app(_open: Callable[[str, str], Lab]) -> Callable[[str, str], Lab]:
    """Opens an app's page in a runtime."""
    return _open
