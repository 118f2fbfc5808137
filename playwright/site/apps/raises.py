"""A viewer and a control; in the browser their Python fails."""

import sys

import panel as pn
from _viewer import viewer

if sys.platform == "emscripten":
    raise LookupError("the brain is out of reach")
pn.Row(viewer(), pn.widgets.IntSlider(name="Depth", start=0, end=8, value=4, width=160)).servable()
