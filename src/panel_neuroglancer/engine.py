"""Where the page finds the engine, the viewer's JavaScript."""

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

from bokeh.document import Document
from bokeh.embed.bundle import extension_dirs
from panel.io.state import state

from . import _runtime
from .channel import ChannelError, Reply

DIST = Path(__file__).parent / "dist"
NAME = "panel_neuroglancer"
ENGINE_URL = "PANEL_NEUROGLANCER_ENGINE_URL"

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
        return {"url": folder(url), "entry": entry}
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


def folder(url: str) -> str:
    """Return a URL as that of a folder, ending in "/"."""
    return url if url.endswith("/") else f"{url}/"


def _is_served(doc: Document | None) -> bool:
    # In Pyodide documents carry a session context too, but no server stands behind it.
    context = doc.session_context if doc else None
    return bool(context and context.server_context) and not _runtime.in_pyodide()
