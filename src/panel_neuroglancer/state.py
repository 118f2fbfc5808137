"""Viewer state as data: parse, read, change, write as a link. Pure functions, no Panel.

A *state* is the JSON object that Neuroglancer itself keeps in its links. One key is ours:
``{"#url": "gs://bucket/state.json"}`` stands for the state kept in that file. The page fetches it with
Neuroglancer's own key-value stores (which know credentials, buckets and archives) and lays the other keys, if any,
over what it finds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from .checks import State, as_layout, as_scale, as_segments, as_state, as_vector, segment_number, short
from .errors import StateError, UrlError
from .patch import middle

DEFAULT_SITE = "https://neuroglancer-demo.appspot.com/"
FETCH = "#url"

_SCHEME = re.compile(r"[a-z][a-z\d+.-]*://")
_TOKEN = re.compile(r"""'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*"|[&_]""", re.DOTALL)
_SAFE = "/?:@&=+$-_.~"
# For str.translate(), which is many times faster than quote() on a long text.
_QUOTED = {code: quote(chr(code), safe=_SAFE) for code in range(128)}
_LINK_HELP = (
    "Copy a link from Neuroglancer's address bar (https://…/#!{…}), "
    "or give a data source such as precomputed://gs://bucket/path."
)


# Links


def parse_url(url: str, base: State | None = None) -> State:
    """Return the viewer state that a link stands for.

    Parameters
    ----------
    url
        A Neuroglancer link from any host (``https://…/#!{json}``); a link to a state file
        (``https://…/#!gs://bucket/state.json`` or ``https://host/state.json``); a data source
        (``precomputed://gs://…``, ``zarr://…``, ``gs://…|zarr3:``); or the JSON of a state.
    base
        The state that a link of the form ``#!+{json}`` adds to.

    Raises
    ------
    UrlError
        If the text is none of these.

    Examples
    --------
    >>> parse_url("https://example.org/#!{'layout':'3d'_'position':[1_2_3]}")
    {'layout': '3d', 'position': [1, 2, 3]}
    >>> parse_url("https://example.org/#!gs://bucket/state.json")
    {'#url': 'gs://bucket/state.json'}
    >>> parse_url("precomputed://gs://bucket/em")["layers"]
    [{'type': 'auto', 'source': 'precomputed://gs://bucket/em', 'name': 'em'}]
    """
    text = url.strip() if isinstance(url, str) else ""
    if not text:
        raise UrlError(f"The link is {url!r}.", "Expected a Neuroglancer link or a data source.", _LINK_HELP)
    if text.startswith("{"):
        return _parse_json(text, text)
    _, mark, fragment = text.partition("#!")
    if mark:
        return _parse_fragment(fragment, base or {}, text)
    if not _SCHEME.match(text):
        raise UrlError(
            f"{short(text)} is not a link.",
            "Expected it to begin with a scheme such as https://.",
            _LINK_HELP,
        )
    if re.match(r"https?://", text):
        if re.fullmatch(r"https?://[^/]+/?(#.*)?", text) or "#" in text:
            raise UrlError(
                f"The link {short(text)} holds no viewer state.", "Expected #!{…} in it.", _LINK_HELP
            )
        if re.search(r"\.json(\?.*)?$", text):
            return {FETCH: text}
    return {"layers": [{"type": "auto", "source": text, "name": _layer_name(text)}]}


def to_url(state: Mapping[str, Any], site: str = DEFAULT_SITE) -> str:
    """Return the link that shows ``state`` in the Neuroglancer at ``site``.

    Examples
    --------
    >>> to_url({"layout": "3d"}, "https://example.org/")
    'https://example.org/#!%7B%22layout%22:%223d%22%7D'
    """
    return link_of(as_state(state), site)


def link_of(state: State, site: str) -> str:
    """Return the link of a state that is plain JSON already."""
    if set(state) == {FETCH}:
        return f"{site}#!{state[FETCH]}"
    text = json.dumps(state, separators=(",", ":"), ensure_ascii=False).translate(_QUOTED)
    return f"{site}#!{text if text.isascii() else quote(text, safe=_SAFE + '%')}"


