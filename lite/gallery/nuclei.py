"""Counting nuclei: blur and threshold a volume with sliders; NumPy computes on this page what the viewer shows. Can you find all 60?

Run it with ``panel serve nuclei.py``, or make a page of it with ``panel-neuroglancer convert nuclei.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from filters import gaussian, label
from phantoms import make_nuclei

from panel_neuroglancer import invalidate

looks.extension()

NUCLEI = 60
EDGES = np.arange(0, 400, 20)  # of the histogram, in µm³
VOXEL = 0.5  # µm

image = make_nuclei(NUCLEI)
filtered, labels = np.empty(image.shape, "uint8"), np.empty(image.shape, "uint32")
blur = pn.widgets.FloatSlider(label="Blur, in voxels", start=0, end=2.5, step=0.25, value=1.5)
threshold = pn.widgets.IntSlider(label="Threshold", start=20, end=120, value=66)


def compute() -> None:
    """Filter the image into the two arrays that the viewer shows."""
    filtered[:] = gaussian(image, blur.value).clip(0, 255)
    labels[:] = label(filtered > threshold.value)


def found() -> list[int]:
    """Return the numbers of the nuclei found."""
    return list(range(1, int(labels.max()) + 1))


compute()

# ------------------------------------------------------------------------------------------- what the viewer shows

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="um", scales=[VOXEL] * 3)
sources = [neuroglancer.LocalVolume(array, space) for array in (filtered, labels)]
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [n / 2 for n in image.shape]
    s.projection_scale = 130
    s.projection_orientation = [0.3, -0.3, -0.1, 0.9]
    s.layers["filtered"] = neuroglancer.ImageLayer(
        source=sources[0],
        shader="#uicontrol invlerp grey(range=[10, 190])\nvoid main() { emitGrayscale(grey()); }",
    )
    s.layers["nuclei"] = neuroglancer.SegmentationLayer(
        source=sources[1], segments=found(), selected_alpha=0.45
    )
view = looks.four_panels(viewer)

# ------------------------------------------------------------------------------------------------- what was found

bars = ColumnDataSource({"left": EDGES[:-1], "right": EDGES[1:], "count": EDGES[1:]})
plot = looks.plot(view, 100, x_axis_label="volume in µm³", y_axis_label="nuclei")
plot.quad(left="left", right="right", bottom=0, top="count", color="#a98bfa", line_color=None, source=bars)
summary = looks.text("")


def tell() -> None:
    """Tell how many nuclei there are, and how large."""
    volumes = np.unique(labels, return_counts=True)[1][1:] * VOXEL**3
    summary.object = f"<p><b>{len(volumes)}</b> nuclei found, of {NUCLEI}</p>"
    bars.data = {**bars.data, "count": np.histogram(volumes.clip(0, EDGES[-1] - 1), EDGES)[0]}


def update(blur: float, threshold: int) -> None:
    """Filter anew and let the viewer know."""
    compute()
    for source in sources:
        invalidate(source)
    view.selected_segments = {"nuclei": found()}
    tell()


tell()
pn.bind(update, blur.param.value_throttled, threshold.param.value_throttled, watch=True)
looks.page(
    __doc__,
    view,
    looks.card(blur, threshold, summary),
    looks.card(looks.text("<h2>Sizes of the nuclei</h2>"), plot),
    looks.text("<p>The cells are made up, by NumPy, on this page.</p>"),
)
