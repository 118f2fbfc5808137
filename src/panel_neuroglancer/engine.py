"""Where the page finds the engine (the viewer's JavaScript) and the site's own files."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from bokeh.document import Document
from bokeh.embed.bundle import extension_dirs
from panel.io.state import state

from . import _runtime
from .channel import ChannelError, Reply

DIST = Path(__file__).parent / "dist"
NAME = "panel_neuroglancer"
ENGINE_URL = "PANEL_NEUROGLANCER_ENGINE_URL"
SITE_URL = "PANEL_NEUROGLANCER_SITE_URL"

# Bokeh's server, and with it `panel serve` and its kin, then serves dist/ as static/extensions/panel_neuroglancer/.
extension_dirs[NAME] = DIST

_inlined: ContextVar[bool] = ContextVar("panel_neuroglancer_inlined", default=False)


def manifest() -> dict[str, Any]:
    """Return ``dist/engine.json``: the engine's entry and files.

    Raises
    ------
    RuntimeError
        If the JavaScript has not been built.
    """
    try:
        found: dict[str, Any] = json.loads((DIST / "engine.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise RuntimeError(
            f"The viewer's JavaScript is missing: {error.filename}. "
            "In a checkout run `make js` (needs Node); otherwise reinstall with `pip install --force-reinstall panel-neuroglancer`."
        ) from error
    return found


def engine_location(doc: Document | None = None) -> dict[str, str]:
    """Return the base URL of the engine's files for pages that show ``doc``, and the name of the entry.

    An empty URL means that the page must look into itself (saved pages) or ask over the channel (notebooks).
    The environment variable ``PANEL_NEUROGLANCER_ENGINE_URL`` overrides all.
    """
    entry = manifest()["entry"]
    if _inlined.get():
        return {"url": "", "entry": entry}
    if url := os.environ.get(ENGINE_URL):
        return {"url": _folder(url), "entry": entry}
    if _is_served(doc):
        # The way Panel itself writes the address of a bundle, so that both work behind the same proxies.
        return {"url": f"{state.rel_path or '.'}/static/extensions/{NAME}/engine/", "entry": entry}
    return {"url": "", "entry": entry}


def read_engine(params: dict[str, Any], data: bytes | None = None) -> Reply:
    """Answer ``engine.read``: one file of the engine, gzipped if ``params["encoding"]`` is ``"gzip"``."""
    name = params.get("name")
    # Only names that the manifest lists: no path ever comes from the page.
    if not isinstance(name, str) or name not in manifest()["files"]:
        raise ChannelError(
            "not-found", f"The engine has no file {name!r}. Reload the page: it may be of another version."
        )
    content = (DIST / "engine" / name).read_bytes()
    if params.get("encoding") == "gzip":
        return Reply({"encoding": "gzip"}, gzip.compress(content, 6, mtime=0))
    return Reply({"encoding": "identity"}, content)


@contextmanager
def inlined() -> Iterator[None]:
    """Let pages made inside look for the engine in themselves."""
    token = _inlined.set(True)
    try:
        yield
    finally:
        _inlined.reset(token)


def inline_script() -> str:
    """Return the element that carries the whole engine inside a page, once for all viewers."""
    files = manifest()["files"]
    engine = {
        "entry": manifest()["entry"],
        "files": {
            name: base64.b64encode(gzip.compress((DIST / "engine" / name).read_bytes(), 9, mtime=0)).decode()
            for name in files
        },
    }
    return f'<script type="application/json" id="panel-neuroglancer-engine">{json.dumps(engine)}</script>'


def site_url(path: str) -> str:
    """Return the absolute URL of a file that lies beside the page, for use in a layer's source.

    On a static site the page's folder is known from ``PANEL_NEUROGLANCER_SITE_URL``, which the site's builder sets;
    under ``panel serve`` from the request, in which case the folder must be served too
    (``panel serve app.py --static-dirs data=./data``). An absolute URL is returned as it is.

    Parameters
    ----------
    path
        The path of the file or folder, relative to the page's folder.

    Raises
    ------
    RuntimeError
        If there is neither a site nor a request, for example in a plain script.

    Examples
    --------
    >>> import os
    >>> os.environ["PANEL_NEUROGLANCER_SITE_URL"] = "https://example.org/demo/"
    >>> "precomputed://" + site_url("data/brain")
    'precomputed://https://example.org/demo/data/brain'
    >>> del os.environ["PANEL_NEUROGLANCER_SITE_URL"]
    """
    if base := os.environ.get(SITE_URL):
        return urljoin(_folder(base), path)
    context = state.curdoc.session_context if state.curdoc else None
    request = getattr(context, "request", None)
    host = getattr(request, "host", None)
    if not host:
        raise RuntimeError(
            f"site_url({path!r}) cannot know where the page is: there is no site and no request here. "
            f"Call it inside an app run by `panel serve`, or set the environment variable {SITE_URL} "
            "to the URL of the folder that holds the page."
        )
    return urljoin(f"{getattr(request, 'protocol', 'http')}://{host}{_folder(state.base_url)}", path)


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _is_served(doc: Document | None) -> bool:
    # In Pyodide documents carry a session context too, but no server stands behind it.
    context = doc.session_context if doc else None
    return bool(context and context.server_context) and not _runtime.in_pyodide()
