"""The lock: complete, in Pyodide's own form, and without cycles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from panel_neuroglancer.site import lock
from panel_neuroglancer.site.errors import DependencyCycleError
from panel_neuroglancer.site.fetch import sha256
from panel_neuroglancer.site.wheels import Wheel

INFO = {
    "abi_version": "2024_0",
    "arch": "wasm32",
    "platform": "emscripten_3_1_58",
    "python": "3.12.7",
    "version": "0.27.7",
}


def test_a_cycle_is_named() -> None:
    with pytest.raises(DependencyCycleError, match="b → c → d → b"):
        lock.check_cycles({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]})


def test_a_package_that_needs_itself() -> None:
    with pytest.raises(DependencyCycleError, match="a → a"):
        lock.check_cycles({"a": ["a"]})


def test_diamonds_are_no_cycles() -> None:
    lock.check_cycles({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})


def test_the_known_cycle_is_broken_on_one_side() -> None:
    depends = {"panel": ["panel-material-ui", "param"], "panel-material-ui": ["panel"], "param": []}
    broken = lock.without_harmless(depends)
    assert broken == {"panel": ["panel-material-ui", "param"], "panel-material-ui": [], "param": []}
    lock.check_cycles(broken)
    with pytest.raises(DependencyCycleError, match="panel → panel-material-ui → panel"):
        lock.check_cycles(depends)


def test_a_written_lock_describes_the_wheel(make_wheel: Callable[..., Wheel], tmp_path: Path) -> None:
    wheel = make_wheel("thing")
    path = wheel.write(tmp_path)
    lock.write(tmp_path / "lock.json", INFO, {"thing": lock.entry(wheel, path, [])})
    entry = json.loads((tmp_path / "lock.json").read_text())["packages"]["thing"]
    assert (entry["file_name"], entry["sha256"], entry["imports"]) == (path.name, sha256(path), ["thing"])


def test_a_lock_of_another_form_is_not_written(make_wheel: Callable[..., Wheel], tmp_path: Path) -> None:
    wheel = make_wheel("thing")
    entry = {**lock.entry(wheel, wheel.write(tmp_path), []), "package_type": "parcel"}
    with pytest.raises(ValidationError):
        lock.write(tmp_path / "lock.json", INFO, {"thing": entry})
    assert not (tmp_path / "lock.json").exists()
