"""The lessons and the workshop in JupyterLite: from top to bottom, with what each viewer shows, and with a hand on the mouse."""

from __future__ import annotations

from typing import Any

import pytest
from lessons import QUICKSTART, Lesson, every_lesson


@every_lesson
def test_a_lesson_in_notebook(desk: Any, lesson: Lesson) -> None:
    book = desk.open(lesson.path, "notebooks")
    lesson.walk(book)
    book.page.close()


@pytest.fixture(scope="module")
def lab(site: Any) -> Any:
    """JupyterLab, in which one lesson comes after the other, as a student has it."""
    return site.open(QUICKSTART.path, "lab")


@every_lesson
def test_a_lesson_in_lab(desk: Any, lab: Any, lesson: Lesson) -> None:
    book = lab.beside(lesson.path)
    lesson.walk(book)
    book.close()
    book.until("a viewer's picture is kept", "contexts() === 0")
    assert book.page.evaluate("deep('.panel-neuroglancer-viewer').length") == 0
