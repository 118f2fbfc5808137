"""What every browser test shares: one Chromium, and pages that may not reach or say anything unexpected."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

from panel_neuroglancer.site.serve import Server

pytest.register_assert_rewrite("known", "lessons", "life", "notebook_page")

# Software WebGL: the tests must run where there is no GPU.
GL_FLAGS = (Path(__file__).parent / "chromium.flags").read_text().split()
# Chromium's own remarks on software WebGL and on how neuroglancer finds what is under the mouse.
GPU = (
    "GPU stall due to ReadPixels",
    "READ-usage buffer was written",
    "Automatic fallback to software WebGL",
    # After 256 messages of a context, which count the remarks above too: each look under the mouse may give one (seen:
    # 255 of the second and one of the first). A WebGL error among the 256 is a complaint of its own.
    "WebGL: too many errors",
)
LOCAL = {"127.0.0.1", "localhost", ""}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium where there is one (see the Makefile), else Playwright's own."""
    system = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    found = {"executable_path": system} if system else {}
    return {**browser_type_launch_args, **found, "args": GL_FLAGS}


@dataclass
class Watch:
    """What a page did that a test must know of."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *fragments: str) -> None:
        """Allow console messages that contain one of these, because the test provokes them."""
        self.expected += fragments

    def forget(self) -> None:
        """Begin anew: one test's complaints are not the next one's."""
        self.complaints.clear()
        self.expected[:] = GPU

    def check(self) -> None:
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        unexpected = [c for c in self.complaints if not any(e in c for e in self.expected)]
        assert not unexpected, "unexpected console messages:\n" + "\n".join(unexpected)


def guard(context: BrowserContext) -> Watch:
    """Abort and note every request to another host, and note every complaint of every page of a context."""
    watch = Watch(expected=list(GPU))

    def route(route: Route) -> None:
        url = urlparse(route.request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname not in LOCAL:
            watch.foreign.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watch.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def note(request: Request) -> None:
        watch.requests.append(request.url)

    context.route("**/*", route)
    context.on("console", listen)
    context.on("weberror", lambda error: watch.complaints.append(f"uncaught: {error.error}"))
    context.on("request", note)
    return watch


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    """The watch over this test's browser context; the test fails if anything unexpected was seen."""
    watch = guard(context)
    yield watch
    watch.check()


@pytest.fixture
def page(watch: Watch, context: BrowserContext) -> Iterator[Page]:
    """A page that is always watched."""
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    page.close()


@pytest.fixture(scope="session")
def watched() -> Callable[[BrowserContext], Watch]:
    """Watch over a context that a test module makes by itself."""
    return guard


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def serve() -> Callable[[Path], AbstractContextManager[str]]:
    """Serve a folder while the context lasts; it gives the address, with a final slash."""
    return _serve


@pytest.fixture(scope="session")
def serve_folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[str]]:
    """Serve several folders, each under its keyword."""

    def link(**folders: Path) -> AbstractContextManager[str]:
        root = tmp_path_factory.mktemp("served")
        for name, folder in folders.items():
            (root / name).symlink_to(folder)
        return _serve(root)

    return link


@contextmanager
def _program(command: list[str], name: str, address: str, log: Path, env: Mapping[str, str]) -> Iterator[str]:
    with (
        log.open("w") as out,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=log.parent,
            env={**os.environ, **env},
        ) as server,
    ):
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if found := re.search(address, line):
                break
        else:
            raise RuntimeError(f"{name} ended:\n{said}")

        def drain() -> None:
            # Its pipe must not fill up.
            for line in server.stdout or ():
                out.write(line)
                out.flush()

        thread = threading.Thread(target=drain)
        thread.start()
        try:
            yield found.group().replace("localhost", "127.0.0.1")
        finally:
            server.terminate()
            server.wait()
            thread.join()


@pytest.fixture(scope="session")
def program() -> Callable[..., AbstractContextManager[str]]:
    """Run a server until the context ends, its output in a log; it gives what matched `address` in what it said first."""
    return _program


def _panel_serve(
    apps: list[Path], log: Path, *options: str, python: str = sys.executable, **env: str
) -> AbstractContextManager[str]:
    command = [python, "-m", "panel", "serve", *map(str, apps), "--port", "0", "--address", "127.0.0.1",
               "--allow-websocket-origin", "*", *options]  # fmt: skip
    return _program(command, "panel serve", r"http://(?:localhost|127\.0\.0\.1):\d+/", log, env)


@pytest.fixture(scope="session")
def panel_serve() -> Callable[..., AbstractContextManager[str]]:
    """Run `panel serve` with apps on a free port, its output in a log; it gives the address, with a final slash."""
    return _panel_serve
