"""Two viewers that are not told where the engine is, as in a notebook: the page must ask Python for it."""

import json
from html import escape

import panel as pn

from panel_neuroglancer import Neuroglancer, site_url
from panel_neuroglancer.engine import inlined, read_engine

pn.extension()


def hide(view) -> None:
    """Let the page of this one view not know where the engine is."""
    make = view._get_model

    def make_hidden(*args, **kwargs):
        with inlined():
            return make(*args, **kwargs)

    view._get_model = make_hidden


def state(source: str) -> dict:
    """Return a state that shows one image."""
    return {
        "dimensions": {"x": [4e-9, "m"], "y": [8e-9, "m"], "z": [1.2e-8, "m"]},
        "position": [16, 6, 4.5],
        "crossSectionScale": 1 / 6,
        "layers": [
            {
                "type": "image",
                "name": "image",
                "source": source,
                "opacity": 1,
                "shader": "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }",
            }
        ],
        "layout": "xy",
        "showAxisLines": False,
        "showScaleBar": False,
        "showDefaultAnnotations": False,
        "crossSectionBackgroundColor": "#000000",
    }


viewers = [
    Neuroglancer(state(source), ui="none", width=240, height=220)
    for source in (f"zarr3://{site_url('data/zstd.zarr')}", f"precomputed://{site_url('data/jpeg')}")
]
asked: list[str] = []


def read(params, data):
    """Note which part is asked for."""
    asked.append(params["name"])
    return read_engine(params, data)


for viewer in viewers:
    hide(viewer._view)
    viewer._view.channel.on("engine.read", read)
python = pn.pane.HTML("", height=20, styles={"overflow": "hidden"}, sizing_mode="stretch_width")


def tell(*events) -> None:
    """Write down what Python has, and which parts it was asked for."""
    known = {"ready": [v.ready for v in viewers], "errors": [v.errors for v in viewers], "asked": asked}
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for viewer in viewers:
    viewer.param.watch(tell, ["ready", "errors"])
tell()
pn.Row(*viewers, python).servable(title="The engine by the channel")
