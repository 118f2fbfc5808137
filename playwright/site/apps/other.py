"""Something else in the browser than where the page is made."""

import json
import sys
from html import escape

import panel as pn
from _viewer import viewer

python = pn.pane.HTML("", width=160, height=20)


def tell(*events) -> None:
    """Write down what Python has."""
    known = {"position": item.position, "ready": item.ready}
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


item = viewer()
item.param.watch(tell, ["position", "ready"])
tell()
if sys.platform == "emscripten":
    pn.Column("# Only here", item, python).servable()
else:
    pn.Row(viewer(layout="xz")).servable()
