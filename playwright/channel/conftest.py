"""Channels without viewers, in each runtime; and a page as Panel's own converter makes it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# By carrier; "broadcast" is the worker's page with its worker hidden, so that the port cannot be used.
KINDS = {
    "serve": "comm",
    "pyodide": "direct",
    "pyodide-worker": "port",
    "stock": "port",
    "broadcast": "broadcast",
}


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the app, with the page's script built into a module beside it."""
    folder = tmp_path_factory.mktemp("channel") / "apps"
    shutil.copytree(HERE / "apps", folder)
    build = [
        ROOT / "js" / "node_modules" / ".bin" / "esbuild",
        HERE / "probe.ts",
        "--bundle",
        "--format=esm",
        "--minify",
    ]
    built = subprocess.run(build, check=True, capture_output=True, text=True).stdout
    (folder / "probe_script.py").write_text(f"SCRIPT = {built!r}\n", "utf8")
    return folder


@pytest.fixture(scope="session")
def run_server(apps: Path, panel_serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run `panel serve`, which takes a page for gone soon after its connection is; a context that gives the address."""
    soon = ("--unused-session-lifetime", "5000", "--check-unused-sessions", "500")
    return lambda: panel_serve([apps / "probe.py"], tmp_path_factory.mktemp("log") / "serve.log", *soon)


@pytest.fixture(scope="session")
def served(run_server: Any) -> Iterator[str]:
    """The address of `panel serve`."""
    with run_server() as url:
        yield url


@pytest.fixture(scope="session")
def static(apps: Path, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a static site: our own pages, and Panel's."""
    out = tmp_path_factory.mktemp("static") / "site"
    convert(sorted(apps.glob("[!_]*[!t].py")), out, Options(("pyodide", "pyodide-worker")), Progress(None))
    spec = importlib.util.spec_from_file_location("stock", HERE / "stock.py")
    stock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stock)
    for app in ("probe", "viewer"):
        stock.make(apps / f"{app}.py", out)
    with serve(out) as url:
        yield url


@dataclass
class Tab:
    """An open page."""

    page: Page
    watch: Any
    kind: str

    def run(self, body: str, argument: Any = None) -> Any:
        """Run the body of an async function of ``one`` and ``two``, the channels, and ``x``, the argument."""
        return self.page.evaluate(
            f"async (x) => {{ const [one, two] = probes.map((p) => p.channel); {body} }}", argument
        )

    def ready(self) -> Tab:
        """Wait until both channels are connected."""
        self.page.wait_for_function(
            "window.probes?.length === 2 && probes.every((p) => p.channel.carrier)", timeout=90_000
        )
        return self


@pytest.fixture(scope="session")
def _open(browser: Browser, request: pytest.FixtureRequest, watched: Any) -> Iterator[Callable[..., Tab]]:
    contexts = []

    def go(kind: str, beside: Tab | None = None, url: str = "") -> Tab:
        context = beside.page.context if beside else browser.new_context()
        watch = beside.watch if beside else watched(context)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        name = {"serve": "probe", "pyodide": "probe.html", "stock": "stock-probe.html"}.get(
            kind, "probe-pyodide-worker.html"
        )
        if kind == "broadcast":
            page.add_init_script(
                "Object.defineProperty(window, 'pyodideWorker', { set(x) { this.hiddenWorker = x; } })"
            )
        url = url or request.getfixturevalue("served" if kind == "serve" else "static")
        page.goto(url + name)
        return Tab(page, watch, kind)

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Where Python is."""
    return str(request.param)


@pytest.fixture(scope="session")
def _tab(kind: str, _open: Callable[..., Tab]) -> Tab:
    return _open(kind).ready()


@pytest.fixture
def tab(_tab: Tab) -> Iterator[Tab]:
    """The page of a kind, shared by the tests; fails the test on anything unexpected."""
    yield _tab
    _tab.watch.check()
    _tab.watch.forget()


@pytest.fixture
def open_tab(_open: Callable[..., Tab]) -> Iterator[Callable[..., Tab]]:
    """Opens pages of their own for a test, beside a tab (in the same browser context) or apart."""
    tabs: list[Tab] = []

    def go(*args: Any, **options: Any) -> Tab:
        tabs.append(_open(*args, **options))
        return tabs[-1]

    yield go
    for tab in tabs:
        tab.page.close()
        tab.watch.check()
