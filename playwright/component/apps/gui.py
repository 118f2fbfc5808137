"""The viewer as newcomers meet it: a field for a link, Load and Demo. The demo is this site's own."""

import json
import os
from html import escape

import panel as pn

from panel_neuroglancer import Neuroglancer

os.environ["PANEL_NEUROGLANCER_DEMO_STATE"] = "data/demo.json"
pn.extension()

viewer = Neuroglancer(ui="none", height=400, show_state=True)
python = pn.pane.HTML("", height=20, styles={"overflow": "hidden"}, sizing_mode="stretch_width")


def tell(*events) -> None:
    """Write down what Python has."""
    known = {
        name: getattr(viewer, name) for name in ("state", "url", "position", "layout", "ready", "errors")
    }
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


viewer.param.watch(tell, ["state", "url", "ready", "errors"])
tell()

pn.Column(viewer, python, sizing_mode="stretch_width").servable(title="Load a link")