def site_of(url: str) -> str:
    """Return the Neuroglancer site a link belongs to, or the public one.

    Examples
    --------
    >>> site_of("https://example.org/ng/#!{}")
    'https://example.org/ng/'
    >>> site_of("zarr://https://example.org/data") == DEFAULT_SITE
    True
    """
    site, mark, _ = url.strip().partition("#!")
    return site if mark and re.match(r"https?://", site) else DEFAULT_SITE


def _parse_fragment(fragment: str, base: State, url: str) -> State:
    if _SCHEME.match(fragment):
        return {FETCH: fragment}
    if fragment.startswith("+"):
        return {**base, **_parse_json(unquote(fragment[1:]), url)}
    return _parse_json(unquote(fragment) or "{}", url)


def _parse_json(text: str, url: str) -> State:
    """Parse JSON or Neuroglancer's URL-safe form of it: ``'`` for ``"`` and ``_`` for ``,``."""
    try:
        state = json.loads(_TOKEN.sub(_plain_token, text), parse_constant=_refuse_constant)
    except ValueError as error:
        raise UrlError(
            f"The state in {short(url)} is not valid JSON: {error}.",
            "Expected #!{…} with a complete JSON object.",
            "The link may have been cut off: copy it again, whole.",
        ) from error
    if not isinstance(state, dict):
        raise UrlError(
            f"The state in {short(url)} is a {type(state).__name__}.", "Expected a JSON object.", _LINK_HELP
        )
    return state


def _plain_token(match: re.Match[str]) -> str:
    token, inner = match.group(), match.group(1)
    if token in "&_":
        return ","
    if inner is None:
        return token
    # Inside '…' an apostrophe is escaped and a quotation mark is not; JSON has it the other way round.
    return '"' + re.sub(r"\\.|\"", lambda m: {"\\'": "'", '"': '\\"'}.get(m.group(), m.group()), inner) + '"'


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _layer_name(source: str) -> str:
    path = re.split(r"[|?#]", source, maxsplit=1)[0].rstrip("/")
    return unquote(path.rsplit("/", 1)[-1]) or "data"


# Parts of a state, under the names and in the types of the component's parameters.

# Each is given the value and, if there is one, the one known to be right.
CHECKS: dict[str, Callable[..., Any]] = {
    "position": lambda v, known=None: as_vector("position", v),
    "cross_section_scale": lambda v, known=None: as_scale("cross_section_scale", v),
    "projection_scale": lambda v, known=None: as_scale("projection_scale", v),
    "projection_orientation": lambda v, known=None: as_vector("projection_orientation", v, 4),
    "layout": lambda v, known=None: as_layout("layout", v),
    "selected_segments": lambda v, known=None: as_segments("selected_segments", v, known),
}

_KEYS = {
    "position": "position",
    "cross_section_scale": "crossSectionScale",
    "projection_scale": "projectionScale",
    "projection_orientation": "projectionOrientation",
    "layout": "layout",
}


