"""Three viewers: two that share their position, and one that goes its own way."""

import json
from html import escape

import panel as pn

from panel_neuroglancer import Neuroglancer, site_url

pn.extension()

GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"
STATE = {
    "dimensions": {"x": [4e-9, "m"], "y": [8e-9, "m"], "z": [1.2e-8, "m"]},
    "position": [16, 6, 4.5],
    "crossSectionScale": 1 / 6,
    "layers": [
        {
            "type": "image",
            "name": "image",
            "source": "precomputed://" + site_url("data/image"),
            "shader": GREY,
            "opacity": 1,
        }
    ],
    "layout": "xy",
    "showAxisLines": False,
    "showScaleBar": False,
    "showDefaultAnnotations": False,
    "crossSectionBackgroundColor": "#000000",
}

viewers = [
    Neuroglancer(STATE, ui="none", width=200, height=150, margin=0),
    Neuroglancer({**STATE, "layout": "xz"}, ui="none", width=200, height=150, margin=0),
    # As wide as the page lets it, but for a border.
    Neuroglancer(
        STATE, ui="none", height=150, sizing_mode="stretch_width", styles={"border": "2px solid #888"}
    ),
]
viewers[0].link(viewers[1], position="position", bidirectional=True)
python = pn.pane.HTML("", height=20, styles={"overflow": "hidden"}, sizing_mode="stretch_width")


def tell(*events) -> None:
    """Write down what Python has."""
    known = [{name: getattr(v, name) for name in ("position", "layout", "ready", "errors")} for v in viewers]
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for viewer in viewers:
    viewer.param.watch(tell, ["position", "layout", "ready", "errors"])
tell()

pn.Row(*viewers[:2], styles={"flex-wrap": "wrap"}).servable(title="Several viewers")
pn.Column(viewers[2], python, sizing_mode="stretch_width").servable()
