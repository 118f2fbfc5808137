"""Live Python viewers under `panel serve`, whose server runs beside the test and can be kept busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import panel as pn
import pytest
from playwright.sync_api import Page
from tornado.ioloop import IOLoop

from panel_neuroglancer import session

HERE = Path(__file__).parent


class Served:
    """One page with viewers, whose Python runs in a thread of this process, and what was asked from it."""

    def __init__(self, page: Page, paths: list[str]) -> None:
        self.page = page
        self.paths = paths
        self.loop = IOLoop(make_current=False)
        self.thread: threading.Thread | None = None

    def open(self, *components: Callable[[], Any]) -> None:
        """Show what ``components`` return, each time somebody opens the page."""
        address: Future[int] = Future()

        def run() -> None:
            asyncio.set_event_loop(self.loop.asyncio_loop)  # type: ignore[attr-defined]
            app = {"/": lambda: pn.Column(*[make() for make in components])}
            self.server = pn.serve(app, port=0, address="127.0.0.1", show=False, start=False, loop=self.loop)
            self.server.start()
            address.set_result(self.server.port)
            self.loop.start()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        self.page.goto(f"http://127.0.0.1:{address.result(30)}/")

    def close(self) -> None:
        """Stop the server."""
        self.page.goto("about:blank")
        if self.thread is not None:
            self.loop.add_callback(self.server.stop)
            self.loop.add_callback(self.loop.stop)
            self.thread.join(10)

    def wait(self, expression: str, argument: Any = None) -> Any:
        """Wait until something is true in the page."""
        return self.page.wait_for_function(expression, arg=argument, timeout=60_000)

    def wait_resident(self, viewer: Any, volume: Any) -> None:
        """Wait until all of an array is on the page."""
        key = f"{viewer.token}.{volume.token}"
        self.wait("([key, generation]) => announced[key] === generation", [key, volume.change_count])

    def levels(self, layer: str) -> list[tuple[tuple[int, ...], list[str]]]:
        """Read a layer anew at every scale: the factors, and all voxels as text, the first dimension fastest."""
        self.wait("name => hasVolume(name)", layer)
        found = self.page.evaluate("name => levels(name)", layer)
        return [(tuple(map(int, level["factor"])), level["values"]) for level in found]

    def reads(self, kind: str) -> list[str]:
        """Return what was asked from Python so far."""
        return [path for path in self.paths if path.startswith(f"/neuroglancer/{kind}/")]

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep Python from answering meanwhile."""
        begun, over = threading.Event(), threading.Event()

        def compute() -> None:
            begun.set()
            over.wait(120)

        self.loop.add_callback(compute)
        assert begun.wait(10)
        try:
            yield
        finally:
            over.set()


@pytest.fixture
def served(page: Page, monkeypatch: pytest.MonkeyPatch, watch: Any) -> Iterator[Served]:
    """A page that shows live Python viewers."""
    page.add_init_script(path=HERE / "page.js")
    paths: list[str] = []
    read = session.sources.read

    def noted(volumes: Callable[[str], Any], path: str) -> Any:
        paths.append(path)
        return read(volumes, path)

    monkeypatch.setattr(session.sources, "read", noted)
    served = Served(page, paths)
    yield served
    served.close()
