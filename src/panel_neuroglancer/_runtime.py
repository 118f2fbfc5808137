"""The one place that asks where Python runs."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_pyodide() -> bool:
    """Return whether Python runs in WebAssembly, inside the browser."""
    return sys.platform == "emscripten"


def in_convert() -> bool:
    """Return whether an app is only run to draw the page of a static site, which no browser shows yet."""
    return "PANEL_NEUROGLANCER_DRAWING" in os.environ


def can_run_sync() -> bool:
    """Return whether the browser can put Python aside here until something is done (JavaScript Promise Integration)."""
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


def run_sync(awaitable: Awaitable[T]) -> T:
    """Wait for something in the browser, with Python put aside."""
    from pyodide.ffi import run_sync

    result: T = run_sync(awaitable)
    return result


def require_neuroglancer(purpose: str) -> ModuleType:
    """Import the official ``neuroglancer`` package, or say how to get it.

    Parameters
    ----------
    purpose
        What needs the package; the message begins with it.
    """
    try:
        return importlib.import_module("neuroglancer")
    except ImportError as error:
        how = (
            "It is not part of this site: Neuroglancer links and state dicts work without it."
            if in_pyodide()
            else "Install it with `pip install neuroglancer`."
        )
        raise ImportError(
            f"{purpose} needs the Python package neuroglancer, which is not installed. {how}"
        ) from error


@functools.cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="panel-neuroglancer")


def in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T] | T:
    """Call a function beside the server's loop, or at once where there are no threads."""
    return function(*args, **kwargs) if in_pyodide() else _executor().submit(function, *args, **kwargs)


def later(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    """Call a function after some time; returns what prevents it."""
    if in_pyodide():
        import asyncio

        return asyncio.get_event_loop().call_later(seconds, call).cancel
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
    return timer.cancel


def on_page() -> bool:
    """Return whether Python runs on the browser's page itself and not in a worker; only to be asked in Pyodide."""
    import js

    return hasattr(js, "document")


# JupyterLite's own worker, and the one that is begun early (site/lite/early.js).
_LITE_WORKERS = ("extensions/@jupyterlite/", "static/pyodide/early-worker.mjs")


def lite_site() -> str | None:
    """Return the URL of the JupyterLite site whose kernel this is, ending in "/"; None for everything else."""
    if not in_pyodide():
        return None
    import js

    address = str(js.self.location.href)
    for worker in _LITE_WORKERS:
        root, found, _ = address.partition(f"/{worker}")
        if found:
            return f"{root}/"
    return None


async def fetch(url: str, tell: Callable[[int, int | None], Any]) -> bytes:
    """Return what lies at a URL; only in Pyodide.

    Parameters
    ----------
    url
        An absolute URL.
    tell
        Called with the bytes that are there and the bytes to come in all, as far as known.

    Raises
    ------
    FileNotFoundError
        If the server says so.
    OSError
        If it cannot be reached, or says something else.
    """
    import js
    from pyodide.ffi import JsException

    try:
        response = await js.fetch(url)
        if response.status == 404:
            raise FileNotFoundError(url)
        if not response.ok:
            raise OSError(f"{url} answered {response.status} {response.statusText}.")
        length = response.headers.get("content-length")
        packed = response.headers.get("content-encoding")  # the length is then another's
        total = int(length) if length and not packed else None
        data, reader = bytearray(), response.body.getReader()
        while not (piece := await reader.read()).done:
            data += piece.value.to_bytes()
            tell(len(data), total)
    except JsException as error:
        raise OSError(f"{url} could not be read: {error}. Is the network there, and the server?") from error
    return bytes(data)


def javascript(code: str) -> Any:
    """Return what some JavaScript evaluates to."""
    from pyodide.code import run_js

    return run_js(code)


def proxy(function: Callable[..., Any]) -> Any:
    """Let JavaScript keep and call a function of Python's."""
    from pyodide.ffi import create_proxy

    return create_proxy(function)


def once(function: Callable[..., Any]) -> Any:
    """Let JavaScript keep a function of Python's until it has called it, once."""
    from pyodide.ffi import create_once_callable

    return create_once_callable(function)


def entry(function: Callable[..., None]) -> Any:
    """Let JavaScript keep and call a function during which Python can be put aside, where the browser can (JSPI)."""
    return javascript("(f) => 'Suspending' in WebAssembly ? (...args) => { f.callPromising(...args); } : f")(
        proxy(function)
    )


def to_array(data: Any) -> Any:
    """Copy bytes out of Python's memory, into a Uint8Array with a buffer of its own; one of those is returned as it is."""
    from pyodide.ffi import JsBuffer, to_js

    return data if data is None or isinstance(data, JsBuffer) else to_js(memoryview(data).cast("B"))


def view(data: Any, *, sliced: bool) -> Any:
    """Return bytes as something that has a length, and can be sliced if need be; else JavaScript's are not copied."""
    if in_pyodide():
        from pyodide.ffi import JsBuffer

        if isinstance(data, JsBuffer):
            return memoryview(data.to_bytes()) if sliced else data
    return memoryview(data).cast("B")


def to_bytes(array: Any) -> bytes | None:
    """Copy the bytes of a JavaScript array into Python's memory; None for anything else."""
    from pyodide.ffi import JsBuffer

    return bytes(array.to_bytes()) if isinstance(array, JsBuffer) else None
