"""From what Panel drew to the page that is served: the boot markup, the configuration, the list of pages."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import SiteError
from .render import MADE_FOR, MARK

# What Panel and Bokeh call a page that was not given a title.
_NO_TITLES = ("", "Panel", "Panel Application", "Bokeh Application")
TARGETS = ("pyodide", "pyodide-worker", "pyscript")
SITE = "https://site.invalid/"  # stands for the page's folder in the document that is drawn first

_BOOT = """<div id="pn-boot" role="status" aria-live="polite">
    <p data-text>Starting</p>
    <progress aria-label="Starting"></progress>
    <p data-amount aria-hidden="true"></p>
    <script src="static/boot/early.js"></script>
    <noscript><p>This page runs Python in the browser, which needs JavaScript.</p></noscript>
  </div>
  <script type="application/json" id="pn-config">{config}</script>
  <script type="application/json" id="pn-drawn">{drawn}</script>
  <script type="module" async src="static/boot/page.js"></script>
  {scripts}"""
_HEAD = """  <link rel="stylesheet" href="static/boot/boot.css">
  {links}
  </head>"""
# What page.js imports: else they are asked for one after the other.
_BOOT_MODULES = [
    f"static/boot/{name}.js" for name in ("indicator", "link", "drawn", "controls", "python", "viewers")
]
_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_ICON = '<link rel="icon" href="static/boot/icon.svg" type="image/svg+xml">'

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif; }}
  body {{ max-inline-size: 40rem; margin: 4rem auto; padding-inline: 1.5rem; }}
  small {{ opacity: 0.75; }}
</style>
</head>
<body>
<h1>{title}</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


def page_name(stem: str, target: str, targets: tuple[str, ...]) -> str:
    """Return a page's file name: the first target has the app's own name, so that adding one renames nothing."""
    return f"{stem}.html" if target == targets[0] else f"{stem}-{target}.html"


def finish(
    text: str,
    scripts: str,
    drawn: str,
    config: Mapping[str, Any],
    title: str | None,
    preload: Sequence[str] = (),
) -> str:
    """Put the boot markup into a page that Panel drew. Each replacement must find exactly what it replaces.

    Parameters
    ----------
    text
        The page.
    scripts
        Tags to come last.
    drawn
        The document as JSON, to be shown until Python has made it again.
    config
        What page/page.js shall know.
    title
        A new title, if any.
    preload
        The engine's modules, its own first; none where the page needs no engine.
    """
    data = _in_script(json.dumps({**config, "engine": next(iter(preload), None)}))
    links = [f'<link rel="modulepreload" href="{path}">' for path in (*_BOOT_MODULES, *preload)]
    links += [_ICON] * ('rel="icon"' not in text) + [_VIEWPORT] * ('name="viewport"' not in text)
    text = _replace(text, MARK, _BOOT.format(config=data, drawn=_in_script(drawn), scripts=scripts))
    text = _replace(text, "</head>", _HEAD.format(links="\n  ".join(links)))
    # Panel's spinner would lie over our indicator; custom templates have none.
    text = re.sub(r'<body class="pn-loading pn-[\w-]+">', "<body>", text)
    if title is not None:
        text, count = re.subn(
            r"<title>.*?</title>",
            lambda _: f"<title>{html.escape(title)}</title>",
            text,
            count=1,
            flags=re.DOTALL,
        )
        _expect(count, "<title>")
    return text


def portable(models: str, base: str) -> str:
    """Return a document's JSON with `SITE` for the address, `base`, that the site had while the document was made."""
    return models.replace(base, SITE).replace(quote(base, safe=""), quote(SITE, safe=""))


@dataclass(frozen=True)
class Entry:
    """A line of the index: where it leads, what it is called, and a sentence on it or ""."""

    page: str
    label: str
    about: str = ""


def label(text: str, stem: str) -> str:
    """Return what a page is called: its title, unless that is the one that Panel gives to all."""
    found = re.search(r"<title>\s*(.*?)\s*</title>", text, re.DOTALL)
    title = html.unescape(found[1]) if found else ""
    return stem.replace("_", " ").strip().capitalize() if title in _NO_TITLES else title


def description(source: str) -> str:
    """Return the first paragraph of a program's docstring, or ""."""
    return " ".join((ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0].split())


def index(entries: Sequence[Entry], title: str) -> str:
    """Return a page that lists others."""
    items = "\n".join(
        f'<li><a href="{html.escape(entry.page)}">{html.escape(entry.label)}</a>'
        + (f"<br><small>{html.escape(entry.about)}</small>" if entry.about else "")
        + "</li>"
        for entry in entries
    )
    return _INDEX.format(title=html.escape(title), items=items)


def set_base(site: Path, path: str) -> None:
    """Make every page of a site look for its files at `path`, wherever the page itself was asked for."""
    for page in site.glob("*.html"):
        text = re.sub(
            r"<head\b[^>]*>", rf'\g<0>\n<base href="{path}">', page.read_text(encoding="utf8"), count=1
        )
        page.write_text(text, encoding="utf8")


def redirect(page: str, title: str) -> str:
    """Return an index that goes straight to the only page and takes query and fragment along."""
    script = f'<script src="static/boot/early.js" data-go="{html.escape(page)}"></script>'
    head = f'<meta http-equiv="refresh" content="0; url={html.escape(page)}">{script}'
    return index([Entry(page, title)], title).replace("<style>", head + "\n<style>", 1)


def _in_script(data: str) -> str:
    """Return JSON so that no "</script>" can be in it."""
    return data.replace("<", "\\u003c")


def _replace(text: str, old: str, new: str) -> str:
    _expect(text.count(old), old)
    return text.replace(old, new)


def _expect(count: int, what: str) -> None:
    if count != 1:
        raise SiteError(
            f"A page drawn by Panel {MADE_FOR['panel']} should hold {what!r} once, but this one holds it {count} times. If the "
            f"app has a template of its own, it must be a whole HTML page with the block that embeds Panel's scripts."
        )
