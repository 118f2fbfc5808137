"""Run again, restarted, closed, copied, moved, scrolled away: the viewer lives, the picture survives, nothing is left over.

The same tests with CPython (here) and in JupyterLite (playwright/lite): a ``desk`` gives new notebooks of either.
"""

from __future__ import annotations

from typing import Any

from known import SHOWN, moved, right

SHOWS = 2  # the cell that does
ALIVE = "[len(__import__('panel').state._views), len(__import__('comm').get_comm_manager().targets)]"
VIEWERS = "deep('.panel-neuroglancer-viewer', book().node).length"
FAR = [f"print('\\n'.join(map(str, range(60))))  # {i}" for i in range(10)]


def test_a_cell_runs_again_and_again(desk: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(SHOWS)
    notebook.run(SHOWS)
    right(notebook, SHOWS)
    alive, contexts = notebook.ask(ALIVE), notebook.page.evaluate("contexts()")
    for _ in range(5):
        notebook.run(SHOWS)
        notebook.drawn(SHOWS)
    right(notebook, SHOWS)
    assert notebook.page.evaluate(VIEWERS) == 1
    notebook.until("contexts are left over", "contexts() <= x", contexts)
    assert notebook.ask(ALIVE) == alive
    moved(notebook, SHOWS, 5.5)


def test_a_tab_is_closed_and_opened_again(desk: Any) -> None:
    notebook = desk.new(SHOWN, "with viewer.txn() as s:\n    s.position = [16, 6, 2.5]", run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn(SHOWS)
    contexts = notebook.page.evaluate("contexts()")
    moved(notebook, SHOWS, 5.5)
    notebook.command("docmanager:save")
    notebook.leave()
    notebook.until("a context is left over", "contexts() === x - 1", contexts)
    notebook = notebook.beside(notebook.name)
    notebook.until_state(SHOWS, "s.position[2] === 5.5")
    right(notebook, SHOWS, 5)
    moved(notebook, SHOWS, 6.5)
    notebook.run(3)
    notebook.until_state(SHOWS, "s.position[2] === 2.5")
    right(notebook, SHOWS, 2)


def test_a_cell_is_moved(desk: Any) -> None:
    notebook = desk.new(SHOWN, "1 + 1")
    notebook.drawn(SHOWS)
    alive = notebook.ask(ALIVE)
    moved(notebook, SHOWS, 5.5)
    notebook.select(SHOWS)
    notebook.command("notebook:move-cell-down")
    there = SHOWS + 1
    notebook.drawn(there)
    notebook.until_state(there, "s.position[2] === 5.5")
    right(notebook, there, 5)
    moved(notebook, there, 6.5)
    notebook.until_python(f"{ALIVE} == {alive}")
    notebook.run(there)
    right(notebook, there, 6)
    notebook.until_python(f"{ALIVE} == {alive}")


def test_one_viewer_in_two_cells_and_in_a_view_of_its_own(desk: Any) -> None:
    notebook = desk.new(SHOWN, "view", "None")
    one, other, apart = SHOWS, SHOWS + 1, "output view"
    notebook.drawn(one)
    moved(notebook, one, 5.5)
    notebook.drawn(other)
    notebook.until_state(other, "s.position[2] === 5.5")
    right(notebook, other, 5)

    notebook.select(one)
    notebook.command("notebook:create-output-view")
    notebook.drawn(apart)
    notebook.until_state(apart, "s.position[2] === 5.5")
    right(notebook, apart, 5)
    moved(notebook, apart, 6.5)
    for cell in (one, other):
        notebook.scroll_to(cell)
        notebook.until_state(cell, "s.position[2] === 6.5")
    notebook.page.evaluate("outputView().close()")
    notebook.until("the output's view stays", "!outputView()")
    notebook.show()
    right(notebook, one, 6)
    moved(notebook, one, 3.5)
    notebook.scroll_to(other)
    notebook.until_state(other, "s.position[2] === 3.5")


def test_scrolled_far_away_and_back(desk: Any) -> None:
    notebook = desk.new(SHOWN, *FAR, run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn(SHOWS)
    moved(notebook, SHOWS, 5.5)
    right(notebook, SHOWS, 5)
    notebook.until_python("view.ready")
    for cell in range(3, 13):
        notebook.run(cell)
    notebook.page.evaluate("book().content.scrollToItem(12)")
    # JupyterLab 4.6 hides cells that are far away; earlier ones take them out of the page.
    notebook.until(
        "the cell is not taken away",
        "{ const [e] = viewers(x); return !e.isConnected || !e.checkVisibility({ contentVisibilityAuto: true }); }",
        SHOWS,
    )
    assert "<figure" in desk.saved(notebook, SHOWS)
    notebook.page.evaluate("book().content.scrollToItem(2)")
    right(notebook, SHOWS, 5)
    moved(notebook, SHOWS, 6.5)
    # JupyterLab hides it between two steps of a frame: neuroglancer then draws once on nothing (seen on a slow machine).
    notebook.watch.expect("Attachment has zero size")
    # Taken out, changed by Python meanwhile, and put back.
    notebook.page.evaluate(
        "window.kept = { node: cell(2).outputArea.node, parent: cell(2).outputArea.node.parentNode };"
        "kept.node.remove();"
    )
    assert notebook.page.evaluate(VIEWERS) == 0
    notebook.python("with viewer.txn() as s: s.position = [16, 6, 3.5]")
    notebook.page.evaluate(
        "new Promise(requestAnimationFrame).then(() => { kept.parent.append(kept.node); })"
    )
    notebook.until_state(SHOWS, "s.position[2] === 3.5")
    right(notebook, SHOWS, 3)
    moved(notebook, SHOWS, 5.5)


def test_the_kernel_is_restarted_and_all_cells_run(desk: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(SHOWS)
    moved(notebook, SHOWS, 5.5)
    contexts = notebook.page.evaluate("contexts()")
    notebook.restart()
    # Its picture stays until it runs again.
    assert notebook.page.evaluate(VIEWERS) == 1
    for cell in range(3):
        notebook.run(cell)
    right(notebook, SHOWS)
    moved(notebook, SHOWS, 6.5)
    assert notebook.page.evaluate(VIEWERS) == 1
    notebook.until("contexts are left over", "contexts() <= x", contexts)


def test_two_notebooks_with_two_kernels_in_dark(desk: Any) -> None:
    first = desk.new(SHOWN)
    first.drawn(SHOWS)
    moved(first, SHOWS, 5.5)
    first.command("apputils:change-theme", theme="JupyterLab Dark")
    first.until("it stays light", "document.body.dataset.jpThemeLight === 'false'")
    second = desk.new_beside(first, SHOWN)
    right(second, SHOWS)
    moved(second, SHOWS, 6.5)
    kernels = [book.show().page.evaluate("kernel().id") for book in (first, second)]
    assert len(set(kernels)) == 2
    first.show()
    assert first.ask("viewer.state.position.tolist()") == [16, 6, 5.5]
    right(first, SHOWS, 5)
    first.command("apputils:change-theme", theme="JupyterLab Light")
