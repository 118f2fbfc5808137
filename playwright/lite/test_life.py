"""Run again, restarted, closed, copied, moved, scrolled away, in JupyterLite (see playwright/jupyter/life.py)."""

from __future__ import annotations

from typing import Any

from known import SHOWN, moved, right, run_all
from life import *  # noqa: F403 - its tests
from life import SHOWS


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
