"""A live ``neuroglancer.Viewer`` and the pages that show it: state, configuration, data, and what the pages report.

The official package keeps a viewer's state in two ``TrackableState`` objects and serves it over HTTP. Here the same objects
are watched and served through the component; no server is asked, and none needs to run.
"""

from __future__ import annotations

import json
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

from . import _runtime, blocking, credentials, matching, outputs, resident, sources, turns
from .channel import Channel, ChannelError, Reply
from .checks import State
from .patch import diff, patch, share

_REENTRANT = type(threading.RLock())

log = logging.getLogger(__name__)

_sessions: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()


def find(token: str) -> Session | None:
    """Return a session of the viewer whose volumes carry this token."""
    return _sessions.get(token)


def is_viewer(source: Any) -> bool:
    """Whether ``source`` is a viewer of the official package, synchronized or not."""
    return hasattr(source, "config_state") and hasattr(source, "volume_manager")


class Session:
    """Ties one official viewer to one component.

    Parameters
    ----------
    viewer
        A ``neuroglancer.Viewer`` or ``neuroglancer.UnsynchronizedViewer``; it is kept alive.
    on_state
        Called with the viewer's state as JSON when Python has changed it.
    on_config
        Called with the viewer's configuration as JSON, now and whenever it changes.
    is_shown
        Tells whether a page shows the viewer.
    """

    def __init__(
        self,
        viewer: Any,
        on_state: Callable[[State], None],
        on_config: Callable[[dict[str, Any]], None],
        is_shown: Callable[[], bool],
    ) -> None:
        self.viewer = viewer
        self.is_shown = is_shown
        blocking.guard(viewer)
        _note_shown(viewer, self)
        self._on_state = on_state
        self._on_config = on_config
        self._raw: Any = None
        self._last: State = {}
        self._synchronized = hasattr(viewer, "shared_state")
        _watch(viewer.config_state, self, "_config_changed")
        if self._synchronized:
            _watch(viewer.shared_state, self, "_state_changed")
        self._config_changed()
        _sessions[self.token] = self

    @property
    def token(self) -> str:
        """The token that the viewer's volumes carry in their URLs."""
        return str(self.viewer.token)

    @property
    def state(self) -> State:
        """The viewer's state as JSON, arrays as ``python://`` URLs."""
        raw = self.viewer.shared_state.raw_state if self._synchronized else self.viewer.raw_state
        if raw is self._raw:
            return self._last
        self._raw = raw
        try:
            # Only what differs from the last time is made plain.
            self._last = patch(self._last, _plain(diff(self._last, raw)))
        except ValueError:  # NumPy arrays, which cannot be compared as the rest can
            self._last = share(self._last, _plain(raw))
        return self._last

    def take(self, state: State) -> None:
        """Take over a state that a page shows or the component was given."""
        if self._synchronized and diff(self.state, state):
            self._raw = self._last = state
            self.viewer.shared_state.set_state(state)

    def serve(self, channel: Channel) -> None:
        """Answer what the pages ask of the viewer."""
        channel.on("source.read", self._read)
        resident.serve(channel, self.volume)
        matching.serve(channel, self.volume)
        credentials.serve(channel, self.viewer)
        channel.on("viewer.action", self._act)
        channel.on("viewer.volume_info", self._take_volume_info)
        channel.on("viewer.volume_chunk", self._take_volume_chunk)

    def _state_changed(self) -> None:
        self._on_state(self.state)

    def _config_changed(self) -> None:
        self._on_config(_plain(self.viewer.config_state.raw_state))

    @property
    def volumes(self) -> dict[str, Any]:
        """The viewer's ``LocalVolume`` and ``SkeletonSource`` objects, by key."""
        return {f"{self.token}.{token}": v for token, v in self.viewer.volume_manager.volumes.items()}

    def volume(self, key: str) -> Any:
        """Return the one that has a key, or None."""
        viewer_token, _, token = key.partition(".")
        return self.viewer.volume_manager.volumes.get(token) if viewer_token == self.token else None

    def _read(self, params: dict[str, Any], data: bytes | None) -> Any:
        path = params.get("path")
        if not isinstance(path, str):
            raise ChannelError("bad-params", f"The path of a source is {path!r}; expected a text.")
        return _runtime.in_background(self._answer, path, params.get("limit"))

    def _answer(self, path: str, limit: Any) -> Reply:
        reply = sources.read(self.volume, path)
        key = path.removeprefix("/neuroglancer/info/")
        # Whoever asks what a volume is, with room for its array, will ask that next.
        if key != path and isinstance(limit, int | float) and reply.result["status"] == 200:
            reply.result["described"] = resident.describe(self.volume(key), key, int(limit))
        return reply

    def _act(self, params: dict[str, Any], data: bytes | None) -> Reply:
        # A user's handler may fail; the page has nothing to do with that.
        try:
            self.viewer.actions.invoke(params["name"], params["value"])
        except Exception:
            log.exception("The action %r failed", params.get("name"))
        return Reply()

    def _take_volume_info(self, params: dict[str, Any], data: bytes | None) -> Reply:
        self.viewer._handle_volume_info_reply(params["name"], params["value"])
        return Reply()

    def _take_volume_chunk(self, params: dict[str, Any], data: bytes | None) -> Reply:
        self.viewer._handle_volume_chunk_reply(params["name"], params["value"], data or b"")
        return Reply()


def _plain(value: Any) -> Any:
    from neuroglancer.json_utils import encode_json

    return json.loads(encode_json(value))


def _note_shown(viewer: Any, session: Session) -> None:
    """Let the viewer know whether this session, or an earlier one, has a page."""
    reference, earlier = weakref.ref(session), getattr(viewer, "is_shown", None)

    def is_shown() -> bool:
        alive = reference()
        return bool((alive is not None and alive.is_shown()) or (earlier is not None and earlier()))

    viewer.is_shown = is_shown


def _watch(tracked: Any, session: Session, method: str) -> None:
    """Call a method of ``session`` on changes, without keeping the session alive."""
    reference = weakref.ref(session)

    def changed() -> None:
        alive = reference()
        if alive is not None:
            getattr(alive, method)()

    # The package calls back while it holds a lock. What is called here may well change the state again; and it may have to
    # wait for a thread that has taken its turn, which in turn may wait for this lock: so it is the same.
    if outputs.in_kernel():
        tracked._lock = tracked._ChangeNotifier__lock = turns.lock
    elif not isinstance(tracked._ChangeNotifier__lock, _REENTRANT):
        tracked._ChangeNotifier__lock = threading.RLock()
    tracked.add_changed_callback(changed)
    weakref.finalize(session, tracked.remove_changed_callback, changed)
