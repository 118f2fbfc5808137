"""One thread at a time in what Panel does for notebooks.

JupyterLab (4.4) has an output's messages handled beside the cells, in threads of the kernel (ipykernel 7, subshells). So a viewer
lives while a cell runs. But Panel (1.9.4) sends a message in several pieces, and keeps what came and what is to go in one
list: threads that do both mix the pieces and lose what is in the list. And pyviz_comms (3.0.6) takes what is printed while it handles
a message, to show it below the output, from all threads: what the cell prints just then is not seen, and when two threads have
done so at once, nothing that is printed is ever seen again.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

import pyviz_comms  # type: ignore[import-untyped]
from panel.pane.base import Pane
from panel.reactive import Syncable
from panel.viewable import MimeRenderMixin

lock = threading.RLock()
_printed = threading.local()


class _Output:
    """Stands in for ``sys.stdout``: what a thread prints goes where that thread wants it, if it does."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(_printed, "to", None) or self._real, name)


class Printed(list[str]):
    """The lines that a thread prints in a ``with`` block; in place of ``pyviz_comms.StandardOutput``."""

    def __enter__(self) -> Printed:
        if not isinstance(sys.stdout, _Output):
            sys.stdout = _Output(sys.stdout)
        self._before, _printed.to = getattr(_printed, "to", None), StringIO()
        return self

    def __exit__(self, *_: object) -> None:
        self.extend(_printed.to.getvalue().splitlines())
        _printed.to = self._before


def _in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return method(*args, **kwargs)

    wrapped.takes_turns = True  # type: ignore[attr-defined]
    return wrapped


def take_turns() -> None:
    """Let threads take turns from now on. Called when a viewer is shown in a notebook."""
    pyviz_comms.StandardOutput = Printed
    for owner, name in (
        (MimeRenderMixin, "_on_msg"),
        (Syncable, "_apply_update"),
        (Pane, "_update_pane"),
    ):
        method = vars(owner)[name]
        if not getattr(method, "takes_turns", False):
            setattr(owner, name, _in_turn(method))
