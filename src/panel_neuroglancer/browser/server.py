"""Stands for the official module of this name: viewers without a server. Part of the wheel derived by panel-neuroglancer.

A viewer is shown by ``panel_neuroglancer.Neuroglancer(viewer)``, which asks nothing of this module. What only makes sense
with a server is accepted where ignoring it does no harm, and refused with the reason where it would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from neuroglancer import async_util
from neuroglancer.needs import NotInTheBrowserError

debug = False
global_server = None
global_server_args: dict[str, Any] = {"bind_address": "127.0.0.1", "bind_port": 0}
global_static_content_source: Any = None


class Server(async_util.BackgroundTornadoServer):  # type: ignore[misc]
    """The official server; it cannot be made here."""


def register_viewer(viewer: Any) -> None:
    """Make a viewer known to the server: there is none to tell."""


def defer_callback(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Call ``callback`` from the event loop, soon."""
    asyncio.get_event_loop().call_soon(lambda: callback(*args, **kwargs))


def set_server_bind_address(bind_address: str | None = None, bind_port: int = 0) -> None:
    """Remember an address; no server will use it."""
    global_server_args.update(bind_address=bind_address or "127.0.0.1", bind_port=bind_port)


def set_static_content_source(*args: Any, **kwargs: Any) -> None:
    """Do nothing: the viewer's JavaScript comes with panel-neuroglancer."""


def set_dev_server_content_source() -> None:
    """Refuse to build the viewer's JavaScript."""
    raise NotInTheBrowserError("Python in the browser can run no development server. Remove the call.")


def is_server_running() -> bool:
    """Return False: there is no server."""
    return False


def start() -> None:
    """Refuse to start a server."""
    Server()


def stop() -> None:
    """Do nothing: there is no server."""


def get_server_url() -> str:
    """Raise the official server's error for a server that does not run."""
    raise ValueError(
        "Server is not started, and Python in the browser cannot start one. Show a viewer with "
        "`panel_neuroglancer.Neuroglancer(viewer)`: it needs no server."
    )
