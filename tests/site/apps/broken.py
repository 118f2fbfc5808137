"""Works where the site is made and fails in the browser."""

import sys

import beside
import panel as pn

if sys.platform == "emscripten":
    raise LookupError(beside.REASON)
pn.pane.HTML("never seen").servable()
