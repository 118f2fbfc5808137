"""Run again, restarted, closed, copied, moved, scrolled away, with CPython (see life.py)."""

from __future__ import annotations

from typing import Any

from known import SHOWN, moved, right
from life import *  # noqa: F403 - its tests
from life import SHOWS


def test_the_page_is_loaded_again(desk: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(SHOWS)
    notebook.command("docmanager:save")
    moved(notebook, SHOWS, 5.5)
    notebook.load()
    notebook.until_state(SHOWS, "s.position[2] === 5.5")
    right(notebook, SHOWS, 5)
    assert notebook.ask("viewer.state.position.tolist()") == [16, 6, 5.5]
    moved(notebook, SHOWS, 6.5)
