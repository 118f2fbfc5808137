"""Waiting for the page without ever waiting for oneself.

The official ``viewer.screenshot()`` and the futures of ``viewer.volume_info()`` block until the page has answered. That
cannot end where the thread that waits is the one that would receive the answer. Then there are two ways: the browser can
put the waiting aside (JSPI), or the call fails at once and names what to await instead.

This module is also part of the derived ``neuroglancer`` wheel, whose viewers use :class:`Event` and :class:`Future`; so it
imports nothing of this package but ``_runtime``, which goes with it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Generator
from concurrent import futures
from typing import Any, TypeVar

from . import _runtime

T = TypeVar("T")

# What a viewer's methods are to be replaced by, for the messages.
INSTEAD = {
    "screenshot": "await panel_neuroglancer.screenshot(viewer)",
    "volume_info": "await viewer.volume_info(...)",
    "volume": "await panel_neuroglancer.read_volume(viewer, layer)",
    "_volume_chunk": "await viewer._volume_chunk(...)",
}


class WouldBlockForeverError(RuntimeError):
    """A call would wait for an answer that cannot come while it waits."""


def check(viewer: Any, method: str) -> None:
    """Raise WouldBlockForeverError if waiting here for the page would never end.

    Parameters
    ----------
    viewer
        The official viewer that asks.
    method
        The name of its method, a key of `INSTEAD`.
    """
    reason = _in_the_browser(viewer) if _runtime.in_pyodide() else _beside_it()
    if reason:
        raise WouldBlockForeverError(
            f"viewer.{method}() would wait for ever: {reason} Use `{INSTEAD[method]}`."
        )


def _in_the_browser(viewer: Any) -> str:
    if not getattr(viewer, "is_shown", lambda: False)():
        return "no page shows the viewer yet. Call it later, for example from a button."
    if not _runtime.can_run_sync():
        return (
            "this browser cannot put Python aside here, so Python would not hear the answer (it takes JavaScript Promise "
            "Integration, and a call from an event handler or a task)."
        )
    return ""


def _beside_it() -> str:
    if _runtime.in_convert():
        return "`convert` runs the app to draw its page, and no browser shows that yet. Call it later, for example from a button."
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return "this thread runs the event loop that receives the page's answer. Call it from another thread, or await it."


class Future(futures.Future[T]):
    """A future of the page's answer: it can be awaited, and it blocks only where that can end."""

    def __init__(self, viewer: Any, method: str) -> None:
        super().__init__()
        self._viewer, self._method = viewer, method

    def result(self, timeout: float | None = None) -> T:
        """Return the answer, waiting for it where that can end."""
        return super().result(self._wait(timeout))

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return what went wrong, or None, waiting for it where that can end."""
        return super().exception(self._wait(timeout))

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self).__await__()

    def _wait(self, timeout: float | None) -> float | None:
        """Wait as the browser does; return how long is left to wait as threads do."""
        if self.done():
            return 0
        check(self._viewer, self._method)
        if not _runtime.in_pyodide():
            return timeout
        _runtime.run_sync(asyncio.wait([asyncio.wrap_future(self)], timeout=timeout))
        return 0


class Event:
    """What the official ``screenshot()`` needs of a ``threading.Event``."""

    def __init__(self, viewer: Any) -> None:
        self._future: Future[None] = Future(viewer, "screenshot")

    def set(self) -> None:
        """Let whoever waits go on."""
        self._future.set_result(None)

    def wait(self) -> bool:
        """Wait for :meth:`set`."""
        self._future.result()
        return True


def guard(viewer: Any) -> None:
    """Let a viewer of the unchanged official package fail where it would hang. Doing it again changes nothing."""
    if "screenshot" in vars(viewer) or _runtime.in_pyodide():
        return
    for method in INSTEAD:
        wrap = _checked if method == "screenshot" else _awaitable
        setattr(viewer, method, wrap(viewer, method, getattr(type(viewer), method)))


def _checked(viewer: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        check(viewer, name)
        return method(viewer, *args, **kwargs)

    return call


def _awaitable(viewer: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        asked, answer = method(viewer, *args, **kwargs), Future[Any](viewer, name)
        asked.add_done_callback(functools.partial(_pass_on, answer))
        return answer

    return call


def _pass_on(answer: Future[Any], asked: futures.Future[Any]) -> None:
    if answer.cancelled():
        return
    error = asked.exception()
    if error is None:
        answer.set_result(asked.result())
    else:
        answer.set_exception(error)
