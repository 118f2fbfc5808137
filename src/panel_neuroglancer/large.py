"""Transactions of the official package on large states, with less work for each of many segments or annotations.

In a ``txn`` the official package (2.41) copies the state with ``copy.deepcopy``, reads the number of every segment by itself, and searches the
whole state for the volumes that it names with a regular expression that stops at every character. What comes out here is the same.
"""

from __future__ import annotations

import copy
import operator
from types import ModuleType
from typing import Any

import numpy as np

from .imports import when_imported

# What a copy may share with what it is a copy of.
_ATOMS = frozenset((str, int, float, bool, type(None)))


def hasten() -> None:
    """Let transactions be quicker, whether the official package is imported by now or only later, if at all."""
    when_imported("neuroglancer.json_wrappers", _hasten_copies)
    when_imported("neuroglancer.viewer_state", _hasten_segments)
    when_imported("neuroglancer.viewer_base", _hasten_search)


def copied(value: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy of JSON, in which nothing stands twice or in itself; of all else what ``copy.deepcopy`` returns.

    Examples
    --------
    >>> before = {"segments": ["1", "2"], "range": [0, 255]}
    >>> after = copied(before, {})
    >>> after == before, after["segments"] is before["segments"]
    (True, False)
    """
    kind = type(value)
    if kind is list:
        if _ATOMS.issuperset(map(type, value)):
            return value.copy()
        return [item if type(item) in _ATOMS else copied(item, memo) for item in value]
    if kind is dict:
        return {key: item if type(item) in _ATOMS else copied(item, memo) for key, item in value.items()}
    return copy.deepcopy(value, memo)


def numbers(segments: Any) -> list[np.uint64] | None:
    """Return the numbers of segments that are all written as text and all visible, or None."""
    if type(segments) is not list or set(map(type, segments)) != {str}:
        return None
    try:
        return list(np.fromiter(map(int, segments), np.uint64, len(segments)))
    except (ValueError, OverflowError):  # one is hidden ("!7"), or wrong
        return None


def _hasten_copies(json_wrappers: ModuleType) -> None:
    def deepcopy(self: Any, memo: dict[int, Any]) -> Any:
        return type(self)(copied(self.to_json(), memo))

    json_wrappers.JsonObjectWrapper.__deepcopy__ = deepcopy


def _hasten_segments(viewer_state: ModuleType) -> None:
    official = viewer_state.StarredSegments._update

    def _update(self: Any, other: Any) -> None:
        found = None if self._data else numbers(other)
        if found is None:
            official(self, other)
        else:
            self._data = dict.fromkeys(found, True)
            self._visible = self._data.copy()

    def to_json(self: Any) -> list[str]:
        if len(self._visible) < len(self._data):
            return [str(int(number)) if visible else f"!{int(number)}" for number, visible in self.items()]
        return list(map(str, map(operator.index, self._data)))

    viewer_state.StarredSegments._update = _update
    viewer_state.StarredSegments.to_json = to_json


def _hasten_search(viewer_base: ModuleType) -> None:
    def update(self: Any, json_str: str) -> None:
        gone = [token for token in self.volumes if token not in json_str]
        for token in gone:
            del self.volumes[token]
        if gone:
            self._dispatch_changed_callbacks()

    viewer_base.LocalVolumeManager.update = update
