"""What the examples share: a page with a viewer and cards beside it, below it on phones; light or dark as the visitor likes it."""

import math
from html import escape

import panel as pn
from bokeh.models import CustomJS
from bokeh.plotting import figure

from panel_neuroglancer import Neuroglancer

NARROW = 760  # pixels; windows up to this have one column
COLORS = ["#ff8360", "#38bdf8", "#a98bfa", "#34d399", "#fbbf24", "#f472b6", "#84cc16", "#f87171"]

_LIGHT = """
  --paper: #f4f5f7; --card: #ffffff; --line: #d8dce3; --ink: #1a1f27; --muted: #596273; --accent: #1261c4;
  --on-accent: #ffffff; color-scheme: light;
"""
_DARK = """
  --paper: #101318; --card: #181c23; --line: #2d343f; --ink: #e8ebf0; --muted: #9aa4b2; --accent: #7fb8ff;
  --on-accent: #0b1420; color-scheme: dark;
"""
_PAGE = f"""
:host {{
  {_LIGHT}
  /* What Bokeh draws with. */
  --bk-axis-label-text-color: var(--muted); --bk-axis-label-text-font-style: normal;
  --bk-axis-label-text-font: system-ui, sans-serif; --bk-axis-label-text-font-size: 12px;
  --bk-major-label-text-color: var(--muted); --bk-major-label-text-font: system-ui, sans-serif;
  --bk-axis-line-color: var(--line); --bk-major-tick-line-color: var(--line);
  --bk-minor-tick-line-color: transparent; --bk-grid-line-color: var(--line);

  position: fixed; inset: var(--bar, 0px) 0 0; height: auto !important; box-sizing: border-box; overflow: auto;
  display: grid; gap: 12px; padding: 12px 16px 16px;
  grid: auto minmax(0, 1fr) / minmax(0, 1fr) clamp(300px, 24vw, 760px);
  background: var(--paper); color: var(--ink); font: clamp(14px, 9px + 0.4vw, 26px)/1.45 system-ui, sans-serif;
}}
@media (prefers-color-scheme: dark) {{ :host {{ {_DARK} }} }}
@media (min-width: 2400px) {{
  :host {{ --bk-axis-label-text-font-size: 18px; --bk-major-label-text-font-size: 17px; }}
}}
.head {{ grid-column: 1 / -1; }}
.view {{ border-radius: 10px; overflow: hidden; background: #000; }}
.side {{ overflow: auto; scrollbar-width: thin; }}
@media (max-width: {NARROW}px) {{
  :host {{ grid: auto / minmax(0, 1fr); padding: 10px 12px; align-content: start; }}
  .view {{ height: max(340px, 62vh) !important; }}
  .side {{ overflow: visible; height: auto !important; max-height: none !important; }}
}}
"""
_CARD = """
:host {
  box-sizing: border-box; padding: 12px 14px; gap: 8px; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px;
  flex: none !important; max-height: none !important; min-width: 0 !important;
}
"""
_PAIR = f"""
:host {{ gap: 4px; background: var(--line); }}
@media (max-width: {NARROW}px) {{ :host {{ flex-direction: column !important; }} }}
"""
TABLE = """
:host { font-size: 0.93em; }
.slick-header, .slick-header-column, .slick-header-columns, .slick-row, .slick-cell, .slick-viewport, .slick-pane, .grid-canvas {
  background: var(--card) !important; color: var(--ink) !important; border-color: var(--line) !important;
}
.slick-cell { border-style: solid !important; border-width: 0 0 1px !important; line-height: 26px; padding: 0 6px; }
.slick-row:hover .slick-cell { background: var(--line) !important; }
.slick-row .slick-cell.selected { background: var(--accent) !important; color: var(--on-accent) !important; }
"""
# For everything on the page: in each shadow root, Panel's own theme would come before what is inherited.
_PART = """
:host {
  color: var(--ink); font-size: inherit;
  --panel-primary-color: var(--accent); --panel-on-primary-color: var(--on-accent);
  --panel-surface-color: var(--line); --panel-on-surface-color: var(--ink);
  --panel-background-color: var(--card); --panel-on-background-color: var(--ink); --panel-border-color: var(--line);
}
h1 { margin: 0; font-size: 1.45em; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 0; font-size: 0.93em; font-weight: 600; }
p { margin: 0; color: var(--muted); }
b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; }
kbd {
  padding: 0 5px; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; font: inherit; font-size: 0.9em;
}
.bk-input-group > label, .bk-slider-title { font-size: inherit; }
.bk-input { background: var(--paper); color: var(--ink); border-color: var(--line); font-size: inherit; }
.bk-btn { font-size: inherit; border-radius: 8px; }
.bk-btn-primary { background: var(--accent) !important; color: var(--on-accent) !important; }
button:not(.bk-btn) { background: var(--line); color: var(--ink); border: 0; border-radius: 6px; }
input { accent-color: var(--accent); }
.noUi-target { height: 6px; margin: 6px 9px 8px; border: 0; border-radius: 3px; background: var(--line); box-shadow: none; }
.noUi-connects { border-radius: 3px; }
.noUi-connect, .noUi-connect:hover { background: var(--accent) !important; }
.noUi-handle {
  top: -6px !important; width: 18px !important; height: 18px !important; right: -9px !important;
  border: 0 !important; border-radius: 50% !important; background: var(--ink); box-shadow: 0 0 0 3px var(--card) !important;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""


def extension(*args: str) -> None:
    """Load Panel, and give the page its own colour before anything is on it."""
    pn.extension(*args, raw_css=["@media (prefers-color-scheme: dark) { html { background: #101318; } }"])


def plain(viewer, layout: str) -> Neuroglancer:
    """Show a viewer on black, with nothing around its panels."""
    with viewer.txn() as state:
        state.layout = layout
        state.show_slices = state.show_default_annotations = state.show_axis_lines = False
        state.cross_section_background_color = "#000000"
    return Neuroglancer(viewer, ui="none", sizing_mode="stretch_both", min_height=200, margin=0)


def four_panels(viewer) -> Neuroglancer:
    """Show three slices and the volume."""
    return plain(viewer, "4panel")


def pair(**views) -> pn.Row:
    """Put two views with captions side by side, on phones one above the other."""
    full = {"sizing_mode": "stretch_both", "margin": 0}
    parts = [pn.Column(_caption(title), view, **full) for title, view in views.items()]
    return pn.Row(*parts, stylesheets=[_PAIR], **full)


def _caption(title: str) -> pn.pane.HTML:
    css = ":host { padding: 4px 10px; background: #181c23; color: #e8ebf0; font-weight: 600; }"
    return pn.pane.HTML(escape(title), stylesheets=[css], sizing_mode="stretch_width", margin=0)


def text(html, **params) -> pn.pane.HTML:
    """Put HTML, or what gives HTML, on the page."""
    return pn.pane.HTML(html, sizing_mode="stretch_width", margin=0, **params)


def plot(view, voxels: float, panels: tuple[int, int] = (2, 2), **params):
    """Make a Bokeh figure that lies on a card without a frame of its own, and zoom the view; see `_fit`."""
    made = figure(**{
        "sizing_mode": "stretch_width", "height": 200, "tools": "", "toolbar_location": None,
        "background_fill_color": None, "border_fill_color": None, "outline_line_color": None,
    } | params)  # fmt: skip
    made.xgrid.visible = False
    if "y_range" not in params:
        made.y_range.start = 0
    _fit(made, view, voxels, panels)
    return made


def quiet_legend(plot) -> None:
    """Put a plot's legend into a row at the top, legible on light and on dark cards."""
    plot.legend.update(
        background_fill_alpha=0, border_line_color=None, label_text_color="#8a94a3", orientation="horizontal",
        location="top_left", padding=0,
    )  # fmt: skip


