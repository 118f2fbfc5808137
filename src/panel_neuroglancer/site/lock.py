"""The site's ``pyodide-lock.json``: everything the app loads, by name, with hashes, and no cycles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyodide_lock import PyodideLockSpec

from .errors import DependencyCycleError
from .fetch import sha256
from .wheels import Wheel

# Each imports the other only when asked to: either can come first.
HARMLESS = {("panel-material-ui", "panel")}


def entry(wheel: Wheel, path: Path, depends: list[str]) -> dict[str, Any]:
    """Describe a wheel file."""
    return {
        "name": wheel.name,
        "version": wheel.version,
        "file_name": path.name,
        "install_dir": "site",
        "sha256": sha256(path),
        "package_type": "package",
        "imports": wheel.imports,
        "depends": depends,
        "unvendored_tests": False,
    }


def without_harmless(depends: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Break the cycles that are known to be harmless."""
    return {name: [need for need in needs if (name, need) not in HARMLESS] for name, needs in depends.items()}


def check_cycles(depends: Mapping[str, list[str]]) -> None:
    """Raise DependencyCycleError if packages need each other: `loadPackage` would wait for ever, without a word."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            cycle = " → ".join([*path[path.index(name) :], name])
            raise DependencyCycleError(
                f"These packages need each other: {cycle}. Pyodide cannot load them. Leave one of them out, or report it so "
                f"that the harmless direction can be listed in panel_neuroglancer.site.lock.HARMLESS."
            )
        if name not in done:
            for need in depends.get(name, []):
                visit(need, [*path, name])
            done.add(name)

    for name in depends:
        visit(name, [])


def write(path: Path, info: dict[str, Any], entries: Mapping[str, dict[str, Any]]) -> None:
    """Write the lock after Pyodide's own model has checked its form."""
    check_cycles({name: item["depends"] for name, item in entries.items()})
    lock = {"info": info, "packages": dict(sorted(entries.items()))}
    PyodideLockSpec.model_validate(lock)
    path.write_text(json.dumps(lock, indent=1, ensure_ascii=False), encoding="utf8")
