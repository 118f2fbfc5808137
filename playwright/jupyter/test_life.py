"""Run again, restarted, closed, copied, moved, scrolled away, with CPython (see life.py)."""

from __future__ import annotations

from typing import Any

from known import SHOWN, moved, right
from life import (
    SHOWS,
    test_a_cell_is_moved,
    test_a_cell_runs_again_and_again,
    test_a_tab_is_closed_and_opened_again,
    test_one_viewer_in_two_cells_and_in_a_view_of_its_own,
    test_scrolled_far_away_and_back,
    test_the_kernel_is_restarted_and_all_cells_run,
    test_two_notebooks_with_two_kernels_in_dark,
)

__all__ = [
    "test_a_cell_is_moved",
    "test_a_cell_runs_again_and_again",
    "test_a_tab_is_closed_and_opened_again",
    "test_one_viewer_in_two_cells_and_in_a_view_of_its_own",
    "test_scrolled_far_away_and_back",
    "test_the_kernel_is_restarted_and_all_cells_run",
    "test_two_notebooks_with_two_kernels_in_dark",
]


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
