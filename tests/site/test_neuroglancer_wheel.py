from __future__ import annotations

import hashlib
from email.parser import Parser
from pathlib import Path

import pytest

from panel_neuroglancer.site import neuroglancer_wheel, wheels
from panel_neuroglancer.site.errors import TamperedFileError, VersionMismatchError
from panel_neuroglancer.site.progress import Progress


@pytest.fixture(scope="module")
def wheel() -> wheels.Wheel:
    return neuroglancer_wheel.derive(Progress(None))


@pytest.fixture(scope="module")
def official(wheel: wheels.Wheel) -> dict[str, bytes]:
    return wheels.unpack(neuroglancer_wheel._official(Progress(None)))


def test_the_same_bytes_every_time(wheel: wheels.Wheel, tmp_path: Path) -> None:
    neuroglancer_wheel._derive.cache_clear()
    again = neuroglancer_wheel.derive(Progress(None))
    first, second = wheel.write(tmp_path / "1"), again.write(tmp_path / "2")
    assert first.name == second.name
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    assert first.name.startswith("neuroglancer-2.41.2+panel.1-")
    assert first.name.endswith("-py3-none-any.whl")
    assert first.stat().st_size < 150_000


def test_metadata_says_that_it_is_derived_and_keeps_the_rest(
    wheel: wheels.Wheel, official: dict[str, bytes]
) -> None:
    before = Parser().parsestr(official["neuroglancer-2.41.2.dist-info/METADATA"].decode())
    after = Parser().parsestr(wheel.files[f"{wheel.dist_info}/METADATA"].decode())
    assert after["Version"] == "2.41.2+panel.1"
    changed = {"Version", "Requires-Dist"}
    assert [item for item in after.items() if item[0] not in changed] == [
        item for item in before.items() if item[0] not in changed
    ]
    assert after.get_payload() == before.get_payload()
    licence = "licenses/LICENSE"
    assert wheel.files[f"{wheel.dist_info}/{licence}"] == official[f"neuroglancer-2.41.2.dist-info/{licence}"]


def test_only_numpy_is_needed_in_the_browser(wheel: wheels.Wheel) -> None:
    browser = {"sys_platform": "emscripten", "extra": ""}
    assert [need.name for need in wheel.requires if not need.marker or need.marker.evaluate(browser)] == [
        "numpy"
    ]
    native = {"sys_platform": "linux", "extra": "webdriver"}
    assert {"tornado", "pillow", "selenium"} <= {
        need.name for need in wheel.requires if need.marker and need.marker.evaluate(native)
    }


def test_no_other_change_than_those_listed(wheel: wheels.Wheel, official: dict[str, bytes]) -> None:
    readme = wheel.files[f"{wheel.dist_info}/README.derived"].decode()
    ours = {path: data for path, data in wheel.files.items() if path.startswith("neuroglancer/")}
    theirs = {path: data for path, data in official.items() if path.startswith("neuroglancer/")}
    changed = {path for path in theirs if path in ours and ours[path] != theirs[path]}
    assert {
        path for path in changed | (ours.keys() - theirs.keys()) if f"- {Path(path).name}: " not in readme
    } == set()
    left = {
        path for path in theirs.keys() - ours.keys() if not path.startswith("neuroglancer/static/client/")
    }
    assert left == {"neuroglancer/_neuroglancer.abi3.so"}
    assert "- .*\\.so: " in readme
    assert "- neuroglancer/static/client/.*: " in readme


def test_every_module_compiles_and_none_needs_a_server(wheel: wheels.Wheel) -> None:
    for path, data in wheel.files.items():
        if path.endswith(".py"):
            compile(data, path, "exec")
            assert b"import tornado" not in data, path


def test_another_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_NEUROGLANCER_CACHE", str(tmp_path))
    folder = tmp_path / "pypi" / "neuroglancer==2.41.2"
    folder.mkdir(parents=True)
    (folder / "neuroglancer-2.41.2-py3-none-any.whl").write_bytes(b"not the one")
    with pytest.raises(TamperedFileError, match=r"is not the official wheel of neuroglancer 2\.41\.2"):
        neuroglancer_wheel.derive(Progress(None))


def test_an_edit_that_no_longer_fits_is_refused() -> None:
    with pytest.raises(VersionMismatchError, match="0 times instead of once"):
        neuroglancer_wheel._replace("other text", "old", "new", "chunks.py")
