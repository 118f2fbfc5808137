"""Stands for the official module of this name. Part of the wheel derived by panel-neuroglancer.

The same classes; only what they say of their address differs, since there is no server that would have one.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

from neuroglancer import server, url_state, viewer_base
from neuroglancer.json_utils import encode_json
from neuroglancer.needs import NotInTheBrowserError


class _ViewerHelper:
    def defer_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback`` from the event loop, soon."""
        server.defer_callback(callback, *args, **kwargs)

    def _raw(self) -> Any:
        raise NotImplementedError

    def _url(self) -> str | None:
        """Return a link to the state on the public viewer, or None if only this Python has the data."""
        text = encode_json(self._raw())
        return None if '"python://' in text or "|python:" in text else url_state.to_url(json.loads(text))

    def get_viewer_url(self) -> str:
        """Return a link that shows the present state on the public viewer.

        Raises
        ------
        NotInTheBrowserError
            If the state shows arrays, which no link can hold.
        """
        url = self._url()
        if url is None:
            raise NotInTheBrowserError(
                "This viewer shows data of this Python, which no link can reach: Python in the browser has no server. Show "
                "the viewer with `panel_neuroglancer.Neuroglancer(viewer)`."
            )
        return url

    def __repr__(self) -> str:
        return self._url() or f"<{type(self).__name__}: show it with panel_neuroglancer.Neuroglancer(viewer)>"

    def _repr_html_(self) -> str:
        url = self._url()
        if url is None:
            return html.escape(repr(self))
        return f'<a href="{html.escape(url)}" target="_blank">Viewer</a>'


class Viewer(viewer_base.ViewerBase, _ViewerHelper):  # type: ignore[misc]
    """A viewer whose state the page and Python share."""

    def _raw(self) -> Any:
        return self.shared_state.raw_state


class UnsynchronizedViewer(viewer_base.UnsynchronizedViewerBase, _ViewerHelper):  # type: ignore[misc]
    """A viewer whose state Python only gives."""

    def _raw(self) -> Any:
        return self.raw_state
