"""A beating heart: a volume that changes over time; press play, drag the slider, or click in the curve.

Run it with ``panel serve heart.py``, or make a page of it with ``panel-neuroglancer convert heart.py --out site``.
"""

import looks
import neuroglancer
import numpy as np
import panel as pn
from bokeh.events import Tap
from bokeh.models import Span
from phantoms import make_heart

looks.extension()

VOXEL, SECONDS = 3.5, 0.02  # µm; per frame
muscle, blood, voxels = make_heart()
volumes = voxels * VOXEL**3 / 1e6  # nanolitres
side, frames = muscle.shape[2:]
time = np.arange(frames) * SECONDS * 1000  # ms

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
    s.position = [side / 2] * 3 + [0]
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
view = looks.four_panels(viewer)

# --------------------------------------------------------------------------------------------------------- the time

player = pn.widgets.Player(
    label="Frame", start=0, end=frames - 1, interval=120, loop_policy="loop", sizing_mode="stretch_width",
    visible_buttons=["previous", "pause", "play", "next"], visible_loop_options=[], show_value=False,
)  # fmt: skip
plot = looks.plot(view, 68, x_axis_label="ms", y_axis_label="nl", y_range=(0, volumes.max() * 1.35))
for name, volume, color in zip(("atrium", "ventricle"), volumes, looks.COLORS[2::-2], strict=True):
    plot.line(time, volume, line_width=3, color=color, legend_label=name)
now = Span(location=0, dimension="height", line_color="#e8b339", line_width=2)
plot.add_layout(now)
looks.quiet_legend(plot)


def frame_at(t: float) -> int:
    """Return the frame at a time in frames."""
    return min(max(int(t), 0), frames - 1)


def go(frame: int) -> None:
    """Move the viewer to the player's frame."""
    if int(view.position[3]) != frame:
        view.position = [*view.position[:3], frame + 0.5]


def follow(position: list[float]) -> None:
    """Let player and plot tell which frame the viewer shows."""
    player.value = frame_at(position[3])
    now.location = time[player.value]


def at_click(event: Tap) -> None:
    """Go to the time that was clicked at."""
    player.value = frame_at(event.x / 1000 / SECONDS + 0.5)


def describe(frame: int) -> str:
    """Tell what the time is and how much blood there is in each chamber."""
    a, v = volumes[:, frame]
    return f"<p><b>{time[frame]:.0f}</b> ms: atrium <b>{a:.2f}</b> nl, ventricle <b>{v:.2f}</b> nl</p>"


pn.bind(go, player, watch=True)
pn.bind(follow, view.param.position, watch=True)
plot.on_event(Tap, at_click)
looks.page(
    __doc__,
    view,
    looks.card(looks.text(pn.bind(describe, player)), player),
    looks.card(looks.text("<h2>Volume of each chamber</h2>"), plot),
    looks.text("<p>Made up, by NumPy, on this page: x, y, z and time in one array.</p>"),
)
