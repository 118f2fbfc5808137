"""Drop what no browser ever loads, and check that nothing loads what is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .. import assets
from ..errors import ExternalResourceError
from ..install import FOLDER

DROPPED = (
    "**/*.map",
    "**/*.d.ts",
    "**/third-party-licenses.json.map",
    # Every browser with WebGL 2 takes woff2.
    "build/*.eot",
    "build/*.ttf",
    "build/*.woff",
    "build/fa-*.svg",
    "extensions/@jupyterlite/pyodide-kernel-extension/static/pypi/*.whl",  # in the lock, with all others
)


def prune(site: Path) -> int:
    """Delete such files and return their size."""
    total = 0
    for pattern in DROPPED:
        for path in site.glob(pattern):
            total += path.stat().st_size
            path.unlink()
    return total


def check(site: Path) -> None:
    """Raise ExternalResourceError if the pages, the settings or the lock name another host."""
    for page in site.rglob("*.html"):
        if "files" not in page.relative_to(site).parts[:1]:
            assets.check_self_contained(page.read_text(encoding="utf8"), page.relative_to(site).as_posix())
    for path in (*site.rglob("jupyter-lite.json"), site / FOLDER / "pyodide-lock.json"):
        if found := sorted(set(_addresses(json.loads(path.read_bytes())))):
            raise ExternalResourceError(
                f"{path.relative_to(site).as_posix()} names {', '.join(found)}. A site of notebooks loads nothing from other "
                "hosts: report this as a bug."
            )


def _addresses(value: object, key: str = "") -> list[str]:
    """Return the addresses of other hosts among the values that are loaded."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in _addresses(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in _addresses(item, key)]
    return re.findall(r"^(?:https?:)?//\S+", value) if isinstance(value, str) and "schema" not in key else []
