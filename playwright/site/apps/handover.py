"""Viewers in a row, in tabs and in a card, controls, and a text of what Python knows of them all."""

import json
import sys
from html import escape

import panel as pn
from _viewer import CELLS, viewer

pn.extension()

viewers = [viewer(), viewer(layers=CELLS), viewer(layout="xz"), viewer(layout="yz")]
depth = pn.widgets.IntSlider(name="Depth", start=0, end=8, value=4, width=160)
press = pn.widgets.Button(name="Press", width=160)
tabs = pn.Tabs(("Notes", pn.pane.HTML("Nothing to note")), ("Section", viewers[2]))
card = pn.Card(viewers[3], title="Across")
python = pn.pane.HTML("", width=160, height=20, styles={"overflow": "hidden"})


def tell(*events) -> None:
    """Write down what Python has."""
    known = {
        "platform": sys.platform,
        "positions": [v.position for v in viewers],
        "ready": [v.ready for v in viewers],
        "errors": [v.errors for v in viewers],
        "selected": viewers[1].selected_segments,
        "active": tabs.active,
        "collapsed": card.collapsed,
        "presses": press.clicks,
    }
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for item in viewers:
    item.param.watch(tell, ["position", "ready", "errors", "selected_segments"])
tabs.param.watch(tell, "active")
card.param.watch(tell, "collapsed")
press.param.watch(tell, "clicks")
tell()

pn.Row(*viewers[:2], pn.Column(depth, press, python)).servable(title="Viewers")
pn.Row(tabs, card).servable()
