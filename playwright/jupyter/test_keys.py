"""Keys typed into the viewer are the viewer's; keys for the notebook are the notebook's."""

from __future__ import annotations

from typing import Any

COUNT = "lab.panel.content.model.cells.length"
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


def test_keys_in_the_viewer_do_nothing_in_the_notebook(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN, "ran = True", run=False)
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn()
    page = notebook.page
    before = page.evaluate(
        "JSON.stringify(lab.panel.content.model.sharedModel.toJSON().cells.map(c => [c.id, c.source, c.cell_type]))"
    )
    box = page.locator(".panel-neuroglancer-viewer").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    active = page.evaluate("lab.panel.content.activeCellIndex")
    for key in KEYS:
        page.keyboard.press(key)
    # The viewer's own: "l" hides the first layer's panel; the arrow moves.
    notebook.wait("true")
    after = page.evaluate(
        "JSON.stringify(lab.panel.content.model.sharedModel.toJSON().cells.map(c => [c.id, c.source, c.cell_type]))"
    )
    assert after == before
    assert page.evaluate("lab.panel.content.activeCellIndex") == active
    assert page.evaluate("lab.panel.content.mode") == "command"


def test_keys_for_the_notebook_do_nothing_in_the_viewer(desk: Any, known: Any) -> None:
    notebook = desk.new(known.SHOWN)
    notebook.drawn()
    page = notebook.page
    state = notebook.python("viewer.state.to_json()")
    notebook.select(0)
    page.evaluate(
        "lab.panel.content.activate(); lab.panel.content.mode = 'command'; lab.panel.content.node.focus()"
    )
    cells = page.evaluate(COUNT)
    for key in ("ArrowDown", "b", "ArrowUp", "ArrowDown", "1", "y", "d", "d"):
        page.keyboard.press(key)
    page.wait_for_function(f"{COUNT} === {cells}")
    notebook.python("1")
    assert notebook.python("viewer.state.to_json()") == state
