"""Channels without viewers, in each runtime; and a page as Panel's own converter makes it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.serve import Server

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
def served(apps: Path) -> Iterator[str]:
    """The address of `panel serve`."""
    command = [sys.executable, "-m", "panel", "serve", "probe.py", "--port", "0", "--address", "127.0.0.1",
               "--allow-websocket-origin", "*", "--unused-session-lifetime", "10000", "--check-unused-sessions", "1000"]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=apps
    ) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if address := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/", line):
                break
        else:
            raise RuntimeError("panel serve ended")
        drain = threading.Thread(target=server.stdout.read)
        drain.start()
        try:
            yield address.group().replace("localhost", "127.0.0.1")
        finally:
            server.terminate()
            server.wait()
            drain.join()


@pytest.fixture(scope="session")
def static(apps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a static site: our own pages, and Panel's."""
    out = tmp_path_factory.mktemp("static") / "site"
    convert([apps / "probe.py"], out, Options(("pyodide", "pyodide-worker")), Progress(None))
    spec = importlib.util.spec_from_file_location("stock", HERE / "stock.py")
    assert spec
    assert spec.loader
    stock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stock)
    stock.make(apps / "probe.py", out)
    with Server(out) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


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
def _open(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Tab]]:
    shared: Any = request.config.pluginmanager.get_plugin(str(HERE.parent / "conftest.py"))
    contexts = []

    def go(kind: str, context: Any = None) -> Tab:
        if context is None:
            context = browser.new_context()
            contexts.append(context)
            context.watch = shared.guard(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        name = {"serve": "probe", "pyodide": "probe.html", "stock": "stock-probe.html"}.get(
            kind, "probe-pyodide-worker.html"
        )
        if kind == "broadcast":
            page.add_init_script(
                "Object.defineProperty(window, 'pyodideWorker', { set(x) { this.hiddenWorker = x; } })"
            )
        page.goto(request.getfixturevalue("served" if kind == "serve" else "static") + name)
        return Tab(page, context.watch, kind)

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
    _tab.watch.complaints.clear()


@pytest.fixture
def open_tab(_open: Callable[..., Tab]) -> Callable[..., Tab]:
    """Opens a page of a kind."""
    return _open
