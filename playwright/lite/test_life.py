"""Run again, restarted, closed, copied, moved, scrolled away, in JupyterLite (see playwright/jupyter/life.py)."""

from __future__ import annotations

from typing import Any

from known import SHOWN, moved, right, run_all
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


def test_reopened_in_another_page_there_is_a_picture_until_it_runs(desk: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(SHOWS)
    moved(notebook, SHOWS, 5.5)
    right(notebook, SHOWS, 5)
    saved = desk.saved(notebook, SHOWS)
    assert "data:image/" in saved
    assert len(saved) <= 50_000
    # With the page its Python ends: else the viewer would go on.
    notebook.page.close()
    desk.lab = desk.kernel = None
    again = desk.open(notebook.name)
    again.page.evaluate("book().content.scrollToItem(2)")
    again.page.get_by_text("Run this cell to bring the viewer to life.").wait_for()
    assert again.page.evaluate("deep('div[style*=\"data:image/jpeg\"]').length") == 1
    run_all(again)
    right(again, SHOWS)
    moved(again, SHOWS, 6.5)
    again.page.close()
