"""One line per step, so that nobody stares at a silent terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import size


def tree_size(folder: Path) -> int:
    """Return the bytes of all files under `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Progress:
    """Writes steps to a stream.

    Parameters
    ----------
    stream
        Where to write; standard error by default. None keeps silent.
    """

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self.stream = stream

    def say(self, text: str) -> None:
        """Write one line."""
        if self.stream is not None:
            print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[list[str]]:
        """Announce a step that may take long; the result's details go into the list it yields."""
        details: list[str] = []
        start = time.monotonic()
        if self.stream is not None:
            print(f"  {text} …", end="", file=self.stream, flush=True)
        try:
            yield details
        except BaseException:
            self.say(" failed")
            raise
        self.say(" " + ", ".join([*details, f"{time.monotonic() - start:.1f} s"]))

    def table(self, rows: Iterable[tuple[str, str]]) -> None:
        """Write two aligned columns."""
        rows = list(rows)
        width = max((len(left) for left, _ in rows), default=0)
        for left, right in rows:
            self.say(f"  {left:<{width}}  {right:>12}")

    def sizes(self, sizes: Mapping[str, int]) -> None:
        """Write the bytes of a site's parts, largest first, the small ones as one; "" is Python itself."""
        rows = sorted(((name or "Python", count) for name, count in sizes.items()), key=lambda row: -row[1])
        large = [row for row in rows if row[1] >= 200_000]
        small = sum(sizes.values()) - sum(count for _, count in large)
        self.table(
            (name, size(count))
            for name, count in [*large, (f"{len(rows) - len(large)} smaller parts", small)]
        )
