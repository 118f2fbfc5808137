"""The site of notebooks, under a sub-path, and notebooks on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from known import EXTENSION, VOLUME, notebook_of, run_all
from notebook_page import START, Desk, Notebook, watched_context
from playwright.sync_api import Browser

SITE = Path(__file__).parents[2] / "build/lite"
# JupyterLab's remarks on its own menus, keys and uploads, and on a kernel that is called as the language.
JUPYTER = (
    "Menu entry for command",
    "default shortcut because it collides with another enabled default shortcut",
    "Uploader widget not found",
    "No exact match found for python, using kernel python",
    # Panel's extension asks Jupyter servers for a layout, and this is none.
    "/panel-preview/layout/",
    # It looks for what looks like a file's name in an output, and JupyterLite for the same among its own files.
    "/api/resolvePath",
    "/api/contents/lib/",
    # On a slow machine: its pages say late where their icon is, and take late what they have loaded ahead.
    "/favicon.ico",
    "was preloaded using link preload",
    # JupyterLab, as a kernel goes and comes, and as it closes a notebook of whose outputs one had a window.
    "Connection lost, reconnecting",
    "Trying to send message on removed socket",
    "Cannot read properties of null (reading 'changed')",
)


@pytest.fixture(scope="session")
def lite(serve_folders: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    """The address of the site of notebooks."""
    assert (SITE / "lab").is_dir(), f"{SITE} is missing: run `make lite`"
    with serve_folders(**{"course": SITE}) as url:
        yield f"{url}course/"


@dataclass
class Lite(Desk):
    """Opens notebooks of the site, and new ones, which come into one page of JupyterLab and share a kernel."""

    made: int = 0
    lab: Notebook | None = None
    kernel: str | None = None

    def new(self, *cells: str, run: bool = True) -> Notebook:
        """Open a new notebook that begins with the cells that make the viewer, and run all."""
        if self.lab is None:
            self.lab = self.tab("", "lab")
            self.lab.page.goto(self.lab.url, timeout=START)
            self.lab.until("no JupyterLab", "window.jupyterapp?.restored.then(() => true)", timeout=START)
        notebook = self.lab.beside(self._write(*cells), self.kernel)
        self.kernel = notebook.page.evaluate("kernel().id")
        return run_all(notebook) if run else notebook

    def new_beside(self, other: Notebook, *cells: str, run: bool = True) -> Notebook:
        """Open a new notebook with a kernel of its own in the page of another one, and run all."""
        notebook = other.beside(self._write(*cells))
        return run_all(notebook) if run else notebook

    def _write(self, *cells: str) -> str:
        assert self.lab is not None
        self.made += 1
        name = f"made-{self.made}.ipynb"
        self.lab.do(f"writing {name}", "writeBook", name, notebook_of(EXTENSION, VOLUME, *cells))
        return name

    def saved(self, notebook: Notebook, cell: int | str) -> str:
        """Save a notebook; return what the output of a cell is in its file, as text."""
        notebook.command("docmanager:save")
        (outputs,) = [
            found.get("outputs")
            for place, found in enumerate(notebook.do("reading", "readBook", notebook.name)["cells"])
            if cell in (place, found["id"])
        ]
        return json.dumps(outputs)


@pytest.fixture(scope="module")
def site(browser: Browser, lite: str, watched: Any) -> Iterator[Lite]:
    """Notebooks in a browser that has never seen the site before, which the tests of a module share."""
    with watched_context(browser, watched, JUPYTER) as (context, watch):
        yield Lite(context, watch, lambda name, app: f"{lite}{app}/index.html{name and f'?path={name}'}")


@pytest.fixture
def desk(site: Lite) -> Iterator[Lite]:
    """The same, of which a test closes what it has opened."""
    expected = [*site.watch.expected]
    yield site
    if site.lab:
        site.lab.leave_all()
    try:
        site.watch.check()
    finally:
        # One test's complaints are not the next one's.
        site.watch.complaints.clear()
        site.watch.expected[:] = expected