def _fit(plot, view, voxels: float, panels: tuple[int, int]) -> None:
    """Zoom the slices so that `voxels` fit into a panel of the viewer, of which so many lie across and down.

    The plot is laid out anew when the window changes; this is how Python learns the window's size.
    """
    # For a window of 1280 x 800, until Python knows better.
    fitted = view.cross_section_scale = voxels / min(928 / panels[0], 670 / panels[1])

    def zoom(attr: str, old: list, new: list) -> None:
        nonlocal fitted
        width, height = new
        across, down = panels
        if width > NARROW:
            width, height = width - 44 - min(max(300, 0.24 * width), 760), height - 130
        else:  # what lay side by side is one below the other
            height, across, down = max(340, 0.62 * height), down, across
        # Not if somebody has zoomed meanwhile.
        if math.isclose(view.cross_section_scale, fitted, rel_tol=1e-4):
            fitted = voxels / min(width / across, height / down)
            pn.state.onload(lambda: view.param.update(cross_section_scale=fitted))

    plot.js_on_change(
        "outer_width", CustomJS(args={"plot": plot}, code="plot.tags = [innerWidth, innerHeight]")
    )
    plot.on_change("tags", zoom)


def card(*objects) -> pn.Column:
    """Frame things that belong together."""
    return pn.Column(*objects, stylesheets=[_CARD], sizing_mode="stretch_width", margin=(0, 0, 12, 0))


def page(doc: str, view, *cards) -> pn.Column:
    """Make the page of an example.

    Parameters
    ----------
    doc
        The example's docstring, which begins with ``Title: what to do.``
    view
        The viewer, or what holds several.
    cards
        What stands beside it.
    """
    title, _, hint = doc.strip().splitlines()[0].partition(": ")
    head = text(
        f"<header><h1>{escape(title)}</h1><p>{escape(hint[:1].upper() + hint[1:])}</p></header>",
        css_classes=["head"],
    )
    full = {"sizing_mode": "stretch_both", "margin": 0}
    view = pn.Column(view, css_classes=["view"], **full)
    side = pn.Column(*cards, css_classes=["side"], **full)
    for part in (head, *side.select(lambda part: part is not side and not isinstance(part, pn.Column))):
        part.param.update(stylesheets=[*part.stylesheets, _PART], margin=0, sizing_mode="stretch_width")
    whole = pn.Column(head, view, side, stylesheets=[_PAGE], **full)
    return whole.servable(title=title)
