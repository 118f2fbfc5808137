"""Runs what a test sends, in whatever Python this is, and says what came of it."""

import ast
import inspect
import json
import sys
import traceback
from html import escape

import neuroglancer
import numpy as np
import panel as pn
import scripts

import panel_neuroglancer as png

pn.extension()

order = pn.widgets.TextInput(name="Order", max_length=100_000, width=200)
python = pn.pane.HTML("", width=200, height=20, styles={"overflow": "hidden"})
place = pn.Column(width=240, height=220)
GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"


def show(*viewers, **options) -> list:
    """Show viewers and nothing else."""
    options = {"ui": "none", "width": 240, "height": 220, "margin": 0, **options}
    place.param.update(width=options["width"], height=options["height"])
    place.objects = [png.Neuroglancer(viewer, **options) for viewer in viewers]
    return list(place)


def plain(state) -> None:
    """Let a state show the plane through [16, 6, 4.5] with nothing over it, 6 pixels a voxel."""
    state.layout = "xy"
    state.position = [16, 6, 4.5]
    state.cross_section_scale = 1 / 6
    state.show_axis_lines = state.show_scale_bar = state.show_default_annotations = False
    state.cross_section_background_color = "#000000"


def space(rank=3, scale=1):
    """Return dimensions x, y, z, … of nanometres."""
    return neuroglancer.CoordinateSpace(
        names=list("xyztuv")[:rank], units=["nm"] * rank, scales=[scale] * rank
    )


names = {
    "np": np, "neuroglancer": neuroglancer, "png": png, "scripts": scripts, "sys": sys, "show": show, "plain": plain, "space": space, "GREY": GREY,
}  # fmt: skip


def tell(**known) -> None:
    """Write down what came of it."""
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


async def obey(event) -> None:
    """Run a test's program; what it assigns to `result` is the answer."""
    wanted = json.loads(event.new)
    names["result"] = None
    try:
        done = eval(compile(wanted["code"], "<test>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if inspect.iscoroutine(done):
            await done
    except Exception:
        tell(n=wanted["n"], raised=traceback.format_exc())
    else:
        tell(n=wanted["n"], result=names["result"])


order.param.watch(obey, "value")
tell(n=0)
pn.Column(place, pn.Row(order, python)).servable(title="Lab")
