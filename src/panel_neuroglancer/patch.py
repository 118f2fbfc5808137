"""Differences between states, so that a change costs what it changes. Pure functions on plain JSON.

States are never changed in place here: a patched state shares with the former one whatever is the same, and what is the
same object need not be compared. A *patch* is a list of changes, to be made in turn; each has a ``path`` and

- a ``value`` to put there, or
- ``at``, ``drop`` and ``insert``: of the list there, so many items from that place on give way to others, or
- nothing more: the member goes.
"""

from __future__ import annotations

from typing import Any

Patch = list[dict[str, Any]]

# Items of lists longer than this are compared at C's speed: true and 1 count as the same.
_SHORT = 32
# So many differing items in a row are replaced as one.
_FEW = 8


def diff(before: Any, after: Any) -> Patch:
    """Return the patch that makes ``after`` of ``before``.

    Examples
    --------
    >>> diff({"a": 1, "b": ["x"]}, {"a": 2, "b": ["x", "y"]})
    [{'path': ['a'], 'value': 2}, {'path': ['b'], 'at': 1, 'drop': 0, 'insert': ['y']}]
    """
    changes: Patch = []
    _compare(before, after, [], changes)
    return changes


def patch(state: Any, changes: Patch) -> Any:
    """Return ``state`` with the changes made.

    Examples
    --------
    >>> patch({"a": 1, "b": ["x"]}, [{"path": ["b"], "at": 1, "drop": 0, "insert": ["y"]}, {"path": ["a"]}])
    {'b': ['x', 'y']}
    """
    for change in changes:
        state = _changed(state, change["path"], change)
    return state


def share(before: Any, after: Any) -> Any:
    """Return ``after``, made of the same objects as ``before`` where the two are equal."""
    return patch(before, diff(before, after))


def middle(before: list[Any], after: list[Any]) -> tuple[int, list[Any], list[Any]]:
    """Return where two lists begin to differ, and what they have from there to where they end alike.

    Examples
    --------
    >>> middle([1, 2, 3, 4], [1, 9, 4])
    (1, [2, 3], [9])
    """
    start = _common(before, after)
    rest, other = before[start:], after[start:]
    end = _common(rest[::-1], other[::-1])
    return start, rest[: len(rest) - end], other[: len(other) - end]


def _common(a: list[Any], b: list[Any]) -> int:
    """Return how many items two lists have in common from the start."""
    size = min(len(a), len(b))
    if size <= _SHORT:
        return next((i for i in range(size) if not _same(a[i], b[i])), size)
    if a[:size] == b[:size]:
        return size
    low, high = 0, size
    while high - low > 1:
        half = (low + high) // 2
        if a[low:half] == b[low:half]:
            low = half
        else:
            high = half
    return low


def _same(a: Any, b: Any) -> bool:
    return a is b or not diff(a, b)


def _compare(before: Any, after: Any, path: list[Any], changes: Patch) -> None:
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _reordered(before, after, path):
        changes += [{"path": [*path, key]} for key in before if key not in after]
        for key, value in after.items():
            if key in before:
                _compare(before[key], value, [*path, key], changes)
            else:
                changes.append({"path": [*path, key], "value": value})
    elif isinstance(before, list) and isinstance(after, list):
        short = len(before) == len(after) <= _SHORT
        start, old, new = (0, before, after) if short else middle(before, after)
        if short or len(old) == len(new) <= _FEW:
            for i, (one, other) in enumerate(zip(old, new, strict=True), start):
                _compare(one, other, [*path, i], changes)
        else:
            changes.append({"path": path, "at": start, "drop": len(old), "insert": new})
    elif (
        before != after
        or isinstance(before, bool) is not isinstance(after, bool)
        or _reordered(before, after, path)
    ):
        changes.append({"path": path, "value": after})


def _reordered(before: Any, after: Any, path: list[Any]) -> bool:
    """Whether two objects differ in the order of their members where that has a meaning: dimensions."""
    named = bool(path) and str(path[-1]).lower().endswith("dimensions")
    return named and isinstance(before, dict) and isinstance(after, dict) and list(before) != list(after)


def _changed(node: Any, path: list[Any], change: dict[str, Any]) -> Any:
    if not path:
        if "at" in change:
            at = change["at"]
            return node[:at] + change["insert"] + node[at + change["drop"] :]
        return change["value"]
    key, rest = path[0], path[1:]
    if isinstance(node, list):
        copy = node.copy()
        copy[key] = _changed(node[key], rest, change)
        return copy
    if not rest and "value" not in change and "at" not in change:
        return {name: value for name, value in node.items() if name != key}
    return {**node, key: _changed(node.get(key), rest, change)}
