"""The wheel as users get it: what is in it, that it works with no Node and no checkout, and that the sdist can make it again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest


def run(*command: Any, **options: Any) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose PATH holds neither node nor npm nor git."""
    empty = tmp_path_factory.mktemp("bin")
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PANEL_", "VIRTUAL_ENV", "NODE"))
    }
    return {**env, "PATH": str(empty)}


@pytest.fixture(scope="module")
def built(known: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, and the wheel that is made of it; by ending."""
    out = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, known.ROOT)
    return {path.name.rpartition(".")[2]: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def python(built: dict[str, Path], bare: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel and, by way of a link, what it depends on, but not the checkout."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-deps", "--no-index", built["whl"], env=bare)
    packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", env=bare).strip()
    )
    # A plain path, after the environment's own: the .pth file of the checkout in there is not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_what_is_in_the_wheel(built: dict[str, Path]) -> None:
    assert built["whl"].name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(built["whl"]) as wheel:
        names = set(wheel.namelist())
        engine = json.loads(wheel.read("panel_neuroglancer/dist/engine.json"))
        assert {f"panel_neuroglancer/dist/engine/{name}" for name in engine["files"]} <= names
        for name, file in engine["files"].items():
            assert wheel.getinfo(f"panel_neuroglancer/dist/engine/{name}").file_size == file["bytes"]
        assert {
            "panel_neuroglancer/dist/loader.js",
            "panel_neuroglancer/py.typed",
            "panel_neuroglancer/site/page/page.js",
        } <= names
        licences = [wheel.read(name).decode() for name in names if name.endswith("THIRD_PARTY_LICENSES.txt")]
        assert licences
        for text in licences:
            assert "neuroglancer" in text
            assert "Apache License" in text
        metadata = message_from_bytes(
            wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA")))
        )
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert any(need.startswith("panel<2,>=1.9") for need in metadata.get_all("Requires-Dist"))
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".map"))]


def test_the_sdist_makes_the_same_wheel_without_node_and_git(
    built: dict[str, Path], bare: dict[str, str], tmp_path: Path
) -> None:
    with tarfile.open(built["gz"]) as sdist:
        sdist.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--outdir",
        tmp_path / "out",
        source,
        env=bare,
    )
    (again,) = (tmp_path / "out").iterdir()
    with zipfile.ZipFile(built["whl"]) as first, zipfile.ZipFile(again) as second:
        assert {i.filename: i.CRC for i in first.infolist()} == {i.filename: i.CRC for i in second.infolist()}


def test_jupyterlab_finds_the_wheels_extension(python: Path, bare: dict[str, str]) -> None:
    program = "from jupyterlab.labextensions import main; main()"
    done = subprocess.run(
        [python, "-c", program, "list"],
        capture_output=True,
        text=True,
        check=True,
        env={**bare, "NO_COLOR": "1"},
    )
    said = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    _, _, found = said.partition(str(python.parents[1] / "share/jupyter/labextensions"))
    assert re.search(r"^\s*panel-neuroglancer v\S+ enabled OK", found, re.MULTILINE), said


@pytest.fixture
def installed(
    python: Path, bare: dict[str, str], known: Any, data: Path, tmp_path: Path, panel_serve: Any
) -> Iterator[str]:
    app = known.HERE / "apps" / "one.py"
    options = ("--static-dirs", f"data={data}")
    with panel_serve([app], tmp_path / "log.txt", *options, python=str(python), PATH=bare["PATH"]) as url:
        yield url


def test_the_installed_wheel_draws_under_panel_serve(
    desk: Any, installed: str, python: Path, bare: dict[str, str], known: Any
) -> None:
    where = run(
        python, "-c", "import panel_neuroglancer; print(panel_neuroglancer.__file__)", env=bare
    ).strip()
    assert where.startswith(str(python.parents[1])), "not the wheel's own files"
    desk.address = lambda runtime, app: f"{installed}{app}"
    app = desk.open("serve", "one")
    app.until("p.ready")
    assert app.picture()[111, 121, 0] == known.voxels()[16, 6, 4]
    app.drag(30, 24)
    app.until("p.position[0] === 11")
