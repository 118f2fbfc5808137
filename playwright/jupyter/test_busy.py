"""While a cell awaits, or computes, the viewer lives; cells can be interrupted."""

from __future__ import annotations

from typing import Any

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


def running(desk: Any, known: Any, cell: str) -> Any:
    """Open a notebook with a viewer, and begin to run a cell below it."""
    notebook = desk.new(known.SHOWN, cell, run=False)
    for before in range(3):
        notebook.run(before)
    notebook.drawn()
    notebook.until("view.ready")
    notebook.start(3)
    notebook.busy()
    return notebook


def test_the_viewer_lives_while_a_cell_awaits(desk: Any, known: Any) -> None:
    notebook = running(desk, known, AWAIT)
    notebook.view("v.position.value = Float32Array.of(16, 6, 5.5)")
    assert notebook.finish() is None
    assert notebook.python("seen")[2] == 5.5


def test_the_viewer_draws_while_a_cell_computes_and_the_cell_is_interrupted(desk: Any, known: Any) -> None:
    notebook = running(desk, known, BUSY)
    notebook.view("v.position.value = Float32Array.of(16, 6, 6.5)")
    notebook.wait("v.state.toJSON().position[2] === 6.5 && v.isReady()")
    assert (known.plane(notebook.picture()) == known.voxels(6)).all()
    notebook.command("notebook:interrupt-kernel")
    assert "KeyboardInterrupt" in str(notebook.finish())
    notebook.until("viewer.state.position.tolist() == [16, 6, 6.5]")
