"""The widgets around the view, and their looks."""

from __future__ import annotations

from html import escape
from typing import Any

from panel.layout import Card, Column, Row
from panel.pane import HTML, JSON
from panel.widgets import Button, TextInput

from . import outputs

_ALERT_CSS = """
[role=alert] > div {
  margin: 5px 0; padding: 8px 12px; border-left: 4px solid #c9302c; border-radius: 3px;
  background: #fdecea; color: #611a15; font-size: 14px; overflow-wrap: anywhere;
}
[role=alert] > div > span { display: block; margin-top: 2px; }
"""

_LINK_CSS = "div { max-height: 6em; overflow: auto; overflow-wrap: anywhere; font-size: 12px; }"


class Frame(Column):  # type: ignore[misc]
    """A column that is sized as it is told, where Panel's would grow and shrink with what is in it."""

    def _compute_sizing_mode(self, children: Any, props: dict[str, Any]) -> dict[str, Any]:
        return {"sizing_mode": props.get("sizing_mode", self.sizing_mode)}


class UrlRow:
    """A field for a link, Load and Demo; on narrow screens the buttons go below the field."""

    def __init__(self) -> None:
        self.url_input = TextInput(
            label="Neuroglancer link or data source",
            placeholder="https://neuroglancer-demo.appspot.com/#!… or precomputed://…",
            min_width=120,
            margin=(5, 0),
            stylesheets=["input { text-overflow: ellipsis; }"],
            styles={"flex": "1 1 18rem"},
        )
        self.load_button = Button(label="Load", color="primary", width=80, margin=(5, 0))
        self.demo_button = Button(label="Demo", width=80, margin=(5, 0))
        # Not Panel's FlexBox, which needs the package nh3 where Python runs.
        self.row = Row(
            self.url_input,
            self.load_button,
            self.demo_button,
            sizing_mode="stretch_width",
            # Panel would keep the row as wide as all three side by side.
            styles={"min-width": "0", "flex-wrap": "wrap", "align-items": "end", "gap": "8px"},
        )


class _Text:
    """What our panes have in common: only their text changes."""

    def _update(self, ref: str, model: Any) -> None:
        # Panel would send the stylesheets again: from its CDN, even where it was told to put all inline.
        properties = self._get_properties(model.document)  # type: ignore[attr-defined]
        model.update(**{name: value for name, value in properties.items() if name != "stylesheets"})


class _Late(_Text):
    """A pane whose text may be long: a notebook's file is without it, and the page gets it once it is there."""

    _is_late = False

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model = super()._get_model(doc, root, parent, comm)  # type: ignore[misc]
        if outputs.in_notebook(comm):
            model.text, self._is_late = "", True
        return model

    def tell(self) -> None:
        """Send the text to the pages that came without it."""
        if self._is_late:
            self.param.trigger("object")  # type: ignore[attr-defined]


class _LateJSON(_Late, JSON):  # type: ignore[misc]
    pass


class _LateHTML(_Late, HTML):  # type: ignore[misc]
    pass


class _Alert(_Text, HTML):  # type: ignore[misc]
    pass


class StateCard:
    """The state as JSON, and a link to it."""

    def __init__(self, dark: bool) -> None:
        self.json_pane = _LateJSON(
            {},
            depth=2,
            theme="dark" if dark else "light",
            sizing_mode="stretch_width",
            max_height=240,
            styles={"overflow": "auto"},
        )
        self.shareable_url_pane = _LateHTML("", sizing_mode="stretch_width", stylesheets=[_LINK_CSS])
        self.card = Card(
            Column(self.shareable_url_pane, self.json_pane, sizing_mode="stretch_width"),
            title="Viewer state",
            collapsed=True,
            sizing_mode="stretch_width",
            margin=(5, 0, 0, 0),
        )

    def tell(self, *_: Any) -> None:
        """Fill in what the pages came without."""
        self.json_pane.tell()
        self.shareable_url_pane.tell()


def alert() -> HTML:
    """Return the place for errors: always in the page, so that screen readers announce what appears in it."""
    return _Alert(alert_html([]), margin=0, sizing_mode="stretch_width", stylesheets=[_ALERT_CSS])


def alert_html(errors: list[dict[str, Any]]) -> str:
    """Return the errors as accessible HTML."""
    items = "".join(
        f"<div><b>{escape(e['message'])}</b><span>{escape(e['fix'])}</span></div>" for e in errors
    )
    return f'<div role="alert">{items}</div>'


def link(url: str) -> str:
    """Return a link that opens the state in Neuroglancer's own site."""
    href = escape(url, quote=True)
    return f'<div><b>Shareable URL:</b> <a href="{href}" target="_blank" rel="noopener">{href}</a></div>'
