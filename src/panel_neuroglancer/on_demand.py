"""The official package's HTTP server, put off until somebody asks for an address.

``neuroglancer.Viewer()`` would start it at once, though a component needs none. Here the functions of ``neuroglancer.server`` through which all of the package goes are replaced by some that wait.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from . import _runtime
from .imports import when_imported

log = logging.getLogger(__name__)


def put_off() -> None:
    """Let viewers be made without a server, whether the official package is imported by now or only later, if at all."""
    if _runtime.in_pyodide():
        return
    when_imported("neuroglancer.server", _replace)


def _replace(server: ModuleType) -> None:
    for replacement in _OnDemand(server).replacements:
        setattr(server, replacement.__name__, replacement)


class _OnDemand:
    """Stands for the functions of ``neuroglancer.server`` that start a server, and for the one that needs it."""

    def __init__(self, server: ModuleType) -> None:
        self._server = server
        self._official = {
            function.__name__: getattr(server, function.__name__) for function in self.replacements
        }
        # Not known to a server yet; whoever stops the server wants them forgotten, as the package has it.
        self._viewers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="neuroglancer")

    @property
    def replacements(self) -> tuple[Callable[..., Any], ...]:
        return self.register_viewer, self.start, self.get_server_url, self.defer_callback

    def register_viewer(self, viewer: Any) -> None:
        """Make a viewer known to the server, once there is one."""
        if self._server.is_server_running():
            self._official["register_viewer"](viewer)
        else:
            self._viewers.add(viewer)

    def start(self) -> None:
        """Start the server, if it does not run, for all viewers there are."""
        self._official["start"]()
        for viewer in list(self._viewers):
            self._viewers.discard(viewer)
            self._server.global_server.viewers[viewer.token] = viewer

    def get_server_url(self) -> str:
        """Return the server's address; starts it for viewers that wait for that."""
        if self._viewers:
            self.start()
        return str(self._official["get_server_url"]())

    def defer_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback`` in the server's thread, or in one that stands for it, in order."""
        if self._server.is_server_running():
            self._official["defer_callback"](callback, *args, **kwargs)
        else:
            self._thread.submit(_call, callback, *args, **kwargs)


def _call(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        callback(*args, **kwargs)
    except Exception:
        log.exception("A deferred callback failed")
