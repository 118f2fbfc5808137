"""Files that lie beside the page or the notebook: their addresses, and their bytes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from panel.io.state import state

from . import _runtime
from .engine import folder

SITE_URL = "PANEL_NEUROGLANCER_SITE_URL"
QUIET = 1.0  # seconds until progress is shown


def site_url(path: str) -> str:
    """Return the absolute URL of a file that lies beside the page or the notebook, for use in a layer's source.

    On a static site the page's folder is known from ``PANEL_NEUROGLANCER_SITE_URL``, which the site's builder sets;
    in a notebook, from the JupyterLite site or the Jupyter server that runs it; under ``panel serve`` from the request,
    in which case the folder must be served too (``panel serve app.py --static-dirs data=./data``). An absolute URL is
    returned as it is.

    Parameters
    ----------
    path
        The path of the file or folder, relative to the page's or the notebook's folder.

    Raises
    ------
    RuntimeError
        If there is no site, no notebook and no request, for example in a plain script.

    Examples
    --------
    >>> import os
    >>> os.environ["PANEL_NEUROGLANCER_SITE_URL"] = "https://example.org/demo/"
    >>> "precomputed://" + site_url("data/brain")
    'precomputed://https://example.org/demo/data/brain'
    >>> del os.environ["PANEL_NEUROGLANCER_SITE_URL"]
    """
    if base := os.environ.get(SITE_URL) or _lite_folder() or _request_folder() or _jupyter_folder():
        return urljoin(folder(base), path)
    raise RuntimeError(
        f"site_url({path!r}) cannot know where the page is: there is no site, no notebook and no request here. "
        f"Call it inside an app run by `panel serve`, or set the environment variable {SITE_URL} "
        "to the URL of the folder that holds the page."
    )


async def read_file(path: str, progress: Callable[[int, int | None], Any] | None = None) -> bytes:
    """Return the content of a file that lies beside the page or the notebook.

    In the browser the file is fetched from the site: much faster than `open`, which reads what a notebook stores piece
    by piece. What is not on the site, such as a file you uploaded, is then opened. Elsewhere the file is read from the disk.

    Parameters
    ----------
    path
        The file's path, relative to the page's or the notebook's folder, or a URL.
    progress
        Called while it goes on with the bytes that are there and the bytes to come in all (None if that is not known).
        By default a line below the cell tells, if it takes more than a second.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If the site could not be reached, or answered with an error.

    Examples
    --------
    >>> import asyncio, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "values.bin")
    >>> path.write_bytes(bytes(3))
    3
    >>> len(asyncio.run(read_file(str(path))))
    3
    """
    scheme = urlsplit(path).scheme
    if not _runtime.in_pyodide():
        if scheme.startswith("http"):
            raise ValueError(
                f"read_file({path!r}) reads files beside the notebook, not from the network: fetch it, for example with "
                "urllib.request, and save it there."
            )
        return await asyncio.to_thread(_read, path)
    url = site_url(path if scheme else quote(path))
    try:
        return await _runtime.fetch(url, progress or _Line(path))
    except FileNotFoundError:
        if Path(path).is_file():
            return _read(path)
        raise FileNotFoundError(
            f"There is no file {path!r} beside this page: {url} does not exist. Check the spelling and the folder."
        ) from None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no file {path!r} in {Path.cwd()}. Check the spelling and the folder."
        ) from None


class _Line:
    """A line in a notebook that tells how far it is."""

    def __init__(self, name: str) -> None:
        self._name, self._next = name, time.monotonic() + QUIET
        self._handle: Any = None

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now < self._next and not (self._handle and done == total):
            return
        self._next = now + 0.25
        text = f"{self._name}: {done / 1e6:.0f}" + (f" of {total / 1e6:.0f} MB" if total else " MB")
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ImportError:
            return
        if get_ipython() is None:
            return
        if self._handle is None:
            self._handle = display({"text/plain": text}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update({"text/plain": text}, raw=True)


def _lite_folder() -> str | None:
    """Return the notebook's folder on a JupyterLite site, where its files are mounted under ``/drive``."""
    if not (site := _runtime.lite_site()):
        return None
    here = PurePosixPath(os.getcwd())
    inside = here.relative_to("/drive").as_posix() if here.is_relative_to("/drive") else "."
    return urljoin(site, f"files/{quote(inside)}/")


def _request_folder() -> str | None:
    context = state.curdoc.session_context if state.curdoc else None
    request = getattr(context, "request", None)
    host = getattr(request, "host", None)
    return urljoin(f"{getattr(request, 'protocol', 'http')}://{host}/", state.base_url) if host else None


def _jupyter_folder() -> str | None:
    """Return the notebook's folder on the Jupyter server that started this kernel, found among those that run here."""
    server = os.environ.get("JPY_PARENT_PID")
    if _runtime.in_pyodide() or not server:
        return None
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        return None
    try:
        about: dict[str, str] = json.loads(
            Path(jupyter_runtime_dir(), f"jpserver-{server}.json").read_text("utf-8")
        )
        inside = Path.cwd().resolve().relative_to(Path(about["root_dir"]).resolve())
        server = about["url"]
    except (OSError, ValueError, KeyError):
        return None
    return urljoin(server, f"files/{quote(inside.as_posix())}/")
