"""Errors that say what was wrong, what was expected and what to do."""

from __future__ import annotations

from typing import Any


def size(count: float) -> str:
    """Return a number of bytes as people read it: ``1.2 MB`` is 1 200 000 bytes.

    Examples
    --------
    >>> size(999), size(64_000_000), size(123_456_789), size(1 << 30)
    ('999 B', '64.0 MB', '123 MB', '1.1 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"


class NeuroglancerError(ValueError):
    """Base of the errors about what was given to the viewer.

    Parameters
    ----------
    what
        What was wrong, with the offending value.
    expected
        What would have been right.
    fix
        What the reader can do about it.

    Examples
    --------
    >>> error = NeuroglancerError("position is 'x'.", "Expected a list of numbers.", "Pass [x, y, z].")
    >>> print(error)
    position is 'x'. Expected a list of numbers. Pass [x, y, z].
    """

    kind = "state"

    def __init__(self, what: str, expected: str, fix: str) -> None:
        super().__init__(f"{what} {expected} {fix}")
        self.what, self.expected, self.fix = what, expected, fix

    def to_json(self) -> dict[str, Any]:
        """Return the error as the viewer's ``errors`` list holds it."""
        return {"kind": self.kind, "layer": None, "message": f"{self.what} {self.expected}", "fix": self.fix}


class StateError(NeuroglancerError):
    """A viewer state, or a part of one, is malformed."""


class UrlError(NeuroglancerError):
    """A link holds no viewer state and names no data source."""

    kind = "bad-url"


class DataError(NeuroglancerError):
    """A Python viewer's volume is nothing that Neuroglancer can draw."""

    kind = "data"


class ReadError(NeuroglancerError):
    """A Python viewer's source failed while a part of it was read."""

    kind = "read"


class BakeLimitError(NeuroglancerError):
    """The data of a page that is to carry it is larger than allowed."""

    kind = "limit"