def read(state: State, before: State | None = None, parts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the parts of a state that the component has parameters for.

    Where the ``parts`` of the state ``before`` are known, only what differs from it is read. Segments stay in the order
    that they have there; new ones come last.

    Examples
    --------
    >>> parts = read({"layout": "3d", "layers": [{"name": "a", "segments": ["1", "!2"]}]})
    >>> parts["layout"], parts["position"], parts["selected_segments"]
    ('3d', None, {'a': [1]})
    """
    found: dict[str, Any] = {name: CHECKS[name](state.get(key)) for name, key in _KEYS.items()}
    ids_before = {layer["name"]: _ids(layer) for layer in _layers(before or {})}
    shown_before = (parts or {}).get("selected_segments", {})
    found["selected_segments"] = {
        layer["name"]: _shown(
            _ids(layer), ids_before.get(layer["name"], []), shown_before.get(layer["name"], [])
        )
        for layer in _layers(state)
        if "segments" in layer or layer.get("type") == "segmentation"
    }
    return found


def _shown(ids: list[Any], ids_before: list[Any], before: list[int]) -> list[int]:
    """Return the numbers of the segments shown, ``before`` being those of ``ids_before``."""
    if not (ids_before and before):  # nothing known, or another layer's segments
        ids_before, before = [], []
    _, old, new = middle(ids_before, ids)
    shown, gone = _visible(new), _visible(old)
    added = [n for n in shown if n not in gone]
    gone = dict.fromkeys(n for n in gone if n not in shown)
    if not (gone or added):
        return before
    return ([n for n in before if n not in gone] if gone else before) + added


def _visible(ids: list[Any]) -> dict[int, None]:
    return dict.fromkeys(segment_number(s) for s in map(str, ids) if not s.startswith("!"))


def write(state: State, parts: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> State:
    """Return ``state`` with some parts changed; None removes a part.

    Segments of layers that are not named stay as they are, and so do starred but hidden segments (``"!2"``). The state
    that is returned shares with the other whatever is not changed; its parts as ``read`` gives them may be handed over.

    Examples
    --------
    >>> write({"layout": "3d", "position": [1, 2, 3]}, {"layout": None, "position": [4, 5, 6]})
    {'position': [4.0, 5.0, 6.0]}
    >>> write({"layers": [{"name": "a", "segments": ["1", "!2"]}]}, {"selected_segments": {"a": [3]}})
    {'layers': [{'name': 'a', 'segments': ['!2', '3']}]}
    """
    result = dict(state)
    for name, value in parts.items():
        if name == "selected_segments":
            known = (before or read(state))["selected_segments"]
            _write_segments(result, as_segments(name, value, known), known)
            continue
        value = CHECKS[name](value)
        if value is None:
            result.pop(_KEYS[name], None)
        else:
            result[_KEYS[name]] = value
    return result


def _write_segments(state: State, selected: dict[str, list[int]], known: Mapping[str, list[int]]) -> None:
    layers = _layers(state)
    names = [
        layer["name"] for layer in layers if layer.get("type", "auto") in ("segmentation", "auto", "new")
    ]
    for name in selected:
        if name not in names:
            fetched = " The state file is still being fetched." if FETCH in state else ""
            raise StateError(
                f"selected_segments names the layer {name!r}.{fetched}",
                f"Expected segmentation layers of the state: {names or 'it has none'}.",
                "Check the spelling against the layer's tab in the viewer.",
            )
    if any(layer["name"] in selected for layer in layers):
        state["layers"] = [
            _with_segments(layer, known.get(layer["name"], []), selected.get(layer["name"]))
            for layer in layers
        ]


def _with_segments(layer: State, known: list[int], shown: list[int] | None) -> State:
    """Return a layer that shows these segments, ``known`` being those that it shows now."""
    if shown is None:
        return layer
    ids = _ids(layer)
    if not ids:  # another layer's segments are shown, or none
        known = []
    _, old, new = middle(known, shown)
    added = dict.fromkeys(str(n) for n in _without(new, [*old, *known]))
    gone = {form for n in _without(old, [*new, *shown]) for form in (n, str(n))} | {f"!{s}" for s in added}
    # In the order the viewer lists them, so that a small change stays one.
    kept = ids if gone.isdisjoint(ids) else [s for s in ids if s not in gone]
    return {**layer, "segments": kept + list(added)} if gone else layer


def _without(numbers: list[int], others: list[int]) -> list[int]:
    """Return the numbers that are not among the others: mostly few among many."""
    among = others if len(numbers) < 4 else set(others)
    return [n for n in numbers if n not in among]


def _layers(state: State) -> list[State]:
    layers = state.get("layers") or []
    if isinstance(layers, Mapping):  # the older form: name → layer
        layers = [{"name": name, **layer} for name, layer in layers.items()]
    if not isinstance(layers, list) or not all(
        isinstance(x, Mapping) and isinstance(x.get("name"), str) for x in layers
    ):
        raise StateError(
            "The state's 'layers' are malformed.",
            "Expected a list of dicts, each with a 'name'.",
            "Name every layer.",
        )
    return layers


def _ids(layer: State) -> list[Any]:
    """Return a layer's segments as they are listed: strings, or numbers as people write them."""
    return layer.get("segments") or []
