"""A new site takes the old one's place only when it is whole, and never that of something else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BadInputError


def check_target(out: Path, marker: str) -> None:
    """Raise BadInputError if there is something in `out` and it has no file `marker`, as every site of ours has."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / marker).exists())):
        raise BadInputError(
            f"{out} has something in it that is not a site made by this command: choose another --out or empty it."
        )


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside `out` that takes its place if all goes well."""
    out.parent.mkdir(parents=True, exist_ok=True)
    stage, old = (out.with_name(f".{out.name}.{suffix}-{os.getpid()}") for suffix in ("new", "old"))
    stage.mkdir()
    try:
        yield stage
        if out.exists():
            out.rename(old)
        stage.rename(out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not out.exists() and old.exists():
            old.rename(out)
        shutil.rmtree(old, ignore_errors=True)
