"""The MNI152 brain: a Neuroglancer viewer steered by, and steering, Panel widgets.

Make the data once with ``python lite/data/mni152.py --out build/data/mni152``, then run

    panel serve lite/apps/brain.py --static-dirs data=build/data

or turn it into a static site with ``panel-neuroglancer convert``. The code is the same in each case.
"""

import asyncio
import gzip
import json
import math
import sys
from urllib.request import urlopen

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, CustomJS, Span
from bokeh.plotting import figure

from panel_neuroglancer import Neuroglancer, site_url

# The page's own colour, before anything is on it.
pn.extension(raw_css=["@media (prefers-color-scheme: dark) { html { background: #101318; } }"])

TISSUES = {1: "Grey matter", 2: "White matter", 3: "Fluid and other"}
COLORS = {1: "#ff8360", 2: "#38bdf8", 3: "#a98bfa"}
DATA = site_url("data/mni152")
BIN = 4  # grey levels
NARROW = 760  # pixels; windows up to this have one column

# ------------------------------------------------------------------------------------------- what the viewer shows

GREY = """
#uicontrol invlerp contrast
void main() {
  if (toRaw(getDataValue()) == 0u) emitTransparent();
  else emitGrayscale(contrast() * contrast());
}
"""

STATE = {
    "dimensions": {axis: [0.001, "m"] for axis in "xyz"},
    "position": [-18, -20, 16],
    # Slices stand upright, seen from the front, from above and from the left: left is on the right, as in radiology.
    "crossSectionOrientation": [0, 0.5**0.5, -(0.5**0.5), 0],
    "crossSectionScale": 0.58,
    "projectionOrientation": [-0.3302, 0.7621, -0.511, 0.2214],
    "projectionScale": 225,
    "showSlices": False,
    "layers": [
        {
            "type": "image",
            "name": "T1",
            "source": f"zarr3://{DATA}/t1.zarr",
            "shader": GREY,
            "shaderControls": {"contrast": {"range": [20, 250]}},
        },
        {
            "type": "segmentation",
            "name": "Tissue",
            "source": [f"zarr3://{DATA}/tissue.zarr", f"precomputed://{DATA}/surfaces"],
            "segments": ["1", "2"],
            "segmentColors": {str(tissue): color for tissue, color in COLORS.items()},
            "selectedAlpha": 0.4,
            # Highlighted, a whole tissue would change its colour under the mouse.
            "hoverHighlight": False,
        },
    ],
    "layout": "4panel",
    "showDefaultAnnotations": False,
    "crossSectionBackgroundColor": "#000000",
    "hideCrossSectionBackground3D": True,
}


def with_opacity(state: dict, opacity: float) -> dict:
    """Return the state with the tissues drawn that opaquely over the slices."""
    layers = [{**la, "selectedAlpha": opacity} if la["name"] == "Tissue" else la for la in state["layers"]]
    return {**state, "layers": layers}


def opacity_of(state: dict) -> float:
    """Read how opaquely the state draws the tissues."""
    return next(
        (la.get("selectedAlpha", 0.5) for la in state.get("layers", []) if la["name"] == "Tissue"), 0.5
    )


# --------------------------------------------------------------------------------------------- voxels, in Python too


async def fetch(url: str) -> bytes:
    """Get a file: through the browser where Python runs in one."""
    if sys.platform == "emscripten":
        from pyodide.http import pyfetch

        response = await pyfetch(url)
        response.raise_for_status()
        return await response.bytes()
    return await asyncio.to_thread(lambda: urlopen(url).read())


