"""A beating heart: a volume that changes over time; press play, drag the slider, or click in the curve.

Run it with ``panel serve heart.py``, or make a page of it with ``panel-neuroglancer convert heart.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.events import Tap
from bokeh.models import Span
from bokeh.plotting import figure

from panel_neuroglancer import Neuroglancer

looks.extension()

SIDE, FRAMES, VOXEL, SECONDS = 64, 24, 3.5, 0.02  # voxels, per beat, µm, per frame

# ----------------------------------------------------------------------------------- a fish's heart: two chambers


def chamber(at, phase: float, middle: tuple, radii: tuple) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the muscle and the blood of a chamber, 0 to 1, and how wide it is, at a phase of the beat."""
    squeeze = 0.24 * np.exp(4 * (np.cos(2 * np.pi * phase) - 1))
    x, y, z = ((a - m) / (r * (1 - squeeze)) for a, m, r in zip(at, middle, radii, strict=True))
    r = np.sqrt(x * x + y * y + z * z)
    # Ridges along the wall, and a wall that gets thicker as the chamber gets smaller.
    ridges = 0.62 + 0.38 * np.cos(11 * np.arctan2(y, x) + 5 * z) * np.cos(7 * z)
    thickness = 0.13 * (1 + 2 * squeeze)
    muscle = ridges * np.exp(-(((r - 1) / thickness) ** 2))
    blood = np.clip((0.9 - r) / 0.12, 0, 1)
    return muscle, blood, 1 - squeeze


def beat() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return muscle and blood, indexed ``[x, y, z, t]``, and the volume of each chamber over time in nanolitres."""
    rng = np.random.default_rng(7)
    at = np.meshgrid(*[np.linspace(-1, 1, SIDE, dtype="float32")] * 3, indexing="ij", sparse=True)
    muscle, blood = (np.empty((SIDE,) * 3 + (FRAMES,), "uint8") for _ in range(2))
    radii = {"atrium": (0.44, 0.4, 0.42), "ventricle": (0.55, 0.6, 0.52)}
    volumes = np.empty((len(radii), FRAMES))
    for t in range(FRAMES):
        # The ventricle contracts a third of a beat after the atrium.
        parts = [
            chamber(at, t / FRAMES - 0.2, (-0.45, -0.44, 0.08), radii["atrium"]),
            chamber(at, t / FRAMES - 0.53, (0.27, 0.24, -0.05), radii["ventricle"]),
        ]
        grain = rng.normal(1, 0.1, (SIDE,) * 3)
        # Where the chambers meet there is no wall.
        walls = np.maximum(parts[0][0] * (1 - parts[1][1]), parts[1][0] * (1 - parts[0][1]))
        muscle[..., t] = np.clip(225 * walls * grain + 8, 0, 255)
        blood[..., t] = np.clip(215 * np.maximum(parts[0][1], parts[1][1]) * grain, 0, 255)
        for k, (_, _, width) in enumerate(parts):
            semi = np.array(list(radii.values())[k]) * width * SIDE / 2 * VOXEL
            volumes[k, t] = 4 / 3 * np.pi * semi.prod() / 1e6
    return muscle, blood, volumes


muscle, blood, volumes = beat()

# ------------------------------------------------------------------------------------------- what the viewer shows

SHADER = """
#uicontrol vec3 color color(default="{color}")
#uicontrol float strength slider(min=0, max=1, default={strength})
void main() {{
  if (VOLUME_RENDERING) {{
    float v = max(0.0, toNormalized(getInterpolatedDataValue()) - 0.1);
    emitRGBA(vec4(color * (0.15 + 1.3 * v), v * v * strength));
  }} else {{
    emitRGB(color * max(0.0, 1.2 * toNormalized(getDataValue()) - 0.1));
  }}
}}
"""
space = neuroglancer.CoordinateSpace(
    names=["x", "y", "z", "t"], units=["um", "um", "um", "s"], scales=[VOXEL] * 3 + [SECONDS]
)
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.position = [SIDE / 2] * 3 + [0]
    s.cross_section_scale = 0.3
    s.projection_scale = 88
    s.projection_orientation = [0.28, -0.14, 0.04, 0.95]
    for name, data, color, strength in (
        ("muscle", muscle, "#38bdf8", 0.12),
        ("blood", blood, "#ff5d5d", 0.2),
    ):
        s.layers[name] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(data, space),
            shader=SHADER.format(color=color, strength=strength),
            blend="additive",
            opacity=1,
            volume_rendering_mode="on",
            volume_rendering_depth_samples=48,
        )
    looks.four_panels(s)
    s.show_axis_lines = False

view = Neuroglancer(viewer, ui="none", sizing_mode="stretch_both", min_height=300)

# --------------------------------------------------------------------------------------------------------- the time

player = pn.widgets.Player(
    label="Frame", start=0, end=FRAMES - 1, interval=120, loop_policy="loop", sizing_mode="stretch_width",
    visible_buttons=["previous", "pause", "play", "next"], visible_loop_options=[], show_value=False,
)  # fmt: skip
time = np.arange(FRAMES) * SECONDS * 1000
plot = figure(**looks.plot_style(x_axis_label="ms", y_axis_label="nl", height=200))
for name, volume, color in zip(("atrium", "ventricle"), volumes, looks.COLORS[2::-2], strict=True):
    plot.line(time, volume, line_width=3, color=color, legend_label=name)
now = Span(location=0, dimension="height", line_color="#e8b339", line_width=2)
plot.add_layout(now)
looks.quiet_legend(plot)
plot.y_range.end = volumes.max() * 1.35
plot.y_range.start = 0
looks.fit(plot, view, 68)


def go(event) -> None:
    """Move the viewer to the player's frame."""
    if int(view.position[3]) != event.new:
        view.position = [*view.position[:3], event.new + 0.5]


def follow(event) -> None:
    """Let player and plot tell which frame the viewer shows."""
    player.value = min(max(int(event.new[3]), 0), FRAMES - 1)
    with pn.io.unlocked():
        now.location = time[player.value]


def at_click(event) -> None:
    """Go to the time that was clicked at."""
    player.value = min(max(round(event.x / 1000 / SECONDS), 0), FRAMES - 1)


def describe(index: int) -> str:
    """Tell what the time is and how much blood there is in each chamber."""
    a, v = volumes[:, index]
    return f"<p><b>{time[index]:.0f}</b> ms: atrium <b>{a:.2f}</b> nl, ventricle <b>{v:.2f}</b> nl</p>"


player.param.watch(go, "value")
view.param.watch(follow, "position")
plot.on_event(Tap, at_click)
page = looks.page(
    __doc__,
    view,
    looks.card(looks.text(pn.bind(describe, player)), player),
    looks.card(looks.text("<h2>Volume of each chamber</h2>"), pn.pane.Bokeh(plot, margin=0)),
    looks.text("<p>Made up, by NumPy, on this page: x, y, z and time in one array.</p>"),
)
