"""The lessons of the site of notebooks with a CPython kernel, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from lessons import LESSONS, Lesson

ROOT = Path(__file__).parents[2]
FOLDER = "lessons"


@pytest.fixture(scope="module", autouse=True)
def lessons(jupyter: Any) -> None:
    shutil.copytree(ROOT / "lite/notebooks", jupyter.folder / FOLDER)
    shutil.copytree(ROOT / "build/data/mni152", jupyter.folder / FOLDER / "data/mni152")


# Two in JupyterLab, and the workshop in Notebook; JupyterLite runs all in both.
@pytest.mark.parametrize(
    ("lesson", "app"),
    [(LESSONS[0], "lab"), (LESSONS[2], "lab"), (LESSONS[5], "notebooks")],
    ids=lambda x: getattr(x, "path", x),
)
def test_a_lesson(desk: Any, jupyter: Any, lesson: Lesson, app: str) -> None:
    book = desk.open(f"{FOLDER}/{lesson.path}", app)
    lesson.walk(book)
    book.page.close()
    jupyter.end_kernels()
