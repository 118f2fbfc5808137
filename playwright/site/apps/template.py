"""Two viewers in a template of the app's own, and what Python knows only in the browser."""

import json
import sys
from html import escape

import panel as pn
from _viewer import viewer

TEMPLATE = """
{% extends base %}
{% block contents %}
<h1>Side by side</h1>
<div style="display: flex"><section>{{ embed(roots.left) }}</section><section>{{ embed(roots.right) }}</section></div>
<footer>{{ embed(roots.python) }}</footer>
{% endblock %}
"""

left, right = viewer(), viewer(layout="xz")
python = pn.pane.HTML("", width=160, height=20)
# In the browser there is one thing more than there was when the page was made.
extra = [pn.widgets.Button(name="Only here", width=160)] if sys.platform == "emscripten" else []


def tell(*events) -> None:
    """Write down what Python has."""
    known = {
        "platform": sys.platform,
        "positions": [left.position, right.position],
        "ready": [left.ready, right.ready],
    }
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for item in (left, right):
    item.param.watch(tell, ["position", "ready"])
tell()

template = pn.Template(TEMPLATE)
template.add_panel("left", pn.Column(*extra, left))
template.add_panel("right", right)
template.add_panel("python", python)
template.servable(title="Template")
