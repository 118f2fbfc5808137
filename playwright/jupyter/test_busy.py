"""While a cell awaits, or computes, the viewer lives; cells can be interrupted."""

from __future__ import annotations

from typing import Any

import pytest
from known import SHOWN, right

AWAIT = """
import asyncio
changed = asyncio.Event()
loop = asyncio.get_running_loop()
watcher = view.param.watch(lambda event: loop.call_soon_threadsafe(changed.set), "position")
await asyncio.wait_for(changed.wait(), 60)
seen = view.position
"""
BUSY = """
while True:
    pass
"""


def running(desk: Any, cell: str) -> tuple[Any, int]:
    """Open a notebook with a viewer, and begin to run a cell below it."""
    notebook = desk.new(SHOWN, cell, run=False)
    for before in range(3):
        notebook.run(before)
    notebook.drawn(2)
    notebook.until_python("view.ready")
    started = notebook.start(3)
    notebook.until("the kernel is not busy", "kernel().status === 'busy'")
    return notebook, started


def test_the_viewer_lives_while_a_cell_awaits(desk: Any) -> None:
    notebook, started = running(desk, AWAIT)
    notebook.view(2, "v.position.value = Float32Array.of(16, 6, 5.5)")
    notebook.finish(3, started)
    assert notebook.ask("seen")[2] == 5.5


def test_the_viewer_draws_while_a_cell_computes_and_the_cell_is_interrupted(desk: Any) -> None:
    notebook, started = running(desk, BUSY)
    notebook.view(2, "v.position.value = Float32Array.of(16, 6, 6.5)")
    notebook.until_state(2, "s.position[2] === 6.5")
    right(notebook, 2, 6)
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel').then(() => {})")
    with pytest.raises(AssertionError, match="KeyboardInterrupt"):
        notebook.finish(3, started)
    notebook.until_python("viewer.state.position.tolist() == [16, 6, 6.5]")
