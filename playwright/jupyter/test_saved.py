"""Saved notebooks: small, with a picture of each viewer's last view, which stands there until Python is back."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import numpy as np
from known import SHOWN, right
from PIL import Image

HINT = "Run the cell to bring it to life."


def html(output: dict[str, Any]) -> str:
    return "".join(output.get("data", {}).get("text/html", ""))


def output(notebook: dict[str, Any], cell: int) -> dict[str, Any]:
    (found,) = [
        o for o in notebook["cells"][cell]["outputs"] if "figure" in html(o) or "docs_json" in html(o)
    ]
    return dict(found)


def picture(text: str) -> np.ndarray:
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', text)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


def test_a_saved_notebook_is_small_and_shows_the_last_view(desk: Any, jupyter: Any) -> None:
    notebook = desk.new(SHOWN)
    notebook.drawn(2)
    notebook.run(2)  # again: one picture, not two
    notebook.drawn(2)
    notebook.view(2, "v.position.value = Float32Array.of(16, 6, 6.5)")
    notebook.until_python("viewer.state.position.tolist() == [16, 6, 6.5] and view.ready")
    seen = notebook.pixels(2).astype(int)
    live = notebook.view(2, "e.live = true")
    assert live
    notebook.command("docmanager:save")
    assert notebook.view(2, "e.live"), "saving made the output anew"
    name = notebook.name
    saved = output(jupyter.read(name), 2)
    assert len(json.dumps(saved)) <= 50_000
    assert html(saved).count("<figure") == 1
    got = picture(html(saved))
    wanted = np.asarray(Image.fromarray(seen.astype("uint8")).resize(got.shape[1::-1])).astype(int)
    assert np.abs(got - wanted).mean() < 6
    notebook.command("docmanager:save")
    assert html(output(jupyter.read(name), 2)).count("<figure") == 1

    # Reopened with another Python, which knows nothing of it.
    jupyter.end_kernels()
    notebook.page.close()
    notebook = desk.open(name)
    page = notebook.page
    page.get_by_text("Run this cell to bring the viewer to life.").wait_for()
    assert not page.get_by_text(HINT).is_visible()
    shown = page.evaluate("deep('div[style*=\"data:image/jpeg\"]').length")
    assert shown == 1
    for cell in range(3):
        notebook.run(cell)
    notebook.drawn(2)
    right(notebook, 2)
    assert "<figure" not in html(output({"cells": [{"outputs": notebook.outputs(2)}]}, 0))

    # In a notebook that is not trusted no script runs.
    content = jupyter.read(name)
    content["metadata"]["changed"] = True
    (jupyter.folder / "untrusted.ipynb").write_text(json.dumps(content))
    notebook = desk.open("untrusted.ipynb")
    notebook.page.get_by_text(HINT).wait_for()
    image = notebook.page.get_by_alt_text("The viewer's last view")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
