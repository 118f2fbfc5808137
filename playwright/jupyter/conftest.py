"""A real Jupyter server with CPython kernels, and notebooks with a volume whose every voxel is known."""

from __future__ import annotations

import importlib.util
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
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DIST = ROOT / "src" / "panel_neuroglancer" / "dist"

spec = importlib.util.spec_from_file_location("panel_neuroglancer_notebook_driver", HERE / "notebook.py")
assert spec is not None
assert spec.loader is not None
driver = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = driver
spec.loader.exec_module(driver)

SHAPE = (32, 12, 8)  # x, y, z

# The first cells of every notebook. The plane z = 4 is drawn in grey, six pixels wide and high a voxel.
EXTENSION = "import panel as pn\npn.extension(inline=True)"
VOLUME = """
import numpy as np, neuroglancer
from panel_neuroglancer import Neuroglancer
x, y, z = np.indices((32, 12, 8))
voxels = ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")
space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[4, 4, 4])
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.layers["image"] = neuroglancer.ImageLayer(
        source=neuroglancer.LocalVolume(voxels, dimensions=space), opacity=1,
        shader="void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }")
    s.layout, s.position, s.cross_section_scale = "xy", [16, 6, 4.5], 1 / 6
    s.show_axis_lines = s.show_scale_bar = s.show_default_annotations = False
    s.cross_section_background_color = "#000000"
"""
SHOWN = 'view = Neuroglancer(viewer, height=300, ui="none")\nview'


def plane(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the grey values in the middle of a picture, ``[x, y]``, one per voxel."""
    nx, ny, _ = SHAPE
    left, top = (picture.shape[1] - 6 * nx) // 2, (picture.shape[0] - 6 * ny) // 2
    cells = picture[top : top + 6 * ny, left : left + 6 * nx].reshape(ny, 6, nx, 6, 3)
    assert (cells == cells[:, :1, :, :1, :1]).all(), "a voxel is not one grey"
    return cells[:, 0, :, 0, 0].T


def voxels(z: int = 4) -> NDArray[np.uint8]:
    """Return the plane that `VOLUME` shows."""
    x, y = np.indices(SHAPE[:2])
    return ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")


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
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, self.folder / name)
        return name

    def read(self, name: str) -> Any:
        """Return what is in a notebook's file."""
        return json.loads((self.folder / name).read_text("utf-8"))

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


# Counts the page's WebGL contexts that are not lost.
CONTEXTS = """
(() => {
  const all = new Set(), { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) all.add(context);
    return context;
  };
  window.contexts = () => [...all].filter((context) => !context.isContextLost()).length;
})();
"""


@dataclass
class Desk:
    """Opens notebooks in one watched browser context."""

    server: Server
    context: BrowserContext
    watch: Any

    def open(self, name: str, app: str = "lab") -> Any:
        """Open a notebook in a tab of its own."""
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        self.server.made += 1
        # A workspace of its own, so that no other notebook is opened again with it.
        folder = f"lab/workspaces/{self.server.made}/tree" if app == "lab" else app
        return driver.Notebook(page, f"{self.server.url}{folder}/{name}").open()

    def new(self, *cells: str, app: str = "lab", run: bool = True) -> Any:
        """Open a new notebook that begins with the cells that make the viewer, and run all."""
        notebook = self.open(self.server.write(EXTENSION, VOLUME, *cells), app)
        if run:
            for cell in range(2 + len(cells)):
                notebook.run(cell)
        return notebook


# JupyterLab's own remarks, and Notebook's.
EXPECTED = (
    "long to activate", "ms to activate", "Connection lost, reconnecting", "is duplicated.", "[yjs#509]",
    "Cannot read properties of undefined (reading 'schema')", "'filebrowser:open-path' not registered",
)  # fmt: skip


@pytest.fixture
def desk(browser: Browser, jupyter: Server, watched: Callable[[BrowserContext], Any]) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1000, "height": 1500})
    context.add_init_script(path=HERE.parent / "component" / "page.js")
    context.add_init_script(CONTEXTS)
    watch = watched(context)
    watch.expect(*EXPECTED)
    yield Desk(jupyter, context, watch)
    context.close()
    watch.check()


@pytest.fixture(scope="session")
def known() -> Any:
    """Give the test modules what they need of the above (they cannot import from a conftest)."""

    class Known:
        EXTENSION, VOLUME, SHOWN = EXTENSION, VOLUME, SHOWN
        voxels, plane = staticmethod(voxels), staticmethod(plane)

    return Known
