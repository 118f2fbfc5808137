"""Viewers of arrays: one has the same in the browser, in another other voxels, in a third another shape."""

import json
import sys
from html import escape

import neuroglancer
import numpy as np
import panel as pn
from neuroglancer.skeleton import Skeleton, SkeletonSource

from panel_neuroglancer import Neuroglancer

pn.extension()

IN_BROWSER = sys.platform == "emscripten"
SPACE = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[4, 8, 12])
GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"
x, y, z = np.indices((32, 12, 8))
image = ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")
labels = np.zeros(image.shape, "uint32")
labels[4:14, 2:10, 1:7], labels[18:28, 2:10, 1:7] = 1, 2


class Line(SkeletonSource):
    """A line along x for one object."""

    def get_skeleton(self, object_id):
        return Skeleton([[0, 6, 4], [32, 6, 4]], [[0, 1]]) if object_id == 7 else None


def viewer(voxels, more=()):
    """Make a viewer of an image and, in another panel, of more layers."""
    made = neuroglancer.Viewer()
    with made.txn() as state:
        state.dimensions = SPACE
        state.position = [16, 6, 4.5]
        state.cross_section_scale = 1 / 6
        state.projection_scale = 40
        state.show_axis_lines = state.show_default_annotations = state.show_scale_bar = False
        state.cross_section_background_color = "#000000"
        state.layers["image"] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(voxels, SPACE), shader=GREY, opacity=1
        )
        for name, layer in more:
            state.layers[name] = layer
        state.layout = "xy"
        if more:
            groups = [("xy", ["image"]), ("3d", [name for name, _ in more])]
            state.layout = neuroglancer.row_layout(
                [neuroglancer.LayerGroupViewer(layout=layout, layers=layers) for layout, layers in groups]
            )
    return made


cells = neuroglancer.SegmentationLayer(source=neuroglancer.LocalVolume(labels, SPACE), segments=[1, 2])
lines = neuroglancer.SegmentationLayer(source=Line(SPACE), segments=[7], segment_colors={7: "#ff0000"})
others = [255 - image, np.full((32, 40, 8), 99, "uint8")] if IN_BROWSER else [image, image]
viewers = [
    Neuroglancer(shown, ui="none", width=width, height=120, margin=0)
    for shown, width in [
        (viewer(image, [("cells", cells), ("lines", lines)]), 320),
        *((viewer(other), 160) for other in others),
    ]
]
python = pn.pane.HTML("", width=160, height=20, styles={"overflow": "hidden"})
asked = [[] for _ in viewers]


def noted(calls, method, handler):
    """Note what is asked, and the bytes that go back."""

    def note(reply):
        calls.append([method, len(reply.data or b"")])
        tell()

    def answer(params, data):
        reply = handler(params, data)
        if hasattr(reply, "add_done_callback"):
            reply.add_done_callback(lambda done: note(done.result()))
        else:
            note(reply)
        return reply

    return answer


def tell(*events):
    """Write down what Python has."""
    known = {"platform": sys.platform, "asked": asked, "positions": [v.position for v in viewers]}
    python.object = f'<pre id="python">{escape(json.dumps(known))}</pre>'


for calls, item in zip(asked, viewers, strict=True):
    handlers = item._view.channel._handlers
    handlers.update({method: noted(calls, method, handler) for method, handler in handlers.items()})
    item.param.watch(tell, "position")
tell()

pn.Row(*viewers, python).servable(title="Arrays")
