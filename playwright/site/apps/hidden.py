"""Viewers that are not to be seen at first: in a card that is closed, and in a tab that is not shown."""

import json
import sys
from html import escape

import panel as pn
from _viewer import viewer

viewers = [viewer(), viewer(layout="xz")]
python = pn.pane.HTML("", width=160, height=20, styles={"overflow": "hidden"})


def tell(*events) -> None:
    """Write down what Python has."""
    known = {"platform": sys.platform, "positions": [v.position for v in viewers]}
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for item in viewers:
    item.param.watch(tell, "position")
tell()

pn.Column(
    pn.Card(viewers[0], title="Closed", collapsed=True),
    pn.Tabs(("Notes", pn.pane.HTML("Nothing to note")), ("Section", viewers[1])),
    python,
).servable(title="Hidden")
