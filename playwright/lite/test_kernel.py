"""Python in a notebook on the site: what it may import and read, and that it hears of the viewer while a cell waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Error

PICTURE = "data-panel-neuroglancer"


@pytest.fixture(scope="module")
def shared(open_shared: Callable[..., Any]) -> Any:
    book = open_shared("1_quickstart.ipynb", "lab")
    for id in ("setup", "imports", "link", "brain"):
        book.run(id)
    return book


@pytest.fixture
def book(shared: Any) -> Iterator[Any]:
    """The quickstart in JupyterLab, run as far as its first viewer; the tests share it, and the last restarts it."""
    watch = shared.watch
    always = [*watch.expected]
    yield shared
    watch.check()
    # One test's complaints are not the next one's.
    watch.complaints.clear()
    watch.expected[:] = always


def begin(book: Any, code: str) -> None:
    book.page.evaluate("code => begin('execute', code)", code)


def finish(book: Any, what: str) -> str:
    book.until(what, "window.finished", timeout=60_000)
    result = book.page.evaluate("finished.value")
    assert not result["failed"], result["failed"]
    return str(result["said"]).strip()


def test_while_a_cell_waits_python_hears_of_the_viewer(book: Any) -> None:
    x, y = book.point("brain", [-18, -20, 10])
    begin(
        book,
        "import asyncio, json\n"
        "moved = asyncio.Event()\n"
        "watcher = brain.param.watch(lambda event: moved.set(), 'position')\n"
        "print('waiting')\n"
        "await moved.wait()\n"
        "brain.param.unwatch(watcher)\n"
        "brain.layout = 'xy'\n"
        "print(json.dumps(brain.position))",
    )
    book.page.mouse.click(x + 60, y, button="right")
    said = finish(book, "the waiting cell does not hear of the move").splitlines()
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


def test_a_saved_notebook_has_a_picture_of_the_view_and_is_small(book: Any) -> None:
    book.drawn("brain")
    saved = book.page.evaluate(
        """async () => {
          await jupyterapp.commands.execute("docmanager:save");
          const { content } = await jupyterapp.serviceManager.contents.get("1_quickstart.ipynb", { content: true });
          return content.cells.find((cell) => cell.id === "brain").outputs;
        }"""
    )
    text = json.dumps(saved)
    assert PICTURE in text
    assert "data:image/" in text
    assert len(text) <= 50_000
    # The viewer goes on as if nothing had been.
    book.python("brain.layout = '3d'")
    book.until_state("brain", "s.layout === '3d'")


def test_interrupting_and_restarting_leave_a_notebook_that_works(book: Any) -> None:
    # JupyterLab's own words while a kernel goes and comes.
    book.watch.expect("Connection lost, reconnecting", "Trying to send message on removed socket")
    book.page.evaluate("() => kernel().restart()")
    book.until("the kernel does not come back", "kernel()?.status === 'idle'", timeout=180_000)
    with pytest.raises((AssertionError, Error), match="NameError"):
        book.python("brain")
    for id in ("setup", "imports", "link", "brain"):
        book.run(id)
    assert book.pixels("brain").std() > 10
