"""A site made by the real command from the test apps, served on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.serve import Server

APPS = Path(__file__).parents[2] / "tests" / "site" / "apps"
BOOT = 120_000  # ms; a few seconds on a machine of one's own


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    out = tmp_path_factory.mktemp("site") / "out"
    convert(
        [APPS / "counter.py", APPS / "broken.py"], out, Options(("pyodide", "pyodide-worker")), Progress(None)
    )
    return out


@pytest.fixture(scope="session")
def url(site: Path) -> Iterator[str]:
    """Where the site is served, under a path of its own, as on many hosts."""
    with Server(site.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{server.url}{site.name}/"
        server.shutdown()


@pytest.fixture(params=["pyodide", "pyodide-worker"])
def target(request: pytest.FixtureRequest) -> str:
    """Each way to run Python."""
    return str(request.param)


@pytest.fixture
def open_app(page: Page, url: str, target: str) -> Callable[[str], Page]:
    """Go to an app's page, without waiting for Python."""

    def go(name: str) -> Page:
        page.goto(f"{url}{name}.html" if target == "pyodide" else f"{url}{name}-{target}.html")
        return page

    return go


@pytest.fixture
def counter(open_app: Callable[[str], Page]) -> Page:
    """The counter's page when Python is there."""
    page = open_app("counter")
    page.wait_for_function("window.counter && 'pnReady' in document.documentElement.dataset", timeout=BOOT)
    return page
