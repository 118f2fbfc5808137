"""What a user may give for a state or a part of one: each check returns it in its one JSON form, or refuses it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .errors import StateError
from .patch import middle

State = dict[str, Any]

LAYOUTS = (
    "xy",
    "yz",
    "xz",
    "xy-3d",
    "yz-3d",
    "xz-3d",
    "4panel",
    "4panel-alt",
    "3d",
    "row",
    "column",
    "viewer",
)


def as_state(value: Any) -> State:
    """Return ``value`` as a state of plain JSON values.

    Takes a mapping, a ``neuroglancer.ViewerState``, or anything else with ``to_json()``. NumPy values become lists and
    numbers; integers too large for JavaScript become strings, as Neuroglancer writes them.

    Examples
    --------
    >>> as_state({"position": (1, 2, 3), "layers": [{"name": "a", "segments": [2**60]}]})
    {'position': [1, 2, 3], 'layers': [{'name': 'a', 'segments': ['1152921504606846976']}]}
    """
    if hasattr(value, "to_json"):
        value = value.to_json()
    if not isinstance(value, Mapping):
        raise StateError(
            f"The state is a {type(value).__name__}.",
            "Expected a dict or a neuroglancer.ViewerState.",
            "Pass a link with Neuroglancer(url) or viewer.url = ….",
        )
    return {_key(k, "state"): as_json(v, str(k)) for k, v in value.items()}


def as_vector(name: str, value: Any, length: int | None = None) -> list[float] | None:
    """Return ``value`` as a list of finite numbers, or None."""
    if value is None:
        return None
    try:
        vector = [float(v) for v in value]
        valid = not isinstance(value, str) and all(map(math.isfinite, vector))
    except (TypeError, ValueError):
        valid = False
    if not valid or (length is not None and len(vector) != length):
        count = "" if length is None else f"{length} "
        example = [0.0, 0.0, 0.0, 1.0] if length == 4 else [10.5, 20.5, 30.5]
        raise StateError(
            f"{name} is {short(repr(value))[1:-1]}.",
            f"Expected {count}finite numbers.",
            f"For example {example}.",
        )
    return vector


def as_scale(name: str, value: Any) -> float | None:
    """Return ``value`` as a positive number, or None."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise StateError(
            f"{name} is {value!r}.",
            "Expected a finite number above 0.",
            "Smaller zooms in, larger zooms out.",
        )
    return number


def as_layout(name: str, value: Any) -> str | State | None:
    """Return ``value`` as a layout: a name, or a dict with a ``type``."""
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, Mapping) else value
    if kind not in LAYOUTS:
        raise StateError(
            f"{name} is {value!r}.",
            f"Expected one of {', '.join(LAYOUTS)}.",
            "A dict needs one as its 'type'.",
        )
    return as_state(value) if isinstance(value, Mapping) else str(value)


def as_segments(name: str, value: Any, known: Mapping[str, list[int]] | None = None) -> dict[str, list[int]]:
    """Return ``value`` as the list of shown segment numbers of each layer.

    What a layer's list has in common with the ``known`` one need not be checked again.

    Examples
    --------
    >>> as_segments("selected_segments", {"neurons": ["12", 7]})
    {'neurons': [12, 7]}
    """
    try:
        segments = {
            layer: _numbers(ids, (known or {}).get(layer, [])) for layer, ids in dict(value or {}).items()
        }
    except (TypeError, ValueError) as error:
        raise StateError(
            f"{name} is {short(repr(value))[1:-1]}: {error}.",
            "Expected a dict of layer name to whole numbers from 0 to 2**64 - 1.",
            "For example {'neurons': [12, 7]}.",
        ) from error
    return segments


def _numbers(ids: Any, known: list[int]) -> list[int]:
    if not isinstance(ids, list):
        return [segment_number(v) for v in ids]
    start, old, new = middle(known, ids)
    return known[:start] + [segment_number(v) for v in new] + known[start + len(old) :]


def segment_number(value: Any) -> int:
    """Return ``value`` as a 64-bit segment number."""
    number = int(value)
    if (
        isinstance(value, bool)
        or number != (number if isinstance(value, str) else value)
        or not 0 <= number < 2**64
    ):
        raise ValueError(f"{value!r} is no segment number")
    return number


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise StateError(f"A key in {path} is {key!r}.", "Expected a string.", "JSON knows no other keys.")
    return key


def as_json(value: Any, path: str) -> Any:
    """Return ``value`` as plain JSON values."""
    if isinstance(value, Mapping):
        return {_key(k, path): as_json(v, f"{path}.{k}") for k, v in value.items()}
    if isinstance(value, list) and set(map(type, value)) == {str}:
        return value.copy()
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(v, f"{path}[{i}]") for i, v in enumerate(value)]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        # JavaScript would round 2**60; what it prints as the same digits may stay a number.
        return value if abs(value) < 2**53 or value == int(Decimal(repr(float(value)))) else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise StateError(f"{path} is {value}.", "Expected a finite number.", "JSON knows no other.")
        return value
    for convert in ("to_json", "tolist"):
        if hasattr(value, convert):
            return as_json(getattr(value, convert)(), path)
    raise StateError(
        f"{path} is a {type(value).__name__}.",
        "Expected JSON values.",
        "Convert it to numbers, strings, lists or dicts.",
    )


def short(text: str) -> str:
    """Return ``text`` quoted, and cut where it is long."""
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
