"""HTML made safe, by the pure-Python package justhtml: what the browser's Python imports as ``nh3`` where the real one is not to be had.

The allow-lists are those of nh3 0.3, which are those of the Rust crate ammonia. `clean` takes nh3's arguments; those that this
module cannot honour raise instead of letting something through.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from justhtml import JustHTML, SanitizationPolicy, Sanitize, SetAttrs, UrlPolicy, UrlRule

__version__ = "0.3.8"
__all__ = ["ALLOWED_ATTRIBUTES", "ALLOWED_TAGS", "ALLOWED_URL_SCHEMES", "CLEAN_CONTENT_TAGS", "clean"]

_TAGS = """
    a abbr acronym area article aside b bdi bdo blockquote br caption center cite code col colgroup data dd del details dfn div
    dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li map mark nav ol p pre q rp rt rtc
    ruby s samp small span strike strong sub summary sup table tbody td th thead time tr tt u ul var wbr
"""
_SCHEMES = """
    bitcoin ftp ftps geo http https im irc ircs magnet mailto mms mx news nntp openpgp4fpr sip sms smsto ssh tel url webcal
    wtai xmpp
"""
ALLOWED_TAGS = set(_TAGS.split())
ALLOWED_URL_SCHEMES = set(_SCHEMES.split())
_CELLS = {"align", "char", "charoff"}
ALLOWED_ATTRIBUTES = {
    "a": {"href", "hreflang"},
    "bdo": {"dir"},
    "blockquote": {"cite"},
    "col": {*_CELLS, "span"},
    "colgroup": {*_CELLS, "span"},
    "del": {"cite", "datetime"},
    "hr": {"align", "size", "width"},
    "img": {"align", "alt", "height", "src", "width"},
    "ins": {"cite", "datetime"},
    "ol": {"start"},
    "q": {"cite"},
    "table": {*_CELLS, "summary"},
    "tbody": _CELLS,
    "td": {*_CELLS, "colspan", "headers", "rowspan"},
    "tfoot": _CELLS,
    "th": {*_CELLS, "colspan", "headers", "rowspan", "scope"},
    "thead": _CELLS,
    "tr": _CELLS,
}
CLEAN_CONTENT_TAGS = {"script", "style"}
_EVERYWHERE = {"lang", "title"}  # for all tags, unless the caller has a list of its own
_URLS = {"action", "cite", "data", "formaction", "href", "ping", "poster", "src"}


def clean(
    html: str,
    tags: Collection[str] | None = None,
    clean_content_tags: Collection[str] | None = None,
    attributes: Mapping[str, Collection[str]] | None = None,
    attribute_filter: None = None,
    strip_comments: bool = True,
    link_rel: str | None = "noopener noreferrer",
    generic_attribute_prefixes: None = None,
    tag_attribute_values: None = None,
    set_tag_attribute_values: None = None,
    url_schemes: Collection[str] | None = None,
    allowed_classes: None = None,
    filter_style_properties: None = None,
    url_relative: None = None,
    id_prefix: None = None,
) -> str:
    """Return a fragment of HTML without what could run.

    Raises
    ------
    NotImplementedError
        If an argument is given that only the compiled nh3 knows.
    ValueError
        If arguments contradict each other.
    """
    unknown = {
        "attribute_filter": attribute_filter,
        "generic_attribute_prefixes": generic_attribute_prefixes,
        "tag_attribute_values": tag_attribute_values,
        "set_tag_attribute_values": set_tag_attribute_values,
        "allowed_classes": allowed_classes,
        "filter_style_properties": filter_style_properties,
        "url_relative": url_relative,
        "id_prefix": id_prefix,
    }
    if given := [name for name, value in unknown.items() if value is not None]:
        raise NotImplementedError(
            f"nh3.clean({', '.join(f'{name}=…' for name in given)}) needs the compiled nh3, which this site does not have: "
            "leave it out, or make the site where Pyodide's own wheels can be fetched."
        )
    attributes = ALLOWED_ATTRIBUTES if attributes is None else attributes
    if link_rel is not None and "rel" in attributes.get("a", ()):
        raise ValueError(
            "`rel` is set by link_rel: leave it out of the attributes of `a`, or pass link_rel=None."
        )
    tags = frozenset(ALLOWED_TAGS if tags is None else tags)
    empty = frozenset(CLEAN_CONTENT_TAGS if clean_content_tags is None else clean_content_tags)
    if both := tags & empty:
        raise ValueError(f"{', '.join(sorted(both))}: either in tags or in clean_content_tags.")
    steps = _steps(
        tags,
        empty,
        tuple(sorted((tag, tuple(sorted(names))) for tag, names in attributes.items())),
        frozenset(ALLOWED_URL_SCHEMES if url_schemes is None else url_schemes),
        strip_comments,
        link_rel,
    )
    tree = JustHTML(html, fragment=True, sanitize=False, transforms=steps)
    return tree.to_html(pretty=False).replace("\xa0", "&nbsp;")


@lru_cache
def _steps(
    tags: frozenset[str],
    empty: frozenset[str],
    attributes: tuple[tuple[str, tuple[str, ...]], ...],
    schemes: frozenset[str],
    strip_comments: bool,
    link_rel: str | None,
) -> list[Any]:
    allowed = {tag: set(names) for tag, names in attributes}
    if "*" not in allowed:
        allowed["*"] = set(_EVERYWHERE)
    rule = UrlRule(allowed_schemes=schemes)
    policy = SanitizationPolicy(
        allowed_tags=tags,
        allowed_attributes=allowed,
        url_policy=UrlPolicy(
            allow_rules={
                (tag, name): rule for tag, names in allowed.items() for name in names if name in _URLS
            }
        ),
        drop_comments=strip_comments,
        drop_content_tags=empty,
        strip_invisible_unicode=False,
    )
    steps: list[Any] = [Sanitize(policy)]
    if link_rel is not None and "a" in tags:
        steps.append(SetAttrs("a", rel=link_rel))
    return steps
