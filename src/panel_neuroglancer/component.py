"""Neuroglancer as a Panel component: what users see."""

from __future__ import annotations

import os
from functools import partial
from typing import IO, Any

import param
from panel.config import config
from panel.custom import PyComponent
from panel.reactive import Reactive
from panel.viewable import Layoutable
from param.parameterized import _syncing, batch_call_watchers

from . import _runtime, demo, gui
from .checks import State, as_state
from .errors import NeuroglancerError, UrlError
from .parameters import Checked, Lazy, Link, Segments, as_ui
from .patch import diff, share
from .saving import save
from .session import Session, is_viewer
from .state import CHECKS, link_of, parse_url, read, site_of, write
from .view import NeuroglancerView


class Neuroglancer(PyComponent):  # type: ignore[misc]
    """A Neuroglancer viewer for Panel apps and notebooks.

    Every parameter below can be set, watched and linked; ``viewer.param.update(position=…, layout=…)`` makes one
    change of several. What the user does in the viewer arrives in the same parameters.

    Parameters
    ----------
    source
        What to show: a Neuroglancer link from any host, a data source (``"precomputed://gs://…"``), a state dict or a
        ``neuroglancer.ViewerState``. With None there is a field to give a link, a Load and a Demo button.
    load_demo
        Whether to show the demo at once.
    **params
        The parameters below and Panel's own (``width``, ``height``, ``sizing_mode``, …).

    Attributes
    ----------
    url_input, load_button, demo_button
        The widgets of the row above the viewer.
    json_pane, shareable_url_pane
        The contents of the state card.

    Examples
    --------
    >>> import panel_neuroglancer as png
    >>> viewer = png.Neuroglancer({"layers": [], "layout": "4panel"}, height=500)
    >>> viewer.layout = "3d"
    >>> viewer.state
    {'layers': [], 'layout': '3d'}

    A viewer and a slider that follow each other:

    >>> import panel as pn
    >>> slider = pn.widgets.FloatSlider(start=0.1, end=100, value=1)
    >>> _ = slider.link(viewer, value="cross_section_scale", bidirectional=True)
    """

    state = Checked(
        {},
        check=lambda v, _: as_state(v),
        doc="The whole viewer state, as JSON. Replace it; changes inside go unnoticed.",
    )
    url = Link("", allow_refs=True, doc="A link that shows the present state. Setting it loads the link.")
    position = Checked(
        check=CHECKS["position"], doc="The centre of the view, in voxels of the state's dimensions."
    )
    cross_section_scale = Checked(
        check=CHECKS["cross_section_scale"], doc="Voxels per screen pixel in the cross sections."
    )
    projection_scale = Checked(check=CHECKS["projection_scale"], doc="Voxels across the 3-D view.")
    projection_orientation = Checked(
        check=CHECKS["projection_orientation"], doc="The 3-D view's rotation: a quaternion x, y, z, w."
    )
    layout = Checked(
        check=CHECKS["layout"], doc="The arrangement of the panels, such as '4panel', '3d' or a layout dict."
    )
    selected_segments = Checked(
        Segments(),
        check=lambda v, known: Segments(CHECKS["selected_segments"](v, known)),
        doc="The segments shown, by layer. Layers that are not named keep theirs.",
    )
    ready = param.Boolean(False, constant=True, doc="Whether all data in view is loaded.")
    hover = param.Dict(
        {"position": None, "values": {}},
        constant=True,
        doc="Position and each layer's value under the mouse.",
    )
    errors = param.List(
        [], item_type=dict, constant=True, doc="What went wrong: kind, layer, message and fix."
    )
    ui = Checked(
        "full",
        check=lambda v, _: as_ui(v),
        doc="Neuroglancer's own controls: 'full', 'minimal', 'none' or a dict of its options.",
    )
    resident_limit = param.Integer(
        None,
        bounds=(0, None),
        constant=True,
        doc="""
        The bytes of a Python viewer's arrays to send to the page whole, where chunks and meshes are then made without
        Python; larger arrays are sent chunk by chunk. The default is an eighth of the device's memory as the browser
        tells it (1 GiB for 8 GB or more, which browsers do not tell apart), and a quarter of that where Python is on a server.""",
    )
    show_state = param.Boolean(
        False, allow_refs=True, doc="Whether to show a card with the state and a link to it."
    )

    height = param.Integer(600, allow_None=True)
    sizing_mode = param.Selector(default="stretch_width")

    def __init__(self, source: Any = None, *, load_demo: bool = False, **params: Any) -> None:
        super().__init__(**_sizing(params))
        self._links: list[Any] = []
        self._own_errors: list[dict[str, Any]] = []
        self._site = site_of("")
        self._session: Session | None = None
        self._typed: str | None = None  # what stands in the field and is not loaded yet
        self._known: dict[str, Any] = {"state": {}, "url": "", **read({})}
        self._view = NeuroglancerView(self._on_report, sizing_mode="stretch_both", min_height=100)
        self._build_gui(with_row=source is None)

        self._view.param.watch(self._on_status, ["ready", "hover", "errors"])
        # Also when a value equals the last one: it may be the last one, changed in place and set again.
        self._lazy = Lazy(
            self, self.param.watch(self._on_params, ["state", "url", *CHECKS], onlychanged=False)
        )
        self.param.watch(self._on_ui, "ui")
        self.param.watch(self._on_show_state, "show_state")
        self._on_ui()
        self._on_show_state()

        parts = {name: getattr(self, name) for name in CHECKS if name in params}
        if source is None:
            source = self.url or self.state or None
        if load_demo and source is None:
            source = demo.demo_url()
        if is_viewer(source):
            self._session = self._follow(source)
            source = self._session.state
        if source is not None or parts:
            self._show(source if source is not None else {}, parts)

    def _build_gui(self, with_row: bool) -> None:
        row = gui.UrlRow()
        self.url_input, self.load_button, self.demo_button = row.url_input, row.load_button, row.demo_button
        self.url_input.param.watch(self._on_typing, ["value_input", "value"])
        self.url_input.param.watch(self._load_url, "enter_pressed")
        self.load_button.on_click(self._load_url)
        self.demo_button.on_click(self._load_demo)
        self._alert = gui.alert()
        card = gui.StateCard(dark=config.theme == "dark")
        self._state_card, self._card, self._card_wanted = card, card.card, False
        self._view.channel.on_peer(card.tell)
        self._frame = gui.Frame(*([row.row] if with_row else []), self._alert, self._view)

    @property
    def json_pane(self) -> Any:
        """The pane that shows the state. It is filled in as soon as it is asked for, or shown."""
        self._fill_card(wanted=True)
        return self._state_card.json_pane

    @property
    def shareable_url_pane(self) -> Any:
        """The pane with a link to the state, filled in likewise."""
        self._fill_card(wanted=True)
        return self._state_card.shareable_url_pane

    def _fill_card(self, wanted: bool = False) -> None:
        self._card_wanted = self._card_wanted or wanted
        if self._card_wanted:
            state = self._known["state"]
            self._state_card.json_pane.object = state
            self._state_card.shareable_url_pane.object = gui.link(link_of(state, self._site))

    def __panel__(self) -> gui.Frame:
        """Return the layout that Panel shows."""
        # Panel would prefer the layout's own values, some of which come from pn.extension(…), to the component's.
        self._frame.param.update({name: getattr(self, name) for name in Layoutable.param if name != "name"})
        return self._frame

    # As Panel's own components have it; a PyComponent does not.
    link = Reactive.link

    def _follow(self, viewer: Any) -> Session:
        """Let a live Python viewer's state and this component's be one from now on."""
        session = Session(viewer, self._on_viewer_state, self._view.configure, lambda: self._view.shown)
        session.serve(self._view.channel)
        self._view.python = {
            "token": session.token,
            "resident_limit": self.resident_limit,
            "remote": not _runtime.in_pyodide(),
        }
        return session

    def _on_viewer_state(self, state: State) -> None:
        if diff(self._known["state"], state):
            self._show_state(state)

    # What to show

    def viewer_state(self) -> Any:
        """Return a copy of the state as a ``neuroglancer.ViewerState``.

        Raises
        ------
        ImportError
            If the ``neuroglancer`` package is not installed.

        Examples
        --------
        >>> viewer = Neuroglancer({"layout": "3d"})
        >>> state = viewer.viewer_state()
        >>> state.layout = "xy"
        >>> viewer.state = state
        >>> viewer.layout
        'xy'
        """
        return _runtime.require_neuroglancer("viewer_state()").ViewerState(self.state)

    def save(
        self, filename: str | os.PathLike[str] | IO[Any], title: str | None = None, **options: Any
    ) -> None:
        """Save the viewer as one self-contained HTML file; see :func:`panel_neuroglancer.save`."""
        save(self, filename, title or "Neuroglancer", **options)

    def _load_url(self, event: Any = None) -> None:
        """Show the link in the field; an error appears above the viewer and in ``errors``."""
        self._load_from_gui(self.url_input.value)

    def _load_demo(self, event: Any = None) -> None:
        """Show the demo: the site's own data if it carries some, otherwise kasthuri2011 from the network."""
        self._load_from_gui(demo.demo_url())

    def _load_from_gui(self, url: str) -> None:
        try:
            self._show(url)
        except NeuroglancerError as error:
            self._set_own_errors([error.to_json()])

    def _show(self, source: Any, parts: dict[str, Any] | None = None) -> None:
        """Show a link or a state, with some parts changed."""
        before, parts = self._known["state"], parts or {}
        if not isinstance(source, str):
            known = source is before
            base = before if known else share(before, as_state(source))
            self._show_state(write(base, parts, self._known if known else None))
            return
        state = write(share(before, parse_url(source, before)), parts)
        self._show_state(state, None if parts else source, site_of(source))
        # Only what is loaded goes into the field: what the viewer reports may come while somebody types there.
        if self._typed is None:
            self.url_input.value = self.url

    def _show_state(self, state: State, url: str | None = None, site: str | None = None) -> None:
        known = {"state": state, "url": url, **read(state, self._known["state"], self._known)}
        if site is not None:
            self._site, self._typed = site, None
        self._set_own_errors([])
        self._view.send(state)
        self._on_status()
        self._know(known)

    def _know(self, known: dict[str, Any]) -> None:
        """Take in what the viewer shows, or is about to."""
        before, self._known = self._known, known
        if self._session is not None:
            self._session.take(known["state"])
            if self._known is not known:
                # A callback of the Python viewer has changed the state in turn, and all that is taken in.
                return
        if self._card_wanted:
            self._fill_card()
        values = {name: known[name] for name in CHECKS if known[name] != getattr(self, name)}
        if known["state"] is not before["state"] or known["url"] is not None:
            values |= self._lazy.put("state", lambda: known["state"])
            if self._typed is None:
                values |= self._lazy.put("url", partial(_link, known, self._site))
        # `_on_params` finds nothing new in this, but does find what a user's watcher sets in turn.
        with _syncing(self, list(values)):  # keeps references to widgets alive
            self._set(values)

    def _set(self, values: dict[str, Any]) -> None:
        """Set parameters as one change. Param's own update() would read all others, the lazy ones too."""
        with batch_call_watchers(self):
            for name, value in values.items():
                setattr(self, name, value)

    # Python → viewer

    def _on_params(self, *events: param.parameterized.Event) -> None:
        values = {e.name: e.new for e in events}
        for name in values.keys() & CHECKS.keys():
            values[name] = CHECKS[name](values[name], self._known[name])
        if "url" in values:
            _link(self._known, self._site)
        changed = {name: value for name, value in values.items() if value != self._known[name]}
        if changed.get("url") == self._typed:
            changed.pop("url", None)
        if not changed:
            return
        parts = {name: value for name, value in changed.items() if name in CHECKS}
        source = changed.get("state", changed.get("url", self._known["state"]))
        try:
            self._show(source, parts)
        except NeuroglancerError as error:
            if isinstance(error, UrlError):
                self._set_own_errors([error.to_json()])
            self.param.update(**{name: self._known[name] for name in changed})
            raise

    def _on_ui(self, *events: param.parameterized.Event) -> None:
        preset, options = (self.ui, {}) if isinstance(self.ui, str) else ("full", self.ui)
        self._view.ui = {"preset": preset, "options": options}

    def _on_show_state(self, *events: param.parameterized.Event) -> None:
        others = [item for item in self._frame if item is not self._card]
        if self.show_state:
            self._fill_card(wanted=True)
        self._frame.objects = [*others, self._card] if self.show_state else others

    def _on_typing(self, *events: param.parameterized.Event) -> None:
        """Keep what is typed out of the viewer until Load or Enter, and reports out of what is typed."""
        typed = {event.name: event.new for event in events}
        text = typed.get("value", typed.get("value_input"))
        if text == self.url:
            self._typed = None
        else:
            self._typed = text
            if "value" in typed:
                self.url = text
        # An empty field waits for the next link, not for Load.
        self._typed = self._typed or None

    # Viewer → Python

    def _on_report(self, report: dict[str, Any]) -> None:
        state: State = report["state"]
        known = {"state": state, "url": None, **read(state, self._known["state"], self._known)}
        shown = known["selected_segments"]
        shown |= {layer: shown.get(root, []) for layer, root in report.get("linked_segments", {}).items()}
        try:
            self._know(known)
        finally:  # even if somebody's watcher failed
            # Last: who is told that the view is ready finds all of it.
            self._on_status()

    def _on_status(self, *events: param.parameterized.Event) -> None:
        hover = self._view.hover
        values = {layer: _segment_number(value) for layer, value in hover.get("values", {}).items()}
        with param.edit_constant(self):
            self._set(
                {
                    # Loaded data counts only once it is the data that was asked for last.
                    "ready": self._view.ready and self._view.settled,
                    "hover": {"position": hover.get("position"), "values": values},
                    "errors": self._own_errors + self._view.errors,
                }
            )

    def _set_own_errors(self, errors: list[dict[str, Any]]) -> None:
        self._own_errors = errors
        self._alert.object = gui.alert_html(errors)
        self._on_status()


def _segment_number(value: Any) -> Any:
    """Turn the strings that stand for 64-bit numbers into numbers."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _link(known: dict[str, Any], site: str) -> str:
    """Return the link to what is known to be shown; a long one takes its time."""
    if known["url"] is None:
        known["url"] = link_of(known["state"], site)
    url: str = known["url"]
    return url


def _sizing(params: dict[str, Any]) -> dict[str, Any]:
    """Let the sizes that are given replace the default ones, not fight them."""
    if params.get("width") is not None:
        params.setdefault("sizing_mode", "fixed")
    if params.get("aspect_ratio") is not None or any(
        w in (params.get("sizing_mode") or "") for w in ("height", "both")
    ):
        params.setdefault("height", None)
    return params
