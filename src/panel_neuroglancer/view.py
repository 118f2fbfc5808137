"""The Panel component underneath: the parameters it shares with the page, and their sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar

import param
from bokeh.document import Document
from bokeh.model import Model
from panel.config import config
from panel.custom import JSComponent
from panel.io import document as panel_document
from panel.io.state import state as panel_state
from panel.models.esm import DataEvent, ESMEvent

from . import carriers, outputs, turns
from .carriers.comm import Comm
from .channel import Channel, ChannelError, Reply
from .checks import State, as_json, as_state
from .engine import DIST, engine_location, read_engine
from .patch import diff, share
from .sync import Incoming, Outgoing

_FROM_PAGE = ("report", "hover", "ready", "errors")
_REMEMBERED_VIEWS = 32


class NeuroglancerView(JSComponent):  # type: ignore[misc]
    """The viewer itself. Use :class:`~panel_neuroglancer.Neuroglancer`, which wraps it.

    Python sends the states it wants (``command``); each page merges them into what it shows and sends its state back
    (``report``), both as the difference to a state that the other side has (see sync.py). Reports that a page made
    before it had applied the last command are stale and dropped.

    Parameters
    ----------
    on_report
        Called with every report that is not stale.
    """

    engine = param.Dict(default={}, doc="Where the page finds the engine: its base URL and entry.")
    ui = param.Dict(
        default={"preset": "full", "options": {}}, doc="Which of Neuroglancer's controls to show."
    )
    dark = param.Boolean(default=False, doc="Whether the page around is dark.")
    python = param.Dict(
        default={}, doc="The Python viewer behind this one: its token, by which its volumes are known."
    )
    carriers = param.Dict(default={}, doc="What the page must know to reach the channel.")
    config = param.Dict(default={}, doc="The Python viewer's configuration.")
    command = param.Dict(default={}, doc="The last state that Python wants shown.")
    report = param.Dict(default={}, doc="The last state that a page showed.")
    received = param.Dict(
        default={},
        doc="The last report of each view, whether its state must be sent whole, and the last command.",
    )
    hover = param.Dict(default={}, doc="What is under the mouse.")
    ready = param.Boolean(default=False, doc="Whether all data in view is loaded.")
    errors = param.List(default=[], item_type=dict, doc="The errors that the page found.")

    _bundle = DIST / "loader.js"
    # The page debounces already.
    _priority_changes: ClassVar[list[str]] = list(_FROM_PAGE)
    _busy__ignore: ClassVar[list[str]] = list(_FROM_PAGE)

    def __init__(self, on_report: Callable[[dict[str, Any]], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_report = on_report
        self._state: State = {}
        self._seq = 0
        self._settled = True
        self._in_notebook = False
        self._outgoing = Outgoing()
        self._incoming: dict[str, Incoming] = {}
        self._seen: dict[str, int] = {}
        # What a page must have applied for its reports to count: everything, save what it caused itself.
        self._due = 0
        self._due_of: dict[str, int] = {}
        self.channel = Channel()
        self.channel.on("engine.read", read_engine)
        self.channel.on("view.current", self._tell_current)
        self.channel.on("view.told", self._take_told)
        self.carriers = carriers.offer(self.channel)
        # Each page's model has a carrier of its own, so that no page gets what another asked for.
        self._comms: dict[str, Comm] = {}
        self.param.watch(self._take_report, "report")

    @property
    def settled(self) -> bool:
        """Whether a page has shown the last state that Python sent."""
        return self._settled

    @property
    def shown(self) -> bool:
        """Whether a page has shown anything yet."""
        return bool(self._seen)

    def send(self, state: State) -> None:
        """Show ``state`` on every page, at once."""
        self._settled = False
        self._command(state, origin=None)

    def configure(self, config: dict[str, Any]) -> None:
        """Send a Python viewer's configuration to every page."""
        self.config = config

    def _command(self, state: State, origin: str | None) -> None:
        self._state = state
        self._seq += 1
        self._due_of = {} if origin is None else {origin: self._due_of.get(origin, self._due)}
        self._due = self._seq
        self.command = self._addressed(self._outgoing.message(self._seq, state), origin)
        self._touch()

    def _addressed(self, message: dict[str, Any], origin: str | None = None) -> dict[str, Any]:
        return {"seq": self._seq, **message, "seen": dict(self._seen), "origin": origin}

    def _whole(self) -> dict[str, Any]:
        """Return a command of all that is shown now, for a page that has nothing yet."""
        if not self._outgoing.holds(self._seq, self._state):
            # Pages told this before the last report know another state under the same number.
            self._outgoing.forget()
        return self._addressed({"state": self._state})

    def _take_report(self, event: param.parameterized.Event) -> None:
        report = event.new
        view, number, ack = report["view"], report["n"], report["ack"]
        if number <= self.received.get(view, {"n": 0})["n"]:
            return
        state = self._incoming.setdefault(view, Incoming()).take(number, self._checked(report))
        if report.get("lost"):
            self._send_again()
        # Last in, last out, so that reloaded pages do not pile up.
        self._incoming = _latest({**_without(self._incoming, view), view: self._incoming[view]})
        # After any command, so that a page which has this and not that knows: it has missed it.
        answer = {"n": number, "whole": state is None, "seq": self._seq}
        self.received = _latest({**_without(self.received, view), view: answer})
        self._touch()
        if report.get("lost"):
            return
        self._outgoing.arrived(ack)
        if state is None or ack < self._due_of.get(view, self._due):
            return
        self._settled = True
        self._seen = _latest({**_without(self._seen, view), view: number})
        if diff(self._state, state):
            self._state = state
            # In a notebook one model may be shown in several places (see js/src/labextension).
            if len(self._models) > 1 or (self._in_notebook and len(self._seen) > 1):
                self._command(state, origin=view)
        self._on_report({**report, "state": self._state})

    def _checked(self, report: dict[str, Any]) -> dict[str, Any]:
        """Return a report with plain JSON in it, that shares with what is known."""
        if "state" in report:
            return {**report, "state": share(self._state, as_state(report["state"]))}
        return {**report, "patch": as_json(report.get("patch", []), "patch")}

    def _send_again(self) -> None:
        # Bokeh sends no value that equals the last one.
        self.command = {**self._whole(), "again": self.command.get("again", 0) + 1}

    def _process_event(self, event: Any) -> None:
        if isinstance(event, DataEvent):
            model = event.model
            comm = self._comms.get(model.id) or Comm(
                lambda messages: self._send_to(model, messages), lambda: self._settle(model), turns.lock
            )
            self._comms[model.id] = comm
            receive = partial(comm.receive, self.channel, event.data)
            loop = _loop_while_held(model.document)
            if loop is None:
                receive()
            else:
                loop.call_soon(receive)
        else:
            super()._process_event(event)

    def _schedule_change(self, doc: Document, comm: Any) -> None:
        held = doc.callbacks.hold_value
        super()._schedule_change(doc, comm)
        if held is None and doc.callbacks.hold_value is not None:
            # In JupyterLite Panel (1.9.4) leaves the document held, and the other changes of the same message lie there.
            doc.unhold()

    def _send_to(self, model: Model, messages: list[dict[str, Any]]) -> None:
        # Panel itself can only send to all models.
        only = SimpleNamespace(_models={ref: m for ref, m in self._models.items() if m[0] is model})
        with turns.lock:
            JSComponent._send_event(only, ESMEvent, data=messages)

    def _touch(self) -> None:
        for comm in self._comms.values():
            comm.touch()

    def _settle(self, model: Model) -> None:
        """Have Panel send what it has left lying; an empty message is enough."""
        doc = model.document
        if doc is not None and doc in getattr(panel_document, "_WRITE_MSGS", ()) and model.id in self._comms:
            doc.add_next_tick_callback(lambda: self._send_to(model, []))

    def _cleanup(self, root: Model | None = None) -> None:
        model, _ = self._models.get(root.ref["id"], (None, None)) if root else (None, None)
        super()._cleanup(root)
        comm = self._comms.pop(model.id, None) if model else None
        if comm is not None:
            self.channel.lose(comm, "The page has gone.")

    def _process_param_change(self, params: dict[str, Any]) -> dict[str, Any]:
        # What one page reports is no other page's business, and a fresh page has nothing to report yet.
        own = {name: value for name, value in params.items() if name not in _FROM_PAGE}
        properties: dict[str, Any] = super()._process_param_change(own)
        return properties

    def _get_model(
        self, doc: Document, root: Model | None = None, parent: Model | None = None, comm: Any = None
    ) -> Model:
        # A fresh page starts from what is shown now. The pages that are open know it: they are not told. An output of a
        # notebook may come to a page much later, from its file: it is told nothing, and asks.
        in_notebook, whole = outputs.in_notebook(comm), self._whole()
        self._in_notebook = self._in_notebook or in_notebook
        if in_notebook:
            turns.take_turns()
        with param.parameterized.discard_events(self):
            self.param.update(
                command={} if in_notebook else whole, engine=engine_location(doc), dark=_is_dark(doc)
            )
            model = super()._get_model(doc, root, parent, comm)
            self.command = whole
        if in_notebook:
            model.esm = (DIST / "loader.packed.js").read_text("utf-8")
            outputs.note((root or model).ref["id"])
        return model

    def _tell_current(self, params: dict[str, Any], data: bytes | None) -> Reply:
        return Reply({"command": self._whole(), "ui": self.ui, "config": self.config})

    def _take_told(self, params: dict[str, Any], data: bytes | None) -> Reply:
        """Take in over the channel what a page would else set as a property, which a kernel sees only between cells."""
        name, value = params.get("name"), params.get("value")
        if name not in _FROM_PAGE:
            raise ChannelError(
                "bad-request", f"A page does not tell {name!r}: it tells {', '.join(_FROM_PAGE)}."
            )
        self.param.update({name: value})
        return Reply({})


def _loop_while_held(doc: Document | None) -> asyncio.AbstractEventLoop | None:
    """Return the running loop if Panel is just taking in a notebook's message.

    If anything is sent meanwhile, Panel (1.9.4, ``io.notebook.push``) sends the changes that came in the same message back,
    and nobody here is told of them.
    """
    if doc is None or doc.callbacks.hold_value is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _without(views: dict[str, Any], view: str) -> dict[str, Any]:
    return {name: value for name, value in views.items() if name != view}


def _latest(views: dict[str, Any]) -> dict[str, Any]:
    return dict(list(views.items())[-_REMEMBERED_VIEWS:])


def _is_dark(doc: Document | None) -> bool:
    template = panel_state._templates.get(doc) if doc else None
    name = template._design.theme._name if template and template._design.theme else config.theme
    return bool(name == "dark")
