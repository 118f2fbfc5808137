"""Stands for the official module of this name. Part of the wheel derived by panel-neuroglancer."""

from __future__ import annotations

from neuroglancer import async_util
from neuroglancer.needs import NotInTheBrowserError


class StaticFileServer(async_util.BackgroundTornadoServer):  # type: ignore[misc]
    """A server for a folder's files; a browser can have none."""

    def __init__(self, static_dir: str, bind_address: str = "localhost", daemon: bool = False) -> None:
        raise NotInTheBrowserError(
            f"The files of {static_dir} cannot be served: Python in the browser can open no port. Put them beside the page "
            "with `panel-neuroglancer convert --data FOLDER` and name them with `panel_neuroglancer.site_url(...)`."
        )
