"""A viewer in a notebook: the right pixels, the state both ways, with no request to another host."""

from __future__ import annotations

from typing import Any

import pytest
from known import SHOWN, right


@pytest.mark.parametrize("app", ["lab", "notebooks"])
def test_it_draws_and_its_state_goes_both_ways(desk: Any, app: str) -> None:
    notebook = desk.new(
        SHOWN,
        "with viewer.txn() as s:\n    s.position = [16, 6, 6.5]",
        "Neuroglancer(viewer, height=300, show_state=True)",
        app=app,
        run=False,
    )
    for cell in range(3):
        notebook.run(cell)
    right(notebook, 2)
    notebook.until_python("view.ready")

    notebook.run(3)
    notebook.until_state(2, "s.position[2] === 6.5")
    right(notebook, 2, 6)

    notebook.view(2, "v.position.value = Float32Array.of(10, 6, 3.5)")
    notebook.until_python("viewer.state.position.tolist() == [10, 6, 3.5] and view.position == [10, 6, 3.5]")

    # The state is not in the output, and is there nevertheless.
    notebook.run(4)
    notebook.drawn(4)
    notebook.page.get_by_role("button", name="Viewer state").click()
    notebook.page.get_by_text("Shareable URL:").wait_for()
