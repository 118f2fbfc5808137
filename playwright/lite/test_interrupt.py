"""Cells that do not end are interrupted from the toolbar, though the kernel's worker shares no memory with the page."""

from __future__ import annotations

from typing import Any

import pytest
from known import SHOWN, right

COMPUTES = """
while True:
    pass
"""
SLEEPS = """
import time
time.sleep(3600)
"""
AWAITS = """
import asyncio
try:
    await asyncio.gather(asyncio.sleep(3600), asyncio.Event().wait())
finally:
    ended = True
"""
ENDLESS = {
    "computes": (COMPUTES, "KeyboardInterrupt"),
    "sleeps": (SLEEPS, "KeyboardInterrupt"),
    "awaits": (AWAITS, "CancelledError"),
}


def begin(notebook: Any, cell: int) -> int:
    started: int = notebook.start(cell)
    notebook.until("the kernel is not busy", "kernel().status === 'busy'")
    return started


def interrupt(notebook: Any, cell: int, started: int, error: str) -> None:
    # JupyterLab looks for the traceback's files.
    notebook.watch.expect("Failed to load resource", "don't worry, about")
    notebook.page.locator("[data-command='notebook:interrupt-kernel']:visible").click()
    with pytest.raises(AssertionError, match=error):
        notebook.finish(cell, started)
    notebook.until("the kernel is still busy", "kernel().status === 'idle'")


@pytest.mark.parametrize("what", ENDLESS)
def test_a_cell_that_does_not_end_is_interrupted(desk: Any, what: str) -> None:
    cell, error = ENDLESS[what]
    notebook = desk.new(SHOWN, cell, run=False)
    for before in range(3):
        notebook.run(before)
    notebook.drawn(2)
    started = begin(notebook, 3)
    # What the page has, it draws.
    notebook.view(2, "v.position.value = Float32Array.of(16, 6, 6.5)")
    notebook.until_state(2, "s.position[2] === 6.5")
    right(notebook, 2, 6)
    interrupt(notebook, 3, started, error)
    # Nothing is lost: neither what Python had nor what it was told meanwhile.
    notebook.until_python("viewer.state.position.tolist() == [16, 6, 6.5]")
    assert what != "awaits" or notebook.ask("ended")
    # One interrupt ends one cell.
    interrupt(notebook, 3, begin(notebook, 3), error)
    assert notebook.python("print(1 + 1)") == "2"


def test_an_interrupt_is_for_one_kernel(desk: Any) -> None:
    computing = desk.new(COMPUTES, run=False)
    awaiting = desk.new_beside(computing, AWAITS, run=False)
    begun = {}
    for notebook in (computing, awaiting):
        turn_to(notebook)
        begun[notebook.name] = begin(notebook, 2)
    interrupt(awaiting, 2, begun[awaiting.name], "CancelledError")
    turn_to(computing)
    assert computing.page.evaluate("kernel().status") == "busy"
    interrupt(computing, 2, begun[computing.name], "KeyboardInterrupt")


def turn_to(notebook: Any) -> None:
    """Turn to a notebook, though its kernel may be busy."""
    notebook.page.evaluate(
        "name => { window.bookName = name; jupyterapp.shell.activateById(book().id) }", notebook.name
    )
