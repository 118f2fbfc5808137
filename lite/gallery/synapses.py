"""Synapses: annotations, a table and a map that follow each other; click a row to see the fibres that meet there, Ctrl+click a slice to add one.

Run it with ``panel serve synapses.py``, or make a page of it with ``panel-neuroglancer convert synapses.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, DataTable, NumberFormatter, TableColumn
from neuropil import SHAPE, VOXEL_SIZE, make_neuropil

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
view = looks.four_panels(viewer)


def places() -> np.ndarray:
    """Return where the annotations are that the viewer has now, in voxels."""
    layer = next(layer for layer in view.state["layers"] if layer["name"] == "synapses")
    return np.reshape([a["point"] for a in layer.get("annotations", [])], (-1, 3))


def joined(place: np.ndarray) -> list[int]:
    """Return the two fibres that are the most there is around a place."""
    box = tuple(slice(max(int(p) - 4, 0), max(int(p) + 5, 0)) for p in place)
    fibres, counts = np.unique(tissue.labels[box], return_counts=True)
    near = fibres[np.argsort(-counts)]
    return sorted(near[near > 0][:2].tolist())


def columns() -> dict[str, list]:
    """Return the annotations as columns: micrometres, and the fibres that meet there."""
    found = places()
    x, y, z = (found * MICRON).T.round(2).tolist()
    fibres = [" + ".join(map(str, joined(place))) for place in found]
    return {"n": list(range(1, len(found) + 1)), "x": x, "y": y, "z": z, "fibres": fibres}


# ------------------------------------------------------------------------------ one source for the table and the map

source = ColumnDataSource(columns())
number = NumberFormatter(format="0.00", text_align="right")
table = DataTable(
    source=source, index_position=None, reorderable=False, height=260, row_height=28, stylesheets=[looks.TABLE],
    columns=[
        TableColumn(field="n", title="no.", width=40),
        *(TableColumn(field=axis, title=f"{axis} µm", formatter=number, width=60) for axis in "xyz"),
        TableColumn(field="fibres", title="fibres", width=70),
    ],
)  # fmt: skip
# As in the slice, y goes down.
plot = looks.plot(
    view, 140, tools="tap", x_axis_label="x in µm", y_axis_label="y in µm",
    x_range=(0, END[0]), y_range=(END[1], 0), height=240,
)  # fmt: skip
plot.scatter(
    "x", "y", size=11, source=source, color="#fbbf24", line_color=None,
    nonselection_fill_alpha=0.35, selection_line_color="#ff8360", selection_line_width=3,
)  # fmt: skip


def go(attr: str, old: list, new: list) -> None:
    """Show the synapse that was picked in the table or on the map, and its fibres."""
    if new:
        place = places()[new[0]]
        view.param.update(position=place.tolist(), selected_segments={"fibres": joined(place)})


def follow(state: dict) -> str:
    """Let table and map have the viewer's annotations, and tell how many there are, and how dense."""
    now = columns()
    if now != source.data:
        source.selected.indices = []
        source.data = now
    n = len(now["n"])
    return f"<p><b>{n}</b> synapses: <b>{n / END.prod():.1f}</b> per µm³</p>"


def add(event) -> None:
    """Add an annotation in the middle of the view, for those who have no Ctrl key."""
    with viewer.txn() as s:
        added = neuroglancer.PointAnnotation(id=f"added{len(places())}", point=view.position)
        s.layers["synapses"].annotations.append(added)


source.selected.on_change("indices", go)
source.selected.indices = [int(np.linalg.norm(tissue.synapses * MICRON - END / 2, axis=1).argmin())]
looks.page(
    __doc__,
    view,
    looks.card(
        looks.text(pn.bind(follow, view.param.state)),
        table,
        pn.widgets.Button(label="Add one in the middle of the view", color="primary", on_click=add),
    ),
    looks.card(looks.text("<h2>Seen along z</h2>"), plot),
    looks.text("<p>The tissue is made up, by NumPy, on this page.</p>"),
)
