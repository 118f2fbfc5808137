"""Kinds of parameters: checked ones, and ones that are only worked out when somebody reads or watches them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import param
from param.parameterized import _syncing, discard_events, instance_descriptor, resolve_ref

from .errors import StateError

UI_PRESETS = ("full", "minimal", "none")
UI_OPTIONS = (
    "showHelpButton",
    "showSettingsButton",
    "showEditStateButton",
    "showScreenshotButton",
    "showToolPaletteButton",
    "showLayerListPanelButton",
    "showSelectionPanelButton",
    "showLayerSidePanelButton",
    "showLocation",
    "showAnnotationToolStatus",
    "showLayerPanel",
    "showLayerHoverValues",
    "showTopBar",
    "showUIControls",
    "showPanelBorders",
)


def as_ui(value: Any) -> Any:
    """Return ``value`` as a preset's name or a dict of options."""
    if isinstance(value, str) and value in UI_PRESETS:
        return value
    if isinstance(value, dict) and all(k in UI_OPTIONS and isinstance(v, bool) for k, v in value.items()):
        return dict(value)
    raise StateError(
        f"ui is {value!r}.",
        f"Expected {', '.join(map(repr, UI_PRESETS))}, or a dict of options to True or False.",
        f"The options are {', '.join(UI_OPTIONS)}.",
    )


class Segments(dict[str, list[int]]):
    """Segment numbers by layer. Param would compare other dicts number by number, in Python."""


param.parameterized.Comparator.equalities[Segments] = operator.eq


class Lazy:
    """What a component's lazy parameters will hold once they are read."""

    def __init__(self, owner: param.Parameterized, own_watcher: Any) -> None:
        self._owner = owner
        self._own_watcher = own_watcher
        self._make: dict[str, Callable[[], Any]] = {}

    def put(self, name: str, make: Callable[[], Any]) -> dict[str, Any]:
        """Give a parameter the value that ``make()`` returns: at once, as a dict, if somebody watches it."""
        watchers = self._owner.param.watchers.get(name, {}).get("value", [])
        if any(watcher is not self._own_watcher for watcher in watchers):
            self.settle(name)
            return {name: make()}
        self._make[name] = make
        return {}

    def settle(self, name: str) -> None:
        """Make a parameter's value, if that has not been done."""
        make = self._make.pop(name, None)
        if make is not None:
            # Nobody watched when it changed; and references to widgets are kept.
            with discard_events(self._owner), _syncing(self._owner, [name]):
                setattr(self._owner, name, make())


class Checked(param.Parameter):  # type: ignore[misc]
    """A parameter whose values are brought into one JSON form, or refused with a message.

    ``check`` is given the value and what the component knows to be shown.
    """

    __slots__ = ["check"]

    def __init__(self, default: Any = None, *, check: Callable[[Any, Any], Any], **params: Any) -> None:
        self.check = check
        super().__init__(default=default, allow_refs=True, **params)

    @instance_descriptor  # type: ignore[untyped-decorator]
    def __set__(self, obj: Any, value: Any) -> None:
        _settle(obj, self.name)
        known = getattr(obj, "_known", {}).get(self.name)
        # A reference, such as a widget, comes again as its value.
        super().__set__(obj, value if resolve_ref(value) else self.check(value, known))

    def __get__(self, obj: Any, objtype: Any) -> Any:
        _settle(obj, self.name)
        return super().__get__(obj, objtype)


class Link(param.String):  # type: ignore[misc]
    """A text that may be lazy."""

    @instance_descriptor  # type: ignore[untyped-decorator]
    def __set__(self, obj: Any, value: Any) -> None:
        _settle(obj, self.name)
        super().__set__(obj, value)

    def __get__(self, obj: Any, objtype: Any) -> Any:
        _settle(obj, self.name)
        return super().__get__(obj, objtype)


def _settle(obj: Any, name: str) -> None:
    lazy = getattr(obj, "_lazy", None)
    if lazy is not None:
        lazy.settle(name)
