"""Synapses: annotations, a table and a map that follow each other; click a row to see the fibres that meet there, Ctrl+click a slice to add one.

Run it with ``panel serve synapses.py``, or make a page of it with ``panel-neuroglancer convert synapses.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, DataTable, NumberFormatter, TableColumn
from bokeh.plotting import figure
from neuropil import SHAPE, VOXEL_SIZE, make_neuropil

from panel_neuroglancer import Neuroglancer

looks.extension()

tissue = make_neuropil()
MICRON = np.array(VOXEL_SIZE) / 1000  # the size of a voxel
END = np.array(SHAPE) * MICRON

# ------------------------------------------------------------------------------------------- what the viewer shows

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=VOXEL_SIZE)
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [64, 64, 32]
    s.cross_section_scale = 0.55
    s.projection_scale = 220
    s.projection_orientation = [0.35, -0.35, -0.12, 0.86]
    s.layers["microscope"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(tissue.image, space))
    s.layers["fibres"] = neuroglancer.SegmentationLayer(
        source=neuroglancer.LocalVolume(tissue.labels, space), selected_alpha=0.4, not_selected_alpha=0
    )
    s.layers["synapses"] = neuroglancer.LocalAnnotationLayer(
        space,
        annotations=[
            neuroglancer.PointAnnotation(id=f"synapse{i}", point=place + 0.5)
            for i, place in enumerate(tissue.synapses)
        ],
        annotation_color="#fbbf24",
        shader="void main() { setColor(defaultColor()); setPointMarkerSize(11.0); setPointMarkerBorderColor(vec3(0.1)); }",
        tool="annotatePoint",
    )
    # Ctrl+click gives the tool of the layer that is selected a point.
    s.selected_layer.layer = "synapses"
    looks.four_panels(s)

view = Neuroglancer(viewer, ui="none", sizing_mode="stretch_both", min_height=300)


def points() -> list[dict]:
    """Return the annotations as the viewer has them now."""
    layer = next((la for la in view.state.get("layers", []) if la["name"] == "synapses"), {})
    return layer.get("annotations", [])


def joined(place: list[float]) -> list[int]:
    """Return the two fibres that are the most there is around a place, in voxels."""
    box = tuple(slice(max(int(p) - 4, 0), max(int(p) + 5, 0)) for p in place)
    fibres, counts = np.unique(tissue.labels[box], return_counts=True)
    near = fibres[np.argsort(-counts)]
    return sorted(near[near > 0][:2].tolist())


def columns() -> dict[str, list]:
    """Return the annotations as columns: micrometres, and the fibres that meet there."""
    places = [a["point"] for a in points()]
    x, y, z = (np.reshape(places, (-1, 3)) * MICRON).T.round(2)
    fibres = [" + ".join(map(str, joined(place))) for place in places]
    return {"n": list(range(1, len(places) + 1)), "x": x, "y": y, "z": z, "fibres": fibres}


# ------------------------------------------------------------------------------ one source for the table and the map

source = ColumnDataSource(columns())
number = NumberFormatter(format="0.00", text_align="right")
table = DataTable(
    source=source, index_position=None, reorderable=False, height=260, sizing_mode="stretch_width", row_height=28,
    columns=[
        TableColumn(field="n", title="no.", width=40),
        *(TableColumn(field=axis, title=f"{axis} µm", formatter=number, width=60) for axis in "xyz"),
        TableColumn(field="fibres", title="fibres", width=70),
    ],
    stylesheets=[looks.TABLE],
)  # fmt: skip
plot = figure(**looks.plot_style(tools="tap", x_axis_label="x in µm", y_axis_label="y in µm", height=240))
plot.scatter(
    "x", "y", size=11, source=source, color="#fbbf24", line_color=None,
    nonselection_fill_alpha=0.35, selection_line_color="#ff8360", selection_line_width=3,
)  # fmt: skip
plot.x_range.start, plot.x_range.end = 0, END[0]
looks.fit(plot, view, 140)
plot.y_range.start, plot.y_range.end = END[1], 0  # as in the slice: y goes down


def go(attr: str, old: list, new: list) -> None:
    """Show the synapse that was picked in the table or on the map, and its fibres."""
    if new:
        place = points()[new[0]]["point"]
        view.param.update(position=place, selected_segments={"fibres": joined(place)})


def follow(*events) -> None:
    """Let table and map tell which annotations the viewer has."""
    now = columns()
    if any(list(now[name]) != list(source.data[name]) for name in now):
        with pn.io.unlocked():
            source.selected.indices = []
            source.data = now


def add(event) -> None:
    """Add an annotation in the middle of the view, for those who have no Ctrl key."""
    with viewer.txn() as s:
        s.layers["synapses"].annotations.append(
            neuroglancer.PointAnnotation(id=f"added{len(points())}", point=view.position)
        )


source.selected.on_change("indices", go)
source.selected.indices = [int(np.linalg.norm(tissue.synapses * MICRON - END / 2, axis=1).argmin())]
view.param.watch(follow, "state")
button = pn.widgets.Button(
    label="Add one in the middle of the view", color="primary", sizing_mode="stretch_width"
)
button.on_click(add)


def describe(state: dict) -> str:
    """Tell how many there are, and how dense."""
    return f"<p><b>{len(points())}</b> synapses: <b>{len(points()) / END.prod():.1f}</b> per µm³</p>"


page = looks.page(
    __doc__,
    view,
    looks.card(looks.text(pn.bind(describe, view.param.state)), pn.pane.Bokeh(table, margin=0), button),
    looks.card(looks.text("<h2>Seen along z</h2>"), pn.pane.Bokeh(plot, margin=0)),
    looks.text("<p>The tissue is made up, by NumPy, on this page.</p>"),
)
