"""A Pyodide distribution of two tiny wheels, and a site made by the real command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from panel_neuroglancer.site import fetch, runtime, wheels
from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

APPS = Path(__file__).parent / "apps"
SMALL = 'import panel as pn\npn.pane.HTML("<b>${here}</b></script>").servable()\n'


def make_wheel(
    name: str, version: str = "1.0", requires: tuple[str, ...] = (), tag: str = "py3-none-any"
) -> wheels.Wheel:
    """Return a wheel of one module, named as the package."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    files = {
        f"{module}.py": f"VALUE = {name!r}\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    return wheels.Wheel(name, version, files, tag)


@pytest.fixture(name="make_wheel")
def _make_wheel() -> Callable[..., wheels.Wheel]:
    return make_wheel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no host that is remembered as unreachable."""
    monkeypatch.setenv("PANEL_NEUROGLANCER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "_unreachable", set())
    return tmp_path / "cache"


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    """The files of a distribution: the compiled packages `fastmath` and `fastplot`, which needs it."""
    folder = tmp_path / "distribution"
    packages = {}
    for name, depends in {"fastmath": [], "fastplot": ["fastmath"]}.items():
        path = make_wheel(name, tag="cp312-cp312-pyodide_2024_0_wasm32").write(folder)
        packages[name] = {
            "name": name, "version": "1.0", "file_name": path.name, "install_dir": "site", "package_type": "package",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "imports": [name], "depends": depends,
            "unvendored_tests": False,
        }  # fmt: skip
    info = {
        "abi_version": "2024_0",
        "arch": "wasm32",
        "platform": "emscripten_3_1_58",
        "python": "3.12.7",
        "version": "9.9.9",
    }
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": info, "packages": packages}))
    (folder / "pyodide.mjs").write_text("// Pyodide")
    return folder


@pytest.fixture
def make_runtime(
    cache: Path, distribution: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], runtime.Runtime]:
    """Return runtimes of version 9.9.9 whose core is already in the cache and which no network has."""
    core = {}
    for name in ("pyodide-lock.json", "pyodide.mjs"):
        fetch.write_atomically(
            cache / "pyodide" / "9.9.9" / "core" / name, (distribution / name).read_bytes()
        )
        core[name] = fetch.sha256(distribution / name)
    fetch.write_atomically(cache / "pyodide" / "9.9.9" / "core.json", json.dumps(core).encode())
    monkeypatch.setenv("PANEL_NEUROGLANCER_PYODIDE_CDN", "")
    return lambda: runtime.Runtime("9.9.9")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test app as a local site for both targets, with some data beside it."""
    folder = tmp_path_factory.mktemp("site")
    data = folder / "numbers.txt"
    data.write_text("1 2 3")
    options = Options(
        ("pyodide", "pyodide-worker"), data=((data, "data/numbers.txt"),), title="Count <together>"
    )
    convert([APPS / "counter.py"], folder / "out", options, Progress(None))
    return folder / "out"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A small app."""
    path = tmp_path / "small.py"
    path.write_text(SMALL)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A site that is there already."""
    (tmp_path / "out" / "static" / "boot").mkdir(parents=True)
    (tmp_path / "out" / "static" / "boot" / "page.js").write_text("// old")
    return tmp_path / "out"
