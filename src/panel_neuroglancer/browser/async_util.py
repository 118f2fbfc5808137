"""Stands for the official module of this name. Part of the wheel derived by panel-neuroglancer."""

from __future__ import annotations

from typing import Any

from neuroglancer.needs import NotInTheBrowserError


class BackgroundTornadoServer:
    """A server in a thread; a browser has neither."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotInTheBrowserError(
            f"{type(self).__name__} cannot be started: Python in the browser can open no port. Show a viewer with "
            "`panel_neuroglancer.Neuroglancer(viewer)`: it needs no server."
        )
