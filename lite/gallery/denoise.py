"""Before and after: a noisy volume and its denoised twin in two linked viewers; move one and the other goes along.

Run it with ``panel serve denoise.py``, or make a page of it with ``panel-neuroglancer convert denoise.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from neuropil import SHAPE, VOXEL_SIZE, make_neuropil

from panel_neuroglancer import Neuroglancer, invalidate

looks.extension()

truth = make_neuropil().image
noisy = (truth + np.random.default_rng(5).normal(0, 28, SHAPE)).clip(0, 255).astype("uint8")


def smooth(volume: np.ndarray, rounds: int, edge: float = 40) -> np.ndarray:
    """Let grey levels flow between neighbours, less where they differ by more than `edge` (Perona and Malik, 1990)."""
    grey = volume.astype("float32")
    for _ in range(rounds):
        flow = np.zeros_like(grey)
        for axis in range(3):
            step = np.diff(grey, axis=axis)
            step /= 1 + (step / edge) ** 2
            low, high = ([slice(None)] * 3 for _ in range(2))
            low[axis], high[axis] = slice(None, -1), slice(1, None)
            flow[tuple(low)] += step
            flow[tuple(high)] -= step
        grey += flow / 7
    return grey.clip(0, 255).astype("uint8")


rounds = pn.widgets.IntSlider(label="Rounds of smoothing", start=0, end=12, value=3)
clean = smooth(noisy, rounds.value)

# ------------------------------------------------------------------------------------------------- the two viewers

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=VOXEL_SIZE)
SHADER = "#uicontrol invlerp grey(range=[20, 225])\nvoid main() { emitGrayscale(grey()); }"


def show(volume: neuroglancer.LocalVolume) -> Neuroglancer:
    """Make a viewer of one volume."""
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space
        s.position = [64, 64, 32]
        s.cross_section_scale = 0.27
        s.layers["microscope"] = neuroglancer.ImageLayer(source=volume, shader=SHADER)
        s.layout = "xy"
        s.cross_section_background_color = "#000000"
        s.show_default_annotations = False
        s.show_axis_lines = False
    return Neuroglancer(viewer, ui="none", sizing_mode="stretch_both", min_height=200, margin=0)


result = neuroglancer.LocalVolume(clean, space)
before, after = show(neuroglancer.LocalVolume(noisy, space)), show(result)
before.link(
    after,
    position="position",
    cross_section_scale="cross_section_scale",
    layout="layout",
    bidirectional=True,
)

# ------------------------------------------------------------------------------------------------------- the profile


def profile(position: list[float]) -> dict[str, np.ndarray]:
    """Return the grey levels along x through a position."""
    y, z = (min(max(int(p), 0), n - 1) for p, n in zip(position[1:], SHAPE[1:], strict=True))
    x = (np.arange(SHAPE[0]) + 0.5) * VOXEL_SIZE[0] / 1000
    return {"x": x, "before": noisy[:, y, z], "after": clean[:, y, z], "truth": truth[:, y, z]}


curves = ColumnDataSource(profile(before.position))
plot = figure(
    **looks.plot_style(x_axis_label="x in µm", y_axis_label="grey level", height=220, y_range=(0, 255))
)
for name, color, width in (("before", "#8a94a3", 1), ("truth", "#38bdf8", 2), ("after", "#ff8360", 2)):
    plot.line("x", name, source=curves, color=color, line_width=width, legend_label=name)
looks.quiet_legend(plot)
plot.y_range.end = 300
looks.fit(plot, before, 128, (2, 1))


def error(volume: np.ndarray) -> float:
    """Return how far a volume is from the truth, in grey levels."""
    return float(np.sqrt(np.mean((volume.astype("float32") - truth) ** 2)))


def update(*events) -> None:
    """Draw the profile through the middle of the view."""
    with pn.io.unlocked():
        curves.data = profile(before.position)


def denoise(event) -> None:
    """Smooth anew, into the same array, and let the viewer know."""
    clean[:] = smooth(noisy, event.new)
    invalidate(result)
    update()
    summary.object = describe()


def describe() -> str:
    """Tell what was gained."""
    return f"<p>Error before <b>{error(noisy):.1f}</b>, after <b>{error(clean):.1f}</b> grey levels</p>"


summary = looks.text(describe())
rounds.param.watch(denoise, "value_throttled")
before.param.watch(update, "position")
views = pn.Row(
    pn.Column(looks.caption("Before"), before, sizing_mode="stretch_both", margin=0),
    pn.Column(looks.caption("After"), after, sizing_mode="stretch_both", margin=0),
    stylesheets=[looks.PAIR],
    sizing_mode="stretch_both",
    margin=0,
)
page = looks.page(
    __doc__,
    views,
    looks.card(rounds, summary),
    looks.card(looks.text("<h2>Along x, through the middle</h2>"), pn.pane.Bokeh(plot, margin=0)),
    looks.text("<p>The tissue is made up, so the truth is known.</p>"),
)