async def read_zarr(url: str, get=fetch) -> tuple[np.ndarray, np.ndarray]:
    """Read the full scale of an OME-Zarr volume of gzip chunks.

    Returns
    -------
    values : ndarray, axes z, y, x
    origin : ndarray, position of the first voxel in mm: z, y, x
    """
    group = json.loads(await get(f"{url}/zarr.json"))
    level = group["attributes"]["ome"]["multiscales"][0]["datasets"][0]
    array = json.loads(await get(f"{url}/{level['path']}/zarr.json"))
    shape, chunk = array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"]
    grid = [-(-size // step) for size, step in zip(shape, chunk, strict=True)]
    values = np.empty(np.multiply(grid, chunk), array["data_type"])

    async def place(index: tuple[int, ...]) -> None:
        data = await get(f"{url}/{level['path']}/c/{'/'.join(map(str, index))}")
        box = tuple(slice(i * step, (i + 1) * step) for i, step in zip(index, chunk, strict=True))
        values[box] = np.frombuffer(gzip.decompress(data), values.dtype).reshape(chunk)

    await asyncio.gather(*map(place, np.ndindex(*grid)))
    origin = next(t["translation"] for t in level["coordinateTransformations"] if t["type"] == "translation")
    return values[tuple(map(slice, shape))], np.array(origin)


def slice_histogram(t1: np.ndarray, tissue: np.ndarray, index: int) -> dict[str, np.ndarray]:
    """Count an axial slice's voxels by T1 intensity, per tissue; all zero beyond the volume."""
    edges = np.arange(0, 256 + BIN, BIN)
    inside = 0 <= index < len(t1)
    counts = {
        str(k): np.histogram(t1[index][tissue[index] == k] if inside else [], edges)[0] for k in TISSUES
    }
    return {"intensity": edges[:-1] + BIN / 2, **counts}


# ------------------------------------------------------------------------------------------------ viewer and widgets

viewer = Neuroglancer(STATE, ui="none", sizing_mode="stretch_both", min_height=320, margin=0)

axial = pn.widgets.IntSlider(label="Axial slice, z in mm", start=-72, end=116, value=STATE["position"][2])
opacity = pn.widgets.FloatSlider(
    label="Tissue opacity on slices", start=0, end=1, step=0.05, value=0.4, format="0%"
)
shown = pn.widgets.CheckBoxGroup(
    label="Tissues", options={name: k for k, name in TISSUES.items()}, value=[1, 2]
)

counts = ColumnDataSource(slice_histogram(np.empty((0, 0, 0)), np.empty((0, 0, 0)), 0))
plot = figure(
    height=190, sizing_mode="stretch_width", tools="", toolbar_location=None, x_range=(0, 256),
    x_axis_label="T1 intensity", y_axis_label="mm² of tissue",
    background_fill_color=None, border_fill_color=None, outline_line_color=None,
)  # fmt: skip
plot.y_range.start = 0
plot.xgrid.visible = False
bars = plot.vbar_stack(
    [str(k) for k in TISSUES],
    x="intensity",
    width=BIN * 0.9,
    color=list(COLORS.values()),
    line_color=None,
    source=counts,
)
under_mouse = Span(location=float("nan"), dimension="height", line_color="#e8b339", line_width=2)
plot.add_layout(under_mouse)


def slice_shown() -> int:
    """Find the slice nearest to what the viewer shows."""
    return min(max(round(viewer.position[2]), axial.start), axial.end)


def move(event) -> None:
    """Move the viewer to the slider's slice, unless it shows it already."""
    if slice_shown() != event.new:
        viewer.position = [*viewer.position[:2], event.new]


def follow(event) -> None:
    """Let the widgets tell what the viewer shows."""
    axial.value = slice_shown()
    opacity.value = opacity_of(viewer.state)
    shown.value = [k for k in TISSUES if k in viewer.selected_segments.get("Tissue", [])]


def fade(event) -> None:
    """Draw the tissues as opaquely as the slider says."""
    if opacity_of(viewer.state) != event.new:
        viewer.state = with_opacity(viewer.state, event.new)


def select(event) -> None:
    """Show the surfaces and labels of the tissues that are ticked, and dim the others' bars."""
    viewer.selected_segments = {"Tissue": event.new}
    with pn.io.unlocked():
        for tissue, bar in zip(TISSUES, bars, strict=True):
            bar.glyph.fill_alpha = 1 if tissue in event.new else 0.25


def scale_for(width: float, height: float) -> float:
    """Choose the zoom, in mm per pixel, at which slices fill their quarter of the viewer in a window of that size."""
    if width <= NARROW:
        view = width - 20, max(340, min(0.62 * height, width))
    else:
        view = width - 44 - min(max(280, 0.22 * width), 760), height - 82
    # The brain is 178 mm long, its longest side; an eighth more leaves room around it.
    return 2 * 1.125 * max(178 / view[0], 178 / view[1])


def fit(attr: str, old: list, new: list) -> None:
    """Zoom to fit the window, unless somebody has zoomed."""
    global fitted
    if math.isclose(viewer.cross_section_scale, fitted, rel_tol=1e-4):
        fitted = scale_for(*new)
        # Not before the page is ready: Panel drops what is set between a page's making and its first word.
        pn.state.onload(lambda: viewer.param.update(cross_section_scale=fitted))


fitted = STATE["crossSectionScale"]
voxels: asyncio.Future | None = None


async def count(*events) -> None:
    """Count the slice that the slider names; the voxels are read once, at the first call."""
    global voxels
    if voxels is None:
        voxels = asyncio.gather(read_zarr(f"{DATA}/t1.zarr"), read_zarr(f"{DATA}/tissue.zarr"))
    (t1, origin), (tissue, _) = await voxels
    with pn.io.unlocked():
        counts.data = slice_histogram(t1, tissue, round(axial.value - origin[0]))


def mark(event) -> None:
    """Mark the intensity under the mouse in the histogram."""
    with pn.io.unlocked():
        under_mouse.location = event.new["values"].get("T1") or float("nan")


def readout(hover: dict) -> str:
    """Describe the voxel under the mouse."""
    position, values = hover["position"] or [None] * 3, hover["values"]
    numbers = dict(zip(("x", "y", "z", "T1"), (*position, values.get("T1")), strict=True))
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{'—' if number is None else round(number)}</dd></div>"
        for name, number in numbers.items()
    )
    tissue = segment(values.get("Tissue"))
    name = TISSUES.get(tissue, "Outside the brain" if hover["position"] else "Point at a slice")
    return (
        f'<dl>{cells}</dl><p class="tissue" style="--tissue: {COLORS.get(tissue, "transparent")}">{name}</p>'
    )


def segment(value) -> int | None:
    """Read a segment's number from what the viewer says about it."""
    return int(value["key"]) if isinstance(value, dict) else value


viewer.param.watch(follow, "state")
axial.param.watch(move, "value")
axial.param.watch(count, "value")
opacity.param.watch(fade, "value")
shown.param.watch(select, "value")
viewer.param.watch(mark, "hover")
# The plot is laid out anew when the window changes; this is how Python learns the window's size.
plot.js_on_change("outer_width", CustomJS(args={"plot": plot}, code="plot.tags = [innerWidth, innerHeight]"))
plot.on_change("tags", fit)
pn.state.onload(count)


# ------------------------------------------------------------------------------------------------------- the page

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
WHERE = f"{PYTHON} in WebAssembly" if sys.platform == "emscripten" else f"{PYTHON} on a Panel server"

PAGE_CSS = """
:host {
  --paper: #101318; --card: #181c23; --line: #2d343f; --ink: #e8ebf0; --muted: #9aa4b2; --accent: #7fb8ff;
  color-scheme: dark;
  /* What Bokeh draws with. */
  --bk-axis-label-text-color: var(--muted); --bk-axis-label-text-font-style: normal;
  --bk-axis-label-text-font: system-ui, sans-serif; --bk-axis-label-text-font-size: 12px;
  --bk-major-label-text-color: var(--muted); --bk-major-label-text-font: system-ui, sans-serif;
  --bk-axis-line-color: var(--line); --bk-major-tick-line-color: var(--line);
  --bk-minor-tick-line-color: transparent; --bk-grid-line-color: var(--line);

  position: fixed; inset: var(--bar, 0px) 0 0; height: auto !important; box-sizing: border-box; overflow: auto;
  display: grid; gap: 12px; padding: 12px 16px 16px;
  grid: auto minmax(0, 1fr) / minmax(0, 1fr) clamp(280px, 22vw, 760px);
  background: var(--paper); color: var(--ink); font: clamp(14px, 9px + 0.4vw, 26px)/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: light) {
  :host {
    --paper: #f4f5f7; --card: #ffffff; --line: #d8dce3; --ink: #1a1f27; --muted: #596273; --accent: #1261c4;
    color-scheme: light;
  }
}
.head { grid-column: 1 / -1; }
.view { border-radius: 10px; overflow: hidden; background: #000; }
.side { overflow: auto; }
@media (max-width: NARROW) {
  :host { grid: auto / minmax(0, 1fr); padding: 8px 10px; align-content: start; }
  .view { height: max(340px, min(62vh, 100vw)) !important; }
  .side { overflow: visible; }
}
""".replace("NARROW", f"{NARROW}px")
CARD_CSS = """
:host {
  box-sizing: border-box; padding: 12px 14px; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px;
}
"""
TEXT_CSS = """
:host { color: var(--ink); font-size: inherit; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; }
h1 { margin: 0; font-size: 1.43em; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 0; font-size: 0.93em; font-weight: 600; }
p { margin: 0; color: var(--muted); }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: repeat(4, 1fr); margin: 6px 0 8px; }
dt { color: var(--muted); font-size: 0.86em; }
dd { margin: 0; font-size: 1.43em; font-variant-numeric: tabular-nums; }
.tissue::before {
  content: ""; display: inline-block; box-sizing: border-box; width: 10px; height: 10px; margin-right: 8px;
  border-radius: 50%; border: 1px solid var(--muted); background: var(--tissue);
}
"""
WIDGET_CSS = """
:host { color: var(--ink); font-size: inherit; }
.noUi-target { height: 6px; margin-top: 4px; border: 0; border-radius: 3px; background: var(--line); box-shadow: none; }
.noUi-connects { border-radius: 3px; }
.noUi-connect, .noUi-connect:hover { background: var(--accent) !important; }
.noUi-handle {
  top: -6px !important; width: 18px !important; height: 18px !important; right: -9px !important;
  border: 0 !important; border-radius: 50% !important; background: var(--ink); box-shadow: 0 0 0 3px var(--card) !important;
}
.noUi-handle:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
.bk-input-group { margin: 0; }
.bk-input-group > label { display: flex; align-items: center; gap: 6px; line-height: 1.9; }
.bk-input-group > label > input { width: 15px; height: 15px; margin: 0; }
.bk-input-group > label > input + span { position: static; margin: 0; }
""" + "".join(
    f"label:nth-child({tissue}) input {{ accent-color: {color}; }}" for tissue, color in COLORS.items()
)


def text(html, **params) -> pn.pane.HTML:
    """Put HTML on the page in the page's looks."""
    return pn.pane.HTML(html, stylesheets=[TEXT_CSS], sizing_mode="stretch_width", margin=0, **params)


def card(*objects) -> pn.Column:
    """Frame things that belong together."""
    return pn.Column(*objects, stylesheets=[CARD_CSS], sizing_mode="stretch_width", margin=(0, 0, 12, 0))


for widget in (axial, opacity, shown):
    widget.param.update(stylesheets=[WIDGET_CSS], sizing_mode="stretch_width", margin=(0, 0, 8, 0))

head = text(
    f"<header><h1>The MNI152 brain</h1><p>Neuroglancer in Panel · {WHERE}</p></header>", css_classes=["head"]
)
view = pn.Column(viewer, css_classes=["view"], sizing_mode="stretch_both", margin=0)
side = pn.Column(
    card(axial, opacity, text("<h2>Tissues</h2>"), shown),
    card(text("<h2>Under the mouse, MNI mm</h2>"), text(pn.bind(readout, viewer.param.hover))),
    card(text(pn.bind("<h2>T1 intensities at z = {} mm</h2>".format, axial)), pn.pane.Bokeh(plot, margin=0)),
    text(
        "<p>Slices in radiological convention: left is on the right. MNI152 template © McGill University, "
        f'<a href="{DATA}/LICENSE.txt">licence and citation</a>.</p>'
    ),
    css_classes=["side"],
    sizing_mode="stretch_both",
    margin=0,
)
page = pn.Column(head, view, side, stylesheets=[PAGE_CSS], sizing_mode="stretch_both", margin=0)
page.servable(title="MNI152 brain")
