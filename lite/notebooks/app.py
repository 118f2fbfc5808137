"""A small app: a viewer on made-up brain tissue, a slider, and a plot of the brightness through the middle of the view.

Run it with ``panel serve app.py --show``, or make a page of it that needs no server:
``panel-neuroglancer convert app.py --to pyodide-worker --out site``.
"""

import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from neuropil import SHAPE, VOXEL_SIZE, make_neuropil

from panel_neuroglancer import Neuroglancer

pn.extension()

tissue = make_neuropil()
space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=VOXEL_SIZE)

viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [64.5, 64.5, 32.5]
    s.cross_section_scale = 0.6
    s.projection_scale = 200
    s.layers["em"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(tissue.image, space))
    s.layers["fibres"] = neuroglancer.SegmentationLayer(
        source=neuroglancer.LocalVolume(tissue.labels, space), segments=[8, 18, 34]
    )
    s.layout = "xy-3d"

view = Neuroglancer(viewer, ui="minimal", height=400)
z = pn.widgets.IntSlider(label="slice", start=0, end=SHAPE[2] - 1, value=32)


def profile(position):
    """Brightness along x, through a position."""
    y, z = (min(max(int(c), 0), n - 1) for c, n in zip(position[1:], SHAPE[1:], strict=True))
    return {"x": (np.arange(SHAPE[0]) + 0.5) * VOXEL_SIZE[0], "brightness": tissue.image[:, y, z]}


curve = ColumnDataSource(profile(view.position))
plot = figure(
    height=180,
    sizing_mode="stretch_width",
    x_axis_label="x in nm",
    y_axis_label="brightness",
    y_range=(0, 255),
)
plot.line("x", "brightness", source=curve, line_width=2)
pane = pn.pane.Bokeh(plot)


def go(event):
    """Let the viewer follow the slider."""
    if int(view.position[2]) != event.new:
        view.position = [*view.position[:2], event.new + 0.5]


def follow(event):
    """Let the slider and the plot follow the viewer."""
    z.value = min(max(int(event.new[2]), z.start), z.end)
    curve.data = profile(event.new)
    pn.io.push_notebook(pane)


z.param.watch(go, "value")
view.param.watch(follow, "position")

page = pn.Column(z, view, pane, sizing_mode="stretch_width")
page.servable(title="Neuropil")
