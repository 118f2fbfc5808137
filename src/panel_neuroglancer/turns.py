"""One thread at a time in what Panel does for notebooks.

JupyterLab (4.4) has an output's messages handled beside the cells, in threads of the kernel (ipykernel 7, subshells). So a viewer
lives while a cell runs. But Panel (1.9.4) sends a message in several pieces, and keeps what came and what is to go in one
list: threads that do both mix the pieces and lose what is in the list.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from panel.pane.base import Pane
from panel.reactive import Syncable
from panel.viewable import MimeRenderMixin

lock = threading.RLock()


def _in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return method(*args, **kwargs)

    wrapped.takes_turns = True  # type: ignore[attr-defined]
    return wrapped


def take_turns() -> None:
    """Let threads take turns from now on. Called when a viewer is shown in a notebook."""
    for owner, name in (
        (MimeRenderMixin, "_on_msg"),
        (Syncable, "_apply_update"),
        (Pane, "_update_pane"),
    ):
        method = vars(owner)[name]
        if not getattr(method, "takes_turns", False):
            setattr(owner, name, _in_turn(method))
