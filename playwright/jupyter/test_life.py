"""Run again, restarted, closed, copied, moved, scrolled away: the viewer lives, the picture survives, nothing is left over."""

from __future__ import annotations

from typing import Any

ALIVE = "[len(__import__('panel').state._views), len(get_ipython().kernel.comm_manager.targets)]"
VIEWERS = "deep('.panel-neuroglancer-viewer').length"


def right(notebook: Any, known: Any, z: int = 4, i: int = 0) -> None:
    """The viewer draws the plane, and a change of the user's comes to Python."""
    notebook.drawn(i)
    assert (known.plane(notebook.picture(i)) == known.voxels(z)).all()


def moved(notebook: Any, z: float, i: int = 0) -> None:
    notebook.view("v.position.value = Float32Array.of(16, 6, x)", z, i)
    notebook.until(f"viewer.state.position.tolist() == [16, 6, {z}]")


def test_a_cell_runs_again_and_again(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN)
    notebook.drawn()
    notebook.run(2)
    right(notebook, known)
    alive, contexts = notebook.python(ALIVE), notebook.page.evaluate("contexts()")
    for _ in range(5):
        notebook.run(2)
        notebook.drawn()
    right(notebook, known)
    assert notebook.page.evaluate(VIEWERS) == 1
    notebook.page.wait_for_function("n => contexts() <= n", arg=contexts)
    assert notebook.python(ALIVE) == alive
    moved(notebook, 5.5)


def test_the_kernel_is_restarted_and_all_cells_run(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN)
    notebook.drawn()
    moved(notebook, 5.5)
    notebook.restart()
    for cell in range(3):
        notebook.run(cell)
    right(notebook, known, 4)
    moved(notebook, 6.5)
    assert notebook.page.evaluate(VIEWERS) == 1


def test_a_tab_is_closed_and_opened_again(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN, "with viewer.txn() as s:\n    s.position = [16, 6, 2.5]", run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn()
    notebook.command("docmanager:save")
    moved(notebook, 5.5)
    notebook.open()
    notebook.wait("v.state.toJSON().position[2] === 5.5")
    right(notebook, known, 5)
    assert notebook.python("viewer.state.position.tolist()") == [16, 6, 5.5]
    moved(notebook, 6.5)
    notebook.run(3)
    notebook.wait("v.state.toJSON().position[2] === 2.5")


def test_a_cell_is_moved(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN, "1 + 1")
    notebook.drawn()
    alive = notebook.python(ALIVE)
    moved(notebook, 5.5)
    notebook.select(2)
    notebook.command("notebook:move-cell-down")
    i = notebook.in_cell(3)
    notebook.wait("v.state.toJSON().position[2] === 5.5", i=i)
    right(notebook, known, 5, i)
    moved(notebook, 6.5, i)
    notebook.until(f"{ALIVE} == {alive}")
    notebook.run(3)
    right(notebook, known, 6, notebook.in_cell(3))
    notebook.until(f"{ALIVE} == {alive}")


def test_one_viewer_in_two_cells_and_in_a_view_of_its_own(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN, "view", "None")
    one, other = 2, 3
    notebook.drawn(notebook.in_cell(one))
    moved(notebook, 5.5, notebook.in_cell(one))
    i = notebook.in_cell(other)
    notebook.wait("v.state.toJSON().position[2] === 5.5", i=i)
    right(notebook, known, 5, i)

    notebook.select(one)
    notebook.command("notebook:create-output-view")
    i = notebook.in_output_view()
    notebook.wait("v.state.toJSON().position[2] === 5.5", i=i)
    right(notebook, known, 5, i)
    moved(notebook, 6.5, i)
    for cell in (one, other):
        notebook.wait("v.state.toJSON().position[2] === 6.5", i=notebook.in_cell(cell))
    notebook.close_output_view()
    notebook.page.wait_for_function("!lab.outputView()")
    moved(notebook, 3.5, notebook.in_cell(one))
    notebook.wait("v.state.toJSON().position[2] === 3.5", i=notebook.in_cell(other))


def test_scrolled_far_away_and_back(desk: Any, jupyter: Any, known: Any) -> None:
    far = [f"print('\\n'.join(map(str, range(60))))  # {i}" for i in range(10)]
    notebook = desk.new(known.SHOWN, *far, run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn()
    moved(notebook, 5.5)
    notebook.until("view.ready")
    for cell in range(3, 13):
        notebook.run(cell)
    notebook.page.evaluate("lab.panel.content.scrollToItem(12)")
    notebook.page.wait_for_function(
        "() => !deep('.panel-neuroglancer-viewer').some((e) => e.checkVisibility() && e.getBoundingClientRect().bottom > 0)"
    )
    notebook.command("docmanager:save")
    (output,) = [
        o for o in jupyter.read(notebook.name)["cells"][2]["outputs"] if "text/html" in o.get("data", {})
    ]
    assert "<figure" in "".join(output["data"]["text/html"])
    notebook.page.evaluate("lab.panel.content.scrollToItem(2)")
    right(notebook, known, 5)
    moved(notebook, 6.5)


def test_two_notebooks_with_two_kernels_in_dark(desk: Any, known: Any) -> None:
    first = desk.new(known.SHOWN)
    first.drawn()
    moved(first, 5.5)
    first.command("apputils:change-theme", theme="JupyterLab Dark")
    second = first.beside(desk.server.write(known.EXTENSION, known.VOLUME, known.SHOWN))
    for cell in range(3):
        second.run(cell)
    i = second.in_panel()
    right(second, known, 4, i)
    moved(second, 6.5, i)
    first.show()
    assert first.python("viewer.state.position.tolist()") == [16, 6, 5.5]
    right(first, known, 5)
    assert len({kernel["id"] for kernel in desk.server.kernels()}) >= 2
