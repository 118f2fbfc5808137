"""Python in a notebook on the site: what it may import and read, and that it hears of the viewer while a cell waits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lessons import QUICKSTART

CELLS = ("setup", "imports", "link", "brain")


@pytest.fixture(scope="module")
def shared(site: Any) -> Any:
    book = site.open(QUICKSTART.path, "lab")
    for id in CELLS:
        book.run(id)
    return book


@pytest.fixture
def book(shared: Any, desk: Any) -> Any:
    """The quickstart in JupyterLab, run as far as its first viewer; the tests share it, and the last restarts it."""
    return shared


def test_while_a_cell_waits_python_hears_of_the_viewer(book: Any) -> None:
    x, y = book.point("brain", [-18, -20, 10])
    started = book.start_python(
        "import asyncio, json\n"
        "moved = asyncio.Event()\n"
        "watcher = brain.param.watch(lambda event: moved.set(), 'position')\n"
        "print('waiting')\n"
        "await moved.wait()\n"
        "brain.param.unwatch(watcher)\n"
        "brain.layout = 'xy'\n"
        "print(json.dumps(brain.position))"
    )
    book.page.mouse.click(x + 60, y, button="right")
    said = book.finish_python("the waiting cell does not hear of the move", started).splitlines()
    assert said[0] == "waiting"
    assert json.loads(said[1]) != [-18, -20, 10]
    book.until_state("brain", "s.layout === 'xy'")
    # And what Python knows is what is shown, once all is quiet.
    shown = book.state("brain")["position"]
    book.until_python(f"max(abs(a - b) for a, b in zip(brain.position, {shown!r})) < 0.01")


def test_nothing_needs_to_be_installed(book: Any) -> None:
    version = book.python("import panel_neuroglancer; print(id(panel_neuroglancer))")
    for _ in range(2):
        book.python("%pip install panel-neuroglancer")
    assert book.python("import panel_neuroglancer; print(id(panel_neuroglancer))") == version
    for code, reason in (
        ("import nobody_has_this", "No module named 'nobody_has_this'"),
        ("%pip install nobody-has-this", "nobody-has-this could not be installed: PyPI fallback is disabled"),
    ):
        with pytest.raises(AssertionError, match=reason):
            book.python(code)
    book.watch.expect(
        "Failed to load resource", "don't worry, about"
    )  # JupyterLab looks for the traceback's files


def test_files_beside_the_notebook_are_read(book: Any) -> None:
    said = book.python(
        "from panel_neuroglancer import read_file\n"
        "steps = []\n"
        "data = await read_file('data/mni152/t1.nii.gz', lambda *step: steps.append(step))\n"
        "print(len(data), steps[-1], data[:2].hex())\n"
        "try: await read_file('data/none.nii')\n"
        "except FileNotFoundError as error: print(error)\n"
        "open('mine.bin', 'wb').write(b'mine')\n"
        "print(await read_file('mine.bin'))"
    ).splitlines()
    size, *step, magic = said[0].replace(",", "").replace("(", "").replace(")", "").split()
    assert step == [size, size]
    assert magic == "1f8b"
    assert "no file 'data/none.nii' beside this page" in said[1]
    assert said[2] == "b'mine'"
    book.watch.expect("Failed to load resource")


def test_a_saved_notebook_has_a_picture_of_the_view_and_is_small(desk: Any, book: Any) -> None:
    book.drawn("brain")
    text = desk.saved(book, "brain")
    assert "data-panel-neuroglancer" in text
    assert "data:image/" in text
    assert len(text) <= 50_000
    # The viewer goes on as if nothing had been.
    book.python("brain.layout = '3d'")
    book.until_state("brain", "s.layout === '3d'")


def test_a_kernel_that_is_busy_is_restarted_and_the_notebook_works(book: Any) -> None:
    book.start_python("import asyncio; await asyncio.sleep(3600)")
    book.until("the kernel is not busy", "kernel().status === 'busy'")
    book.restart()
    with pytest.raises(AssertionError, match="NameError"):
        book.python("brain")
    for id in CELLS:
        book.run(id)
    assert book.pixels("brain").std() > 10
