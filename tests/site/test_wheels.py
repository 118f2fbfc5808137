"""Wheels as data: what goes in, what is left out, and that the same files make the same bytes."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from panel_neuroglancer.site import wheels
from panel_neuroglancer.site.errors import SiteError, TamperedFileError

Make = Callable[..., wheels.Wheel]


def test_written_wheels_have_a_true_record_and_depend_on_nothing_else(
    make_wheel: Make, tmp_path: Path
) -> None:
    path = make_wheel("nice-name").write(tmp_path / "a")
    again = make_wheel("nice-name").write(tmp_path / "b")
    assert path.name == again.name
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("nice_name-1.0.dist-info/RECORD").decode())))
        for name, digest, length in rows[:-1]:
            data = archive.read(name)
            assert (
                digest
                == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            )
            assert int(length) == len(data)
        assert {row[0] for row in rows} == set(archive.namelist())


def test_a_wheels_name_changes_with_its_content(make_wheel: Make, tmp_path: Path) -> None:
    wheel = make_wheel("thing")
    other = wheels.Wheel(wheel.name, wheel.version, {**wheel.files, "thing.py": b"VALUE = 2\n"})
    assert wheel.write(tmp_path).name != other.write(tmp_path).name


def test_reading_gives_back_what_was_written(make_wheel: Make, tmp_path: Path) -> None:
    wheel = wheels.from_file(
        make_wheel("thing", "2.0", ("numpy>=2; sys_platform != 'win32'",)).write(tmp_path)
    )
    assert (wheel.name, wheel.version, wheel.tag, wheel.imports) == (
        "thing",
        "2.0",
        "py3-none-any",
        ["thing"],
    )
    assert [str(need) for need in wheel.requires] == ['numpy>=2; sys_platform != "win32"']


def test_a_file_that_is_no_wheel(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    path.write_bytes(wheels.pack({"thing.py": b""}))
    with pytest.raises(SiteError, match=r"is no wheel: it has no \.dist-info/METADATA"):
        wheels.from_file(path)


def test_panel_is_slim_and_keeps_what_python_reads() -> None:
    panel = wheels.installed("panel")
    assert panel is not None
    assert "panel/package.json" in panel.files
    assert "panel/dist/css/loading.css" in panel.files
    scripts = [
        path for path in panel.files if path.startswith("panel/dist/") and path.endswith((".js", ".map"))
    ]
    assert all("reactiveesm" in path for path in scripts)
    assert sum(map(len, panel.files.values())) < 8_000_000


def test_a_compiled_distribution_is_no_pure_wheel() -> None:
    assert wheels.installed("numpy") is None
    assert wheels.installed("no-such-distribution") is None


@pytest.mark.parametrize(
    ("name", "module"), [("markupsafe", "markupsafe/_native.py"), ("pyyaml", "yaml/scanner.py")]
)
def test_what_has_a_pure_fallback_comes_without_its_compiled_part(name: str, module: str) -> None:
    wheel = wheels.installed(name)
    assert wheel is not None
    assert module in wheel.files
    assert not [path for path in wheel.files if path.endswith((".so", ".pyd", ".c"))]
    assert b"Tag: py3-none-any" in wheel.files[f"{wheel.dist_info}/WHEEL"]


@pytest.fixture
def somewhere(make_wheel: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution `thing`; returns the folder of its module."""
    with zipfile.ZipFile(make_wheel("thing").write(tmp_path)) as archive:
        archive.extractall(tmp_path / "lib")
    found = metadata.Distribution.at(tmp_path / "lib" / "thing-1.0.dist-info")
    monkeypatch.setattr(wheels.metadata, "distribution", lambda name: found)
    return tmp_path / "lib"


def test_an_installed_distribution_becomes_a_wheel(somewhere: Path) -> None:
    wheel = wheels.installed("thing")
    assert wheel is not None
    assert wheel.files["thing.py"] == b"VALUE = 'thing'\n"
    assert f"{wheel.dist_info}/RECORD" not in wheel.files


def test_an_installed_file_that_was_changed_is_turned_down(somewhere: Path) -> None:
    (somewhere / "thing.py").write_text("VALUE = 'evil'\n")
    with pytest.raises(TamperedFileError, match=r"thing\.py of the installed thing 1\.0.*--force-reinstall"):
        wheels.installed("thing")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of this package's layout, with a built engine."""
    for path in (
        "view.py",
        "cli.py",
        "py.typed",
        "site/convert.py",
        "session.py",
        "browser/server.py",
        "dist/loader.js",
        "dist/loader.packed.js",
        "dist/heap.js",
        "dist/engine.json",
        "dist/engine/engine-1.js",
    ):
        target = tmp_path / "src" / "panel_neuroglancer" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nversion = "7.1"\ndependencies = ["panel>=1.9", "neuroglancer; sys_platform != \'emscripten\'"]'
    )
    return tmp_path / "src" / "panel_neuroglancer"


def test_our_own_wheel_has_the_loader_but_neither_engine_nor_builder_nor_what_neuroglancers_carries(
    package: Path,
) -> None:
    wheel = wheels.own(package)
    assert wheel.version == "7.1"
    assert {path.removeprefix("panel_neuroglancer/") for path in wheel.files if "dist-info" not in path} == {
        "view.py", "session.py", "py.typed", "dist/loader.js", "dist/loader.packed.js",
        "dist/heap.js", "dist/engine.json",
    }  # fmt: skip
    assert [need.name for need in wheel.requires] == ["panel", "neuroglancer"]


def test_our_own_wheel_needs_the_built_loader(package: Path) -> None:
    (package / "dist" / "loader.js").unlink()
    with pytest.raises(SiteError, match="Run `make js`"):
        wheels.own(package)
