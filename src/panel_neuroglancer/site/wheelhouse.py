"""The wheels alone, for pages that are made in other ways: Panel's own converter, PyScript, a page written by hand."""

from __future__ import annotations

from pathlib import Path

from ..errors import size
from . import neuroglancer_wheel, wheels
from .assets import PACKAGE, steady_engine
from .progress import Progress


def write_wheels(out: Path, progress: Progress | None = None) -> list[Path]:
    """Write this package with the viewer inside, and the official ``neuroglancer`` made fit for the browser.

    Raises
    ------
    SiteError
        If the viewer was not built, or the official package cannot be had.
    """
    progress = progress or Progress()
    with steady_engine():
        made = [wheels.own(PACKAGE, engine=True), neuroglancer_wheel.derive(progress)]
    paths = [wheel.write(out) for wheel in made]
    for path in paths:
        progress.say(f"{path}, {size(path.stat().st_size)}")
    return paths
