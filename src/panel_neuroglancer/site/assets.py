"""The files a page names: Panel's and Bokeh's JavaScript and CSS, the viewer's engine, our own scripts."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from .errors import BadInputError, ExternalResourceError, SiteError
from .progress import tree_size
from .render import MADE_FOR

PACKAGE = Path(__file__).parent.parent
PANEL_ROOT = "static/panel/"
PANEL_DIST = f"{PANEL_ROOT}{MADE_FOR['panel']}/dist/"
BOKEH_CDN = "https://cdn.bokeh.org/bokeh/release/"
# What notebooks may ask for with `pn.extension(...)`, besides: tables.
NOTEBOOK_BUNDLES = ("reactiveesm", "datatabulator")
BOKEH_RELEASE = "static/bokeh/bokeh/release/"
BOKEH_PARTS = ("", "-widgets", "-tables", "-gl")
# Styles of components that are made while the app runs: no page names them beforehand.
GENERAL = ("css", "assets", "bundled/theme", "bundled/defaulttheme", "bundled/darktheme")


def copy_named(text: str, base: str, site: Path) -> None:
    """Copy every file of Panel and Bokeh that a text names into `site`.

    Parameters
    ----------
    text
        A page, or a document's JSON.
    base
        What stood for the site's address while the page was drawn; ends with "/".
    """
    import bokeh
    import panel

    dist, js = Path(panel.__file__).parent / "dist", Path(bokeh.__file__).parent / "server" / "static" / "js"
    for url in set(re.findall(re.escape(base + PANEL_DIST) + r"([^\"'\s)<>&?#\\]+)", text)):
        if (dist / unquote(url)).is_file():  # else a folder that others' names are built from
            _copy_bundle(dist, unquote(url), site / PANEL_DIST)
    for name in set(re.findall(re.escape(BOKEH_CDN) + r"([\w.-]+\.js)", text)):
        _copy(js / name.replace(f"-{MADE_FOR['bokeh']}", ""), site / "static" / "bokeh" / name)


def localise(text: str, base: str) -> str:
    """Make every Panel, Bokeh and site URL in a page relative."""
    return text.replace(BOKEH_CDN, "static/bokeh/").replace(base, "")


def without_fonts(text: str) -> str:
    """Leave out what Panel's templates name but no site of ours has: Google's fonts, and an icon at the server's root.

    The next font in their lists, the system's, will do; the one icon that a font draws becomes a letter.
    """
    text = re.sub(r"<link\b[^>]*//fonts\.(?:googleapis|gstatic)\.com/[^>]*>\s*", "", text)
    text = re.sub(r'<link rel="icon" href="\./favicon\.ico"[^>]*>\s*', "", text)
    return re.sub(r'(<button class="material-icons [^"]*")>menu<', r'\1 aria-label="Menu">☰<', text)


def copy_general(site: Path) -> None:
    """Copy the parts of Panel that any component may ask for at any time."""
    import panel

    dist = Path(panel.__file__).parent / "dist"
    for folder in GENERAL:
        for path in (dist / folder).rglob("*") if (dist / folder).is_dir() else ():
            if path.is_file() and path.suffix != ".map":
                _copy(path, site / PANEL_DIST / path.relative_to(dist))


def copy_scripts(site: Path) -> int:
    """Copy what `pn.extension()` loads, and what it may load if more is asked of it; return the size."""
    import bokeh
    import panel

    dist, js = Path(panel.__file__).parent / "dist", Path(bokeh.__file__).parent / "server" / "static" / "js"
    copy_general(site)
    _copy(dist / "panel.min.js", site / PANEL_DIST / "panel.min.js")
    for name in NOTEBOOK_BUNDLES:
        _copy_bundle(dist, f"bundled/{name}/all", site / PANEL_DIST)
    for part in BOKEH_PARTS:
        target = site / BOKEH_RELEASE / f"bokeh{part}-{MADE_FOR['bokeh']}.min.js"
        _copy(js / f"bokeh{part}.min.js", target)
    return tree_size(site / PANEL_ROOT) + tree_size(site / BOKEH_RELEASE)


def _engine() -> dict[str, Any]:
    path = PACKAGE / "dist" / "engine.json"
    if not path.exists():
        raise SiteError(f"{path} is missing: this copy of panel-neuroglancer was not built. Run `make js`.")
    engine: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    return engine


def engine_entry() -> str:
    """Return the name of the engine's file that loads the others."""
    return str(_engine()["entry"])


def copy_engine(site: Path, folder: str = "static/neuroglancer/") -> int:
    """Copy the viewer's engine and return its size."""
    dist, files = PACKAGE / "dist", _engine()["files"]
    for name in files:
        _copy(dist / "engine" / name, site / folder / name)
    _copy(dist / "THIRD_PARTY_LICENSES.txt", site / folder / "THIRD_PARTY_LICENSES.txt")
    return sum(item["bytes"] for item in files.values())


@contextmanager
def steady_engine() -> Iterator[None]:
    """Raise SiteError if the viewer's engine is built anew meanwhile: a site must not hold parts of two."""

    def stamp() -> int:
        manifest = PACKAGE / "dist" / "engine.json"
        return manifest.stat().st_mtime_ns if manifest.exists() else 0

    before, failure = stamp(), None
    try:
        yield
    except (SiteError, OSError) as error:
        failure = error
    if stamp() != before:
        raise SiteError(
            "The viewer's engine was built anew while the site was made: convert again when `make js` is done."
        ) from failure
    if failure is not None:
        raise failure


def engine_modules() -> list[str]:
    """Return the paths in the site of what the engine needs for a first picture, its own module first."""
    names = json.loads((PACKAGE / "dist" / "engine.json").read_bytes())["preload"]
    return [f"static/neuroglancer/{name}" for name in names]


def copy_boot(site: Path) -> None:
    """Copy the scripts that start Python and link it with the page."""
    for path in (Path(__file__).parent / "page").iterdir():
        if path.is_file():
            _copy(path, site / "static" / "boot" / path.name)


def copy_data(source: Path, target: str, site: Path) -> None:
    """Copy a file or folder beside the page."""
    clean = posixpath.normpath(target or source.name)
    if clean.startswith(("/", "..")) or clean == "." or clean.partition("/")[0] == "static":
        raise BadInputError(
            f"{target!r} is no place inside the site beside `static`: write --data SOURCE:FOLDER, as in data/brain."
        )
    if not source.exists():
        raise BadInputError(f"{source} does not exist: --data wants a file or a folder.")
    if source.is_dir():
        shutil.copytree(source, site / clean, dirs_exist_ok=True)
    else:
        _copy(source, site / clean)


def check_self_contained(html: str, name: str) -> None:
    """Raise ExternalResourceError if a page loads anything from another host."""
    tags = re.findall(
        r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)", html
    )
    if tags:
        raise ExternalResourceError(
            f"{name} would load {', '.join(sorted(set(tags)))}. A local site loads nothing from other hosts: drop the extension, "
            f"template or resource that names it, put the file beside the page with --data, or convert with --runtime cdn."
        )


def _copy_bundle(dist: Path, path: str, target: Path) -> None:
    """Copy a file of Panel's, and what may be asked for by it: an editor's themes, a stylesheet's fonts."""
    top, *below = PurePosixPath(path).parts
    whole = top == "bundled" and len(below) > 1
    for item in (dist / top / below[0]).rglob("*") if whole else [dist / path]:
        if item.is_file() and item.suffix != ".map" and not (target / item.relative_to(dist)).exists():
            _copy(item, target / item.relative_to(dist))


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise SiteError(f"{source} is missing: the package it belongs to is damaged. Install it again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
