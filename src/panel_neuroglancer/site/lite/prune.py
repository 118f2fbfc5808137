"""Drop what no browser ever loads, and check that nothing names another host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
# A static site has no terminals, and drawing diagrams takes 5 MB: ```mermaid shows as text.
DISABLED = ("@jupyterlab/mermaid-extension", "@jupyterlab/terminal-extension")
_OF_DISABLED = re.compile(
    r"mermaid|@mermaid-js/.*|elkjs|cytoscape.*|cose-base|layout-base|katex|khroma|dagre-d3-es|lodash-es|dayjs|stylis|roughjs"
    r"|es-toolkit|uuid|ts-dedent|@iconify/utils|@braintree/sanitize-url|@upsetjs/venn\.js|@xterm/.*"
)


def prune(site: Path) -> int:
    """Delete such files and return their size."""
    paths = {path for pattern in NEVER_LOADED for path in site.glob(pattern) if path.is_file()} | set(
        _of_disabled(site)
    )
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        path.unlink()
    return total


def _of_disabled(site: Path) -> Iterator[Path]:
    """Yield JupyterLab's chunks in which there is nothing but packages of disabled extensions, as its source maps tell."""
    for path in site.glob("build/*.js.map"):
        sources = [source for source in json.loads(path.read_bytes())["sources"] if "webpack/" not in source]
        packages = [re.findall(r"node_modules/((?:@[^/]+/)?[^/]+)", source) for source in sources]
        if packages and all(found and _OF_DISABLED.fullmatch(found[-1]) for found in packages):
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
