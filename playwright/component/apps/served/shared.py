"""One viewer for all sessions, as an object that lives outside of them."""

import json
from html import escape

import panel as pn

from panel_neuroglancer import Neuroglancer, site_url

pn.extension()

STATE = {
    "dimensions": {"x": [4e-9, "m"], "y": [8e-9, "m"], "z": [1.2e-8, "m"]},
    "position": [16, 6, 4.5],
    "crossSectionScale": 1 / 6,
    "layers": [
        {"type": "image", "name": "image", "source": "precomputed://" + site_url("data/image"), "opacity": 1}
    ],
    "layout": "xy",
    "showAxisLines": False,
    "showScaleBar": False,
    "crossSectionBackgroundColor": "#000000",
}

viewer = pn.state.as_cached("viewer", lambda: Neuroglancer(STATE, ui="none", width=240, height=220))


def page(viewer, json=json, escape=escape):
    """Show the viewer; what is called later knows all it needs, as it may outlive this session and its global names."""
    python = pn.pane.HTML("", styles={"overflow": "hidden"}, height=20)

    def tell(*events) -> None:
        """Write down what Python has."""
        known = {name: getattr(viewer, name) for name in ("state", "position", "ready", "errors")}
        python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'

    watcher = viewer.param.watch(tell, ["state", "ready"])
    pn.state.on_session_destroyed(lambda context: viewer.param.unwatch(watcher))
    tell()
    return pn.Column(viewer, python)


page(viewer).servable(title="One viewer for all")
