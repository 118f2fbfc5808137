"""A Python viewer's array, and what Python knows of the viewer."""

import json
from html import escape

import neuroglancer
import numpy as np
import panel as pn

from panel_neuroglancer import Neuroglancer

pn.extension()

viewer = neuroglancer.Viewer()
x, y, z = np.indices((32, 12, 8))
with viewer.txn() as s:
    s.dimensions = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[1, 1, 1])
    s.layers["a"] = neuroglancer.ImageLayer(
        source=neuroglancer.LocalVolume(((7 * x + 31 * y + 101 * z) % 251).astype("uint8"), s.dimensions),
        shader="void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }",
    )
    s.layout = "xy"
    s.position = [16, 6, 4.5]
    s.cross_section_scale = 1 / 6
    s.show_axis_lines = s.show_scale_bar = s.show_default_annotations = False

python = pn.pane.HTML("", width=200, height=20, styles={"overflow": "hidden"})
shown = Neuroglancer(viewer, ui="none", width=240, height=220, margin=0)
move = pn.widgets.Button(name="Move")


def tell(*events):
    """Write down what Python has."""
    known = {
        "position": [round(float(v), 3) for v in viewer.state.position],
        "ready": shown.ready,
        "errors": shown.errors,
    }
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


def on_move(event):
    """Move from Python, a hundred times in a row."""
    for step in range(100):
        with viewer.txn() as s:
            s.position = [16 - (step + 1) / 20, 6, 4.5]


shown.param.watch(tell, ["state", "ready", "errors"])
move.on_click(on_move)
tell()
pn.Row(shown, pn.Column(move, python)).servable(title="Viewer")
