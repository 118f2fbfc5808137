"""The quickstart notebook in JupyterLite, in Firefox and WebKit: every cell runs, each viewer draws, and Python hears of it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browsers
import numpy as np
import pytest
from lessons import QUICKSTART
from PIL import Image

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "lite"
SCRIPTS = [
    (ROOT / "playwright" / name).read_text("utf8")
    for name in ("component/page.js", "jupyter/notebook_page.js")
]


@pytest.fixture
def url(serve_folders: Callable[..., Any]) -> Iterator[str]:
    assert (SITE / "lab").is_dir(), f"{SITE} is missing: run `make lite`"
    with serve_folders(**{"course": SITE}) as url:
        yield f"{url}course/notebooks/index.html?path={QUICKSTART.path}"


class Book:
    """The open notebook."""

    def __init__(self, other: browsers.Browser) -> None:
        self.other = other

    def do(self, name: str, *values: Any) -> Any:
        begun = self.other.evaluate(f"begin({json.dumps(name)}, ...{json.dumps(values)})")
        result = browsers.until(self.other, f"begun[{begun}] && {{ ended: true, ...begun[{begun}] }}")
        assert "error" not in result, f"{name} {values}: {result['error']}"
        return result.get("value")

    def run(self, id: str) -> None:
        self.do("runCell", id)
        outputs = self.other.evaluate(f"outputs({json.dumps(id)})")
        assert not [o for o in outputs if o["output_type"] == "error"], outputs

    def view(self, id: str, script: str) -> Any:
        return self.other.evaluate(
            f"(({{ neuroglancerViewer: v }}) => ({script}))(viewers({json.dumps(id)})[0])"
        )

    def look(self, id: str) -> np.ndarray:
        self.do("showViewer", id, 0)
        browsers.until(self.other, f"isDrawn({json.dumps(id)}, 0)")
        png = self.other.evaluate(f"look({json.dumps(id)}, 0).png")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def test_the_quickstart_runs(other: Any, url: str) -> None:
    other.goto(url)
    for script in SCRIPTS:
        other.evaluate(f"((0, eval)({json.dumps(script)}), true)")
    browsers.until(other, "Boolean(window.jupyterapp && book()?.content.widgets.length)")
    browsers.until(other, "kernel()?.status === 'idle'")
    book = Book(other)
    cells = other.evaluate("book().content.widgets.map((w) => w.model.toJSON())")
    for cell in cells:
        if cell["cell_type"] == "code":
            id = cell["id"]
            book.run(id)
            if id in QUICKSTART.states:
                assert book.look(id).std() > 10, f"the viewer of cell {id!r} shows nothing"
            if id == "brain":
                book.view(id, "(v.position.value = Float32Array.of(10, -20, 30), true)")
                book.do("holds", "brain.position == [10, -20, 30]")
            if id == "write":
                browsers.until(other, "upstream('brain', 0).state.toJSON().layout === '4panel'")
            if id == "array":
                colours = book.look(id).astype(int)
                assert ((colours.max(-1) - colours.min(-1)) > 40).mean() > 0.02, "no fibre is coloured"
