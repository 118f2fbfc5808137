"""Keys typed into the viewer are the viewer's; keys for the notebook are the notebook's."""

from __future__ import annotations

from typing import Any

from known import SHOWN

COUNT = "book().content.model.cells.length"
KEYS = [
    "a",
    "b",
    "d",
    "d",
    "x",
    "y",
    "m",
    "l",
    "Enter",
    "Escape",
    "ArrowUp",
    "ArrowDown",
    "1",
    "2",
    "Shift+Enter",
    "z",
]


def test_keys_in_the_viewer_do_nothing_in_the_notebook(desk: Any) -> None:
    notebook = desk.new(SHOWN, "ran = True", run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn(2)
    page = notebook.page
    before = page.evaluate(
        "JSON.stringify(book().content.model.sharedModel.toJSON().cells.map(c => [c.id, c.source, c.cell_type]))"
    )
    box = page.locator(".panel-neuroglancer-viewer").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    active = page.evaluate("book().content.activeCellIndex")
    for key in KEYS:
        page.keyboard.press(key)
    # They came to the viewer: "1" hides the first layer.
    notebook.until_state(2, "s.layers[0].visible === false")
    after = page.evaluate(
        "JSON.stringify(book().content.model.sharedModel.toJSON().cells.map(c => [c.id, c.source, c.cell_type]))"
    )
    assert after == before
    assert page.evaluate("book().content.activeCellIndex") == active
    assert page.evaluate("book().content.mode") == "command"


def test_keys_for_the_notebook_do_nothing_in_the_viewer(desk: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(2)
    # What the viewer adds to the state by itself is in Python by then.
    notebook.until_python("view.ready")
    page = notebook.page
    state = notebook.ask("viewer.state.to_json()")
    notebook.select(0)
    page.evaluate("book().content.activate(); book().content.mode = 'command'; book().content.node.focus()")
    cells = page.evaluate(COUNT)
    for keys, more in ((("ArrowDown", "b"), 1), (("ArrowUp", "ArrowDown", "1", "y", "x"), 0)):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_function(f"{COUNT} === {cells + more}")
    assert notebook.ask("viewer.state.to_json()") == state
