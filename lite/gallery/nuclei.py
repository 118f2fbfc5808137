"""Counting nuclei: blur and threshold a volume with sliders; NumPy computes on this page what the viewer shows. Can you find all 60?

Run it with ``panel serve nuclei.py``, or make a page of it with ``panel-neuroglancer convert nuclei.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from panel_neuroglancer import Neuroglancer, invalidate

looks.extension()

SHAPE = (96, 96, 64)
NUCLEI = 60


def make_nuclei(seed: int = 3) -> np.ndarray:
    """Return what a microscope would show of a ball of cells: their nuclei, speckled and noisy."""
    rng = np.random.default_rng(seed)
    image, centres = np.zeros(SHAPE, "float32"), []
    half = np.array(SHAPE) / 2
    while len(centres) < NUCLEI:
        centre = half + rng.uniform(-1, 1, 3) * (half - 9)
        if (((centre - half) / (half - 7)) ** 2).sum() < 1 and all(
            np.linalg.norm(centre - c) > 12.5 for c in centres
        ):
            centres.append(centre)
    for centre in centres:
        box = tuple(slice(int(c) - 9, int(c) + 10) for c in centre)
        at = np.stack(np.meshgrid(*[np.arange(b.start, b.stop) for b in box], indexing="ij"), -1) - centre
        far = np.linalg.norm(at / rng.uniform(4.4, 6.6, 3), axis=-1)
        image[box] += (
            rng.uniform(90, 150) * np.clip((1.15 - far) / 0.3, 0, 1) * rng.uniform(0.55, 1.25, far.shape)
        )
    return np.clip(image + 18 + rng.normal(0, 22, SHAPE), 0, 255).astype("uint8")


def gaussian(volume: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a volume, in Fourier space."""
    spectrum = np.fft.rfftn(volume)
    for axis, n in enumerate(volume.shape):
        frequency = np.fft.rfftfreq(n) if axis == 2 else np.fft.fftfreq(n)
        weight = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
        spectrum *= weight.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.fft.irfftn(spectrum, volume.shape, axes=(0, 1, 2))


def label(mask: np.ndarray, smallest: int = 60) -> np.ndarray:
    """Number the connected parts of a mask, leaving out those of fewer than `smallest` voxels."""
    number = np.cumsum(mask).reshape(mask.shape) - 1  # of each voxel in the mask
    ends = [[], []]
    for axis in range(3):
        low, high = np.s_[:-1], np.s_[1:]
        turned, turned_mask = np.moveaxis(number, axis, 0), np.moveaxis(mask, axis, 0)
        both = turned_mask[low] & turned_mask[high]
        ends[0].append(turned[low][both])
        ends[1].append(turned[high][both])
    a, b = map(np.concatenate, ends)  # neighbours
    root = np.arange(np.count_nonzero(mask))
    while (root[a] != root[b]).any():
        # Hang the root with the higher number under the other one, then let all point to a root again.
        np.minimum.at(root, np.maximum(root[a], root[b]), np.minimum(root[a], root[b]))
        while (root[root] != root).any():
            root = root[root]
    sizes = np.bincount(root, minlength=len(root))
    large = np.flatnonzero(sizes >= smallest)
    names = np.zeros(len(root), "uint32")
    names[large] = np.arange(1, len(large) + 1)
    labels = np.zeros(mask.shape, "uint32")
    labels[mask] = names[root]
    return labels


# ------------------------------------------------------------------------------------------------------ the filter

blur = pn.widgets.FloatSlider(label="Blur, in voxels", start=0, end=4, step=0.25, value=1.5)
threshold = pn.widgets.IntSlider(label="Threshold", start=20, end=160, value=66)
image = make_nuclei()
filtered, labels = np.empty(SHAPE, "uint8"), np.empty(SHAPE, "uint32")


def compute() -> None:
    """Filter the image into the two arrays that the viewer shows."""
    filtered[:] = gaussian(image, blur.value).clip(0, 255)
    labels[:] = label(filtered > threshold.value)


compute()

# ------------------------------------------------------------------------------------------- what the viewer shows

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="um", scales=[0.5, 0.5, 0.5])
shown = [neuroglancer.LocalVolume(array, space) for array in (filtered, labels)]
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [n / 2 for n in SHAPE]
    s.cross_section_scale = 0.38
    s.projection_scale = 130
    s.projection_orientation = [0.3, -0.3, -0.1, 0.9]
    s.layers["filtered"] = neuroglancer.ImageLayer(
        source=shown[0],
        shader="#uicontrol invlerp grey(range=[10, 190])\nvoid main() { emitGrayscale(grey()); }",
    )
    s.layers["nuclei"] = neuroglancer.SegmentationLayer(
        source=shown[1], segments=range(1, int(labels.max()) + 1), selected_alpha=0.45
    )
    looks.four_panels(s)
    s.show_axis_lines = False

view = Neuroglancer(viewer, ui="none", sizing_mode="stretch_both", min_height=300)

# ------------------------------------------------------------------------------------------------- what was found

EDGES = np.arange(0, 400, 20)  # µm³
bars = ColumnDataSource({"left": EDGES[:-1], "right": EDGES[1:]})
plot = figure(**looks.plot_style(x_axis_label="volume in µm³", y_axis_label="nuclei"))
plot.quad(left="left", right="right", bottom=0, top="count", color="#a98bfa", line_color=None, source=bars)
plot.xgrid.visible = False
plot.y_range.start = 0
looks.fit(plot, view, 100)


def tell() -> None:
    """Tell how many nuclei there are, and how large."""
    volumes = np.unique(labels, return_counts=True)[1][1:] * 0.5**3
    summary.object = f"<p><b>{len(volumes)}</b> nuclei found, of {NUCLEI}</p>"
    with pn.io.unlocked():
        bars.data = {**bars.data, "count": np.histogram(volumes.clip(0, EDGES[-1] - 1), EDGES)[0]}


def update(*events) -> None:
    """Filter anew and let the viewer know."""
    compute()
    for volume in shown:
        invalidate(volume)
    view.selected_segments = {"nuclei": list(range(1, int(labels.max()) + 1))}
    tell()


summary = looks.text("")
tell()
for slider in (blur, threshold):
    slider.param.watch(update, "value_throttled")
page = looks.page(
    __doc__,
    view,
    looks.card(blur, threshold, summary),
    looks.card(looks.text("<h2>Sizes of the nuclei</h2>"), pn.pane.Bokeh(plot, margin=0)),
    looks.text("<p>The cells are made up, by NumPy, on this page.</p>"),
)
