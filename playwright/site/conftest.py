"""A site made by the real command from the test apps, served on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from site_page import BOOT, address

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

APPS = Path(__file__).parents[2] / "tests" / "site" / "apps"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    write_image(folder / "image")
    apps = [
        APPS / "counter.py",
        APPS / "broken.py",
        *sorted((Path(__file__).parent / "apps").glob("[a-z]*.py")),
    ]
    data = ((folder / "image", "data/image"),)
    convert(
        apps, folder / "out", Options(("pyodide", "pyodide-worker", "pyscript"), data=data), Progress(None)
    )
    return folder / "out"


def write_image(folder: Path) -> None:
    """Write a volume whose voxel x, y, z is (7 x + 31 y + 101 z) % 251, in Neuroglancer's own format."""
    x, y, z = np.indices((32, 12, 8))
    scale = {
        "key": "full",
        "size": [32, 12, 8],
        "resolution": [4, 8, 12],
        "chunk_sizes": [[32, 12, 8]],
        "encoding": "raw",
    }
    info = {"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [scale]}
    (folder / "full").mkdir(parents=True)
    (folder / "info").write_text(json.dumps(info))
    voxels = ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")
    (folder / "full" / "0-32_0-12_0-8").write_bytes(voxels.tobytes(order="F"))


@pytest.fixture(scope="session")
def url(site: Path, serve: Callable[[Path], Any]) -> Iterator[str]:
    """Where the site is served, under a path of its own, as on many hosts."""
    with serve(site.parent) as url:
        yield f"{url}{site.name}/"


@pytest.fixture(scope="session", params=["pyodide", "pyodide-worker"])
def target(request: pytest.FixtureRequest) -> str:
    """Each way to run Python."""
    return str(request.param)


@pytest.fixture
def open_app(page: Page, url: str, target: str) -> Callable[[str], Page]:
    """Go to an app's page, without waiting for Python."""

    def go(name: str) -> Page:
        page.goto(address(url, name, target))
        return page

    return go


@pytest.fixture(scope="session")
def booted(
    watched: Callable[[BrowserContext], Any], browser: Browser, url: str, target: str
) -> Iterator[tuple[Page, Any]]:
    """The counter's page with Python running, one for all tests of a target, and the watch over it."""
    context = browser.new_context()
    watch = watched(context)
    page = context.new_page()
    page.set_default_timeout(BOOT)
    page.goto(address(url, "counter", target))
    page.wait_for_function("window.counter && 'pnReady' in document.documentElement.dataset")
    yield page, watch
    context.close()


@pytest.fixture
def counter_watch(booted: tuple[Page, Any]) -> Iterator[Any]:
    """The watch over `counter`; the test fails if anything unexpected was seen."""
    _, watch = booted
    watch.forget()
    yield watch
    watch.check()


@pytest.fixture
def counter(booted: tuple[Page, Any], counter_watch: Any) -> Page:
    """The counter's page: others have used it before."""
    page, _ = booted
    # Python's answer to this comes after all that earlier tests may have left on the way.
    page.evaluate("counter.got.length = 0; counter.model.value = 0; counter.model.send_msg('report')")
    page.wait_for_function("counter.got.at(-1)?.seen && counter.model.total === 0")
    return page
