"""Drop what no browser ever loads, and check that nothing names another host."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from .. import assets
from ..errors import ExternalResourceError
from ..install import FOLDER

NEVER_LOADED = (
    "**/*.map",
    # Every browser with WebGL 2 takes woff2.
    *(f"build/*.{ending}" for ending in ("eot", "ttf", "woff")),
    "build/fa-*.svg",
    "build/schemas/@*/**/*",  # all.json has them all
    # Of the styles of Panel's tables, those it uses by itself.
    *(f"**/tabulator_{style}*.css" for style in ("bootstrap", "bulma", "materialize", "midnight", "modern")),
    "extensions/@jupyterlite/pyodide-kernel-extension/static/pypi/*.whl",  # the lock has them
)
# What JupyterLab can do and such a site does not: for each extension the packages that nothing else uses, and those that
# its chunks hold besides. A static site has no terminals; drawing diagrams takes 5 MB: ```mermaid shows as text.
_EXTENSIONS = {
    "@jupyterlab/terminal-extension": (r"@xterm/.*", ""),
    "@jupyterlab/mermaid-extension": (
        r"mermaid|@mermaid-js/.*|elkjs|cytoscape.*|cose-base|layout-base|katex|khroma|dagre-d3-es|roughjs|@upsetjs/venn\.js",
        r"lodash-es|dayjs|stylis|es-toolkit|uuid|ts-dedent|@iconify/utils|@braintree/sanitize-url|dompurify",
    ),
    # A megabyte, which only Altair's plots need; Mermaid draws with d3, too.
    "@jupyterlab/vega5-extension": (
        r"vega|vega-.*|d3-.*|topojson-client|internmap|delaunator|robust-predicates",
        r"clone|fast-json-.*|json-stringify-.*",
    ),
}
_NEEDED_BY = {"@jupyterlab/vega5-extension": "altair"}
# Files in these languages open without colours.
_LANGUAGES = r"(?:@lezer|@codemirror)/(?:lang-)?(?:cpp|java|php|rust)"


def disabled(packages: Container[str]) -> list[str]:
    """Return the extensions of JupyterLab that a site with these Python packages does without."""
    return [name for name in _EXTENSIONS if _NEEDED_BY.get(name) not in packages]


def prune(site: Path, extensions: Sequence[str]) -> int:
    """Delete such files, and those of disabled `extensions`, and return their size."""
    paths = {path for pattern in NEVER_LOADED for path in site.glob(pattern) if path.is_file()}
    paths.update(_of_disabled(site, extensions))
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        path.unlink()
    return total


def _of_disabled(site: Path, extensions: Sequence[str]) -> Iterator[Path]:
    """Yield JupyterLab's chunks in which there is nothing but packages of disabled extensions, as its source maps tell."""
    own = re.compile("|".join([_LANGUAGES, *(_EXTENSIONS[name][0] for name in extensions)]))
    all_of = re.compile("|".join([own.pattern, *filter(None, (_EXTENSIONS[name][1] for name in extensions))]))
    for path in site.glob("build/*.js.map"):
        sources = [source for source in json.loads(path.read_bytes())["sources"] if "webpack/" not in source]
        found = [re.findall(r"node_modules/((?:@[^/]+/)?[^/]+)", source) for source in sources]
        packages = {names[-1] if names else "" for names in found}
        if any(map(own.fullmatch, packages)) and all(map(all_of.fullmatch, packages)):
            yield path.with_suffix("")


def check(site: Path) -> None:
    """Raise ExternalResourceError if the pages, the settings or the lock name another host."""
    for page in site.rglob("*.html"):
        if page.relative_to(site).parts[0] != "files":
            assets.check_self_contained(page.read_text(encoding="utf8"), page.relative_to(site).as_posix())
    for path in (*site.rglob("jupyter-lite.json"), site / FOLDER / "pyodide-lock.json"):
        if found := sorted(set(_addresses(json.loads(path.read_bytes())))):
            raise ExternalResourceError(
                f"{path.relative_to(site).as_posix()} names {', '.join(found)}. A site of notebooks loads nothing from other "
                "hosts: report this as a bug."
            )


def _addresses(value: object, key: str = "") -> list[str]:
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in _addresses(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in _addresses(item, key)]
    return re.findall(r"^(?:https?:)?//\S+", value) if isinstance(value, str) and "schema" not in key else []
