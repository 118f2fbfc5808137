"""A viewer in a notebook: the right pixels, the state both ways, with no request to another host."""

from __future__ import annotations

from typing import Any

import pytest

LINK = """
import json
from urllib.parse import quote
state = viewer.state.to_json()
state["position"] = [16, 6, 5.5]
linked = Neuroglancer("http://127.0.0.1/#!" + quote(json.dumps(state)), height=300, ui="none")
linked
"""


@pytest.mark.parametrize("app", ["lab", "notebooks"])
def test_it_draws_and_its_state_goes_both_ways(desk: Any, known: Any, app: str) -> None:
    notebook = desk.new(
        known.SHOWN,
        "with viewer.txn() as s:\n    s.position = [16, 6, 6.5]",
        "Neuroglancer(viewer, height=300, show_state=True)",
        app=app,
        run=False,
    )
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn()
    assert (known.plane(notebook.picture()) == known.voxels(4)).all()
    notebook.until("view.ready")

    notebook.run(3)
    notebook.wait("v.state.toJSON().position[2] === 6.5 && v.isReady()")
    assert (known.plane(notebook.picture()) == known.voxels(6)).all()

    notebook.view("v.position.value = Float32Array.of(10, 6, 3.5)")
    notebook.until("viewer.state.position.tolist() == [10, 6, 3.5] and view.position == [10, 6, 3.5]")

    # The state is not in the output, and is there nevertheless.
    notebook.run(4)
    notebook.page.get_by_text("Viewer state").click()
    notebook.page.get_by_text("Shareable URL:").wait_for()
