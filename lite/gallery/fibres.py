"""Neuropil: nerve fibres with their labels and meshes; double-click one in a slice, or click its bar, to show or hide it.

Run it with ``panel serve fibres.py``, or make a page of it with ``panel-neuroglancer convert fibres.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from neuropil import VOXEL_SIZE, make_neuropil

looks.extension()

tissue = make_neuropil()
volumes = np.bincount(tissue.labels.ravel())[1:] * np.prod(VOXEL_SIZE) / 1e9  # µm³, of fibres 1, 2, …
fibres = [int(i) + 1 for i in np.argsort(-volumes)]  # the largest first
colors = {fibre: looks.COLORS[i % len(looks.COLORS)] for i, fibre in enumerate(fibres)}

# ------------------------------------------------------------------------------------------- what the viewer shows

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=VOXEL_SIZE)
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [64, 64, 32]
    s.projection_scale = 240
    s.projection_orientation = [0.35, -0.35, -0.12, 0.86]
    s.layers["microscope"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(tissue.image, space))
    s.layers["fibres"] = neuroglancer.SegmentationLayer(
        source=neuroglancer.LocalVolume(tissue.labels, space),
        segments=fibres[3:36:3],
        segment_colors=colors,
        selected_alpha=0.35,
        not_selected_alpha=0,
    )
    s.layers["mitochondria"] = neuroglancer.SegmentationLayer(
        source=neuroglancer.LocalVolume(tissue.mitochondria, space),
        segments=range(1, int(tissue.mitochondria.max()) + 1),
        segment_default_color="#ffd166",
        selected_alpha=0.5,
    )
view = looks.four_panels(viewer)

# ----------------------------------------------------------------------------------------------- bars to click on

bars = ColumnDataSource(
    {"x": np.arange(len(fibres)), "volume": np.sort(volumes)[::-1], "color": list(colors.values())}
)
plot = looks.plot(view, 140, tools="tap", x_axis_label="fibre", y_axis_label="µm³")
plot.vbar(
    "x", top="volume", width=0.8, color="color", nonselection_fill_alpha=0.2, line_color=None, source=bars
)
plot.xaxis.ticker = []


def shown() -> list[int]:
    """Return the fibres shown, as places among the bars."""
    return sorted(fibres.index(fibre) for fibre in view.selected_segments.get("fibres", []))


def pick(attr: str, old: list, new: list) -> None:
    """Show the fibres whose bars are lit."""
    if sorted(new) != shown():
        view.selected_segments = {"fibres": [fibres[i] for i in new]}


def light(segments: dict) -> None:
    """Light the bars of the fibres shown."""
    bars.selected.indices = shown()


def describe(segments: dict, hover: dict) -> str:
    """Tell of the fibre under the mouse, or of all that are shown."""
    fibre = hover["values"].get("fibres")
    fibre = int(fibre["key"] if isinstance(fibre, dict) else fibre or 0)
    if fibre:
        synapses = (tissue.partners == fibre).any(axis=1).sum()
        return f"<p>Fibre <b>{fibre}</b>: <b>{volumes[fibre - 1]:.3f}</b> µm³, <b>{synapses}</b> synapses</p>"
    total = sum(volumes[fibres[i] - 1] for i in shown())
    return f"<p><b>{len(shown())}</b> of {len(fibres)} fibres shown: <b>{total:.2f}</b> µm³</p>"


def show_organelles(visible: bool) -> None:
    """Show or hide a layer."""
    with viewer.txn() as s:
        s.layers["mitochondria"].visible = visible


light(view.selected_segments)
bars.selected.on_change("indices", pick)
pn.bind(light, view.param.selected_segments, watch=True)
organelles = pn.widgets.Checkbox(label="Mitochondria", value=True)
pn.bind(show_organelles, organelles, watch=True)
looks.page(
    __doc__,
    view,
    looks.card(looks.text(pn.bind(describe, view.param.selected_segments, view.param.hover)), organelles),
    looks.card(looks.text("<h2>Volume of each fibre</h2>"), plot),
    looks.text("<p>The tissue is made up, by NumPy, on this page.</p>"),
)
