"""Before and after: a noisy volume and its denoised twin in two linked viewers; move one and the other goes along.

Run it with ``panel serve denoise.py``, or make a page of it with ``panel-neuroglancer convert denoise.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource
from filters import diffuse
from neuropil import SHAPE, VOXEL_SIZE, make_neuropil

from panel_neuroglancer import Neuroglancer, invalidate

looks.extension()

truth = make_neuropil().image
noisy = (truth + np.random.default_rng(5).normal(0, 28, SHAPE)).clip(0, 255).astype("uint8")
rounds = pn.widgets.IntSlider(label="Rounds of smoothing", start=0, end=12, value=3)
clean = diffuse(noisy, rounds.value)

# ------------------------------------------------------------------------------------------------- the two viewers

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=VOXEL_SIZE)
SHADER = "#uicontrol invlerp grey(range=[20, 225])\nvoid main() { emitGrayscale(grey()); }"


def show(volume: neuroglancer.LocalVolume) -> Neuroglancer:
    """Make a viewer of one volume."""
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space
        s.position = [64, 64, 32]
        s.layers["microscope"] = neuroglancer.ImageLayer(source=volume, shader=SHADER)
    return looks.plain(viewer, "xy")


result = neuroglancer.LocalVolume(clean, space)
before, after = show(neuroglancer.LocalVolume(noisy, space)), show(result)
view = {name: name for name in ("position", "cross_section_scale", "layout")}
before.link(after, bidirectional=True, **view)

# ------------------------------------------------------------------------------------------------------- the profile


def profile(position: list[float]) -> dict[str, np.ndarray]:
    """Return the grey levels along x through a position."""
    y, z = (min(max(int(p), 0), n - 1) for p, n in zip(position[1:], SHAPE[1:], strict=True))
    x = (np.arange(SHAPE[0]) + 0.5) * VOXEL_SIZE[0] / 1000
    return {"x": x, "before": noisy[:, y, z], "after": clean[:, y, z], "truth": truth[:, y, z]}


curves = ColumnDataSource(profile(before.position))
plot = looks.plot(before, 140, (2, 1), x_axis_label="x in µm", y_axis_label="grey level", y_range=(0, 300))
for name, color, width in (("before", "#8a94a3", 1), ("truth", "#38bdf8", 2), ("after", "#ff8360", 2)):
    plot.line("x", name, source=curves, color=color, line_width=width, legend_label=name)
looks.quiet_legend(plot)


def error(volume: np.ndarray) -> float:
    """Return how far a volume is from the truth, in grey levels."""
    return float(np.sqrt(np.mean((volume.astype("float32") - truth) ** 2)))


def denoise(rounds: int) -> str:
    """Smooth anew, into the same array, let the viewer know, and tell what was gained."""
    clean[:] = diffuse(noisy, rounds)
    invalidate(result)
    follow(before.position)
    return f"<p>Error before <b>{error(noisy):.1f}</b>, after <b>{error(clean):.1f}</b> grey levels</p>"


def follow(position: list[float]) -> None:
    """Draw the profile through the middle of the view."""
    curves.data = profile(position)


pn.bind(follow, before.param.position, watch=True)
looks.page(
    __doc__,
    looks.pair(Before=before, After=after),
    looks.card(rounds, looks.text(pn.bind(denoise, rounds.param.value_throttled))),
    looks.card(looks.text("<h2>Along x, through the middle</h2>"), plot),
    looks.text("<p>The tissue is made up, so the truth is known.</p>"),
)
