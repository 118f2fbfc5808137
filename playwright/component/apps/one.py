"""One viewer, widgets linked to it, and a text of all that Python knows of it."""

import asyncio
import json
from html import escape

import panel as pn

from panel_neuroglancer import Neuroglancer, site_url

pn.extension()

GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"
COLORS = {"1": "#ff0000", "2": "#00ff00", "3": "#0000ff"}
STATE = {
    "dimensions": {"x": [4e-9, "m"], "y": [8e-9, "m"], "z": [1.2e-8, "m"]},
    "position": [16, 6, 4.5],
    "crossSectionScale": 1 / 6,
    "projectionScale": 64,
    "layers": [
        {
            "type": "image",
            "name": "image",
            "source": "precomputed://" + site_url("data/image"),
            "shader": GREY,
            "opacity": 1,
        },
        {
            "type": "segmentation",
            "name": "cells",
            "source": "precomputed://" + site_url("data/cells"),
            "segments": ["1"],
            "segmentColors": COLORS,
            "selectedAlpha": 0,
            "notSelectedAlpha": 0,
            "saturation": 1,
        },
    ],
    "layout": "xy",
    "showAxisLines": False,
    "showScaleBar": False,
    "showDefaultAnnotations": False,
    "crossSectionBackgroundColor": "#000000",
    "projectionBackgroundColor": "#000000",
}
SHOWN = (
    "state", "url", "position", "cross_section_scale", "projection_scale", "projection_orientation", "layout",
    "selected_segments", "ready", "hover", "errors", "ui",
)  # fmt: skip

viewer = Neuroglancer(STATE, ui="none", width=240, height=220, margin=0)

# Widgets that follow the viewer, and that it follows.
z = pn.widgets.FloatSlider(name="Depth", start=0, end=8, step=0.01, value=4.5, width=200)
scale = pn.widgets.FloatInput(name="Scale", value=1 / 6, start=0.001, end=100, step=0.01, width=200)
layout = pn.widgets.Select(
    name="Layout", options=["xy", "xz", "yz", "xy-3d", "3d", "4panel", "4panel-alt"], value="xy", width=200
)
z.param.watch(
    lambda e: viewer.position[2] != e.new and viewer.param.update(position=[*viewer.position[:2], e.new]),
    "value",
)
viewer.param.watch(lambda e: z.param.update(value=e.new[2]), "position")
scale.link(viewer, value="cross_section_scale", bidirectional=True)
layout.link(viewer, value="layout")
viewer.param.watch(lambda e: e.new in layout.options and layout.param.update(value=e.new), "layout")

# What a test asks Python to do, and what Python says.
order = pn.widgets.TextInput(name="Order", max_length=100_000, width=200)
python = pn.pane.HTML("", width=200, height=20, styles={"overflow": "hidden"})
done = {"n": 0, "raised": ""}
events: dict[str, int] = {}


def tell(*changes) -> None:
    """Write down what Python has."""
    for change in changes:
        if change.obj is viewer:
            events[change.name] = events.get(change.name, 0) + 1
    known = {name: getattr(viewer, name) for name in SHOWN}
    known |= {"z": z.value, "scale": scale.value, "choice": layout.value, "events": events, **done}
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


async def obey(event) -> None:
    """Set parameters, or the slider many times over."""
    wanted = json.loads(event.new)
    done["raised"] = ""
    try:
        for value in wanted.get("depths", []):
            z.value = value
            await asyncio.sleep(0)
        viewer.param.update(**wanted.get("params", {}))
    except ValueError as error:
        done["raised"] = str(error)
    done["n"] = wanted["n"]
    tell()


order.param.watch(obey, "value")
viewer.param.watch(tell, SHOWN)
for widget in (z, scale, layout):
    widget.param.watch(tell, "value")
tell()

pn.Row(viewer, pn.Column(order, z, scale, layout, python)).servable(title="One viewer")
