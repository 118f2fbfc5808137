"""A real Jupyter server with CPython kernels, and notebooks with a volume whose every voxel is known."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import nbformat
import pytest
from known import EXTENSION, VOLUME, notebook_of, run_all
from notebook_page import Desk, Notebook, watched_context
from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DIST = ROOT / "src" / "panel_neuroglancer" / "dist"


@dataclass
class Server:
    """A Jupyter server and the folder of its notebooks."""

    url: str
    folder: Path
    made: int = field(default=0)

    def write(self, *cells: str, name: str = "") -> str:
        """Write a notebook; returns its name."""
        self.made += 1
        name = name or f"notebook-{self.made}.ipynb"
        nbformat.write(notebook_of(*cells), self.folder / name)
        return name

    def read(self, name: str) -> Any:
        """Return what is in a notebook's file."""
        return json.loads((self.folder / name).read_text("utf-8"))

    def address(self, name: str, app: str) -> str:
        """Return the address of a notebook in an application."""
        self.made += 1
        # A workspace of its own, so that no other notebook is opened again with it.
        return f"{self.url}{f'lab/workspaces/{self.made}/tree' if app == 'lab' else app}/{name}"

    def end_kernels(self) -> None:
        """Shut all kernels down."""
        for session in self._api("sessions"):
            self._api(f"sessions/{session['id']}", "DELETE")

    def _api(self, path: str, method: str = "GET") -> Any:
        with urlopen(Request(f"{self.url}api/{path}", method=method)) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def kernels(self) -> list[dict[str, Any]]:
        return list(self._api("kernels"))


@contextmanager
def _jupyter(folder: Path, program: Callable[..., AbstractContextManager[str]]) -> Iterator[Server]:
    notebooks, data = folder / "notebooks", folder / "data"
    notebooks.mkdir()
    # JupyterLite's kernel, which builds the site of notebooks, is no extension of JupyterLab's, though it lies with them.
    installed = Path(sys.prefix) / "share/jupyter/labextensions"
    shutil.copytree(
        installed, data / "labextensions", ignore=shutil.ignore_patterns("@jupyterlite", "panel-neuroglancer")
    )
    # Where `pip install` of the wheel puts it.
    shutil.copytree(DIST / "labextension", data / "labextensions" / "panel-neuroglancer")
    (folder / "config" / "lab").mkdir(parents=True)
    options = {
        "ServerApp": {
            "root_dir": str(notebooks), "ip": "127.0.0.1", "port": 0, "open_browser": False, "allow_root": True,
            "disable_check_xsrf": True,
        },
        "IdentityProvider": {"token": ""},
        "LabApp": {"expose_app_in_browser": True, "news_url": None, "check_for_updates_class": "jupyterlab.NeverCheckForUpdate"},
        "JupyterNotebookApp": {"expose_app_in_browser": True},
        "LabServerApp": {"user_settings_dir": str(folder / "settings"), "workspaces_dir": str(folder / "workspaces"),
            "labextensions_path": [str(data / "labextensions")]},
    }  # fmt: skip
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(options))
    settings = folder / "settings" / "@jupyterlab"
    for plugin, values in {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "docmanager-extension/plugin": {"autosave": False},
        # Takes outputs out of the page that are scrolled away.
        "notebook-extension/tracker": {"windowingMode": "full"},
    }.items():
        file = settings / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    env = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(data),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_NO_CONFIG": "",
        # As docs/notebooks.md says for places without a network.
        "PANEL_INLINE": "true",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    address = r"http://127\.0\.0\.1:\d+/(?=\S*lab)"
    with program(command, "jupyter lab", address, folder / "log.txt", env) as url:
        yield Server(url, notebooks)


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory, program: Any) -> Iterator[Server]:
    """The one Jupyter server of all tests here."""
    with _jupyter(tmp_path_factory.mktemp("jupyter"), program) as server:
        yield server


@dataclass
class CPython(Desk):
    """Opens notebooks of a Jupyter server's."""

    server: Server

    def new(self, *cells: str, app: str = "lab", run: bool = True) -> Notebook:
        """Open a new notebook that begins with the cells that make the viewer, and run all."""
        notebook = self.open(self.server.write(EXTENSION, VOLUME, *cells), app)
        if run:
            run_all(notebook)
        return notebook

    def new_beside(self, other: Notebook, *cells: str) -> Notebook:
        """Open a new notebook in the page of another one, and run all."""
        return run_all(other.beside(self.server.write(EXTENSION, VOLUME, *cells)))

    def saved(self, notebook: Notebook, cell: int) -> str:
        """Save a notebook; return what the output of a cell is in its file, as text."""
        notebook.command("docmanager:save")
        return json.dumps(self.server.read(notebook.name)["cells"][cell]["outputs"])


# JupyterLab's own remarks, and Notebook's.
EXPECTED = (
    "long to activate", "ms to activate", "Connection lost, reconnecting", "is duplicated.", "[yjs#509]",
    "No exact match found for", "Cannot read properties of undefined (reading 'schema')", "'filebrowser:open-path' not registered",
)  # fmt: skip


@pytest.fixture
def desk(browser: Browser, jupyter: Server, watched: Callable[[BrowserContext], Any]) -> Iterator[CPython]:
    with watched_context(browser, watched, EXPECTED, (1000, 1500)) as (context, watch):
        yield CPython(context, watch, jupyter.address, jupyter)
