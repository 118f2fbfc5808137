"""Requests from the page, answered by Python.

A request is ``{"id", "method", "params"}`` and perhaps ``"data"`` (bytes); ``{"id", "cancel": True}`` takes it back. Its reply is ``{"id", "ok": True, "result", "data"}`` or
``{"id", "ok": False, "error": {"kind", "message"}}``. Ids are the page's and unique, so a reply may reach every page
that shows the viewer: only the one that asked takes it. ``data`` travels as binary, not as text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

Message = dict[str, Any]


class ChannelError(Exception):
    """A request failed in a way the page can match on.

    Parameters
    ----------
    kind
        A short tag, for example ``"not-found"``.
    message
        What was wrong and what to do, for people.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass
class Reply:
    """What a handler answers: JSON values, and bytes beside them."""

    result: dict[str, Any] = field(default_factory=dict)
    data: bytes | None = None


# Gets the params and the bytes sent along; may answer later.
Handler = Callable[[dict[str, Any], bytes | None], "Reply | Future[Reply]"]


class Channel:
    """Answer requests that come in over some carrier.

    Parameters
    ----------
    send
        Sends one message to the page.

    Examples
    --------
    >>> sent = []
    >>> channel = Channel(sent.append)
    >>> channel.on("double", lambda params, data: Reply({"value": 2 * params["value"]}))
    >>> channel.receive({"id": "1", "method": "double", "params": {"value": 21}})
    >>> sent
    [{'id': '1', 'ok': True, 'result': {'value': 42}}]
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._handlers: dict[str, Handler] = {}
        self._running: dict[str, Future[Reply]] = {}

    def on(self, method: str, handler: Handler) -> None:
        """Let ``handler`` answer the requests for ``method``."""
        self._handlers[method] = handler

    def receive(self, message: Any) -> None:
        """Take one message from the page; it is answered at once or when its handler is done."""
        if not (isinstance(message, dict) and isinstance(message.get("id"), str)):
            log.warning("Dropped a message without an id from the page: %.200r", message)
            return
        request = message["id"]
        if message.get("cancel"):
            running = self._running.pop(request, None)
            if running is not None:
                running.cancel()
            return
        try:
            reply = self._handle(message)
        except Exception as error:
            self._send({"id": request, **_failure(message.get("method"), error)})
            return
        if isinstance(reply, Reply):
            self._send({"id": request, **_success(reply)})
            return
        self._running[request] = reply
        reply.add_done_callback(lambda done: self._finish(request, message.get("method"), done))

    def _finish(self, request: str, method: Any, done: Future[Reply]) -> None:
        # Nobody waits for what was cancelled.
        if self._running.pop(request, None) is None or done.cancelled():
            return
        error = done.exception()
        answer = _success(done.result()) if error is None else _failure(method, error)
        self._send({"id": request, **answer})

    def _handle(self, message: Message) -> Reply | Future[Reply]:
        method = message.get("method")
        params = message.get("params") or {}
        data = message.get("data")
        if not isinstance(method, str) or method not in self._handlers:
            known = ", ".join(sorted(self._handlers)) or "none"
            raise ChannelError("unknown-method", f"Python answers no {method!r}; it answers: {known}.")
        if not isinstance(params, dict):
            raise ChannelError("bad-params", f"The params of {method!r} are {params!r}; expected an object.")
        return self._handlers[method](params, None if data is None else bytes(data))


def _success(reply: Reply) -> Message:
    answer: Message = {"ok": True, "result": reply.result}
    return answer if reply.data is None else {**answer, "data": reply.data}


def _failure(method: Any, error: BaseException) -> Message:
    if isinstance(error, ChannelError):
        return {"ok": False, "error": {"kind": error.kind, "message": str(error)}}
    # The page waits for an answer whatever happens; the traceback belongs in Python's log.
    log.error("Answering %r failed", method, exc_info=error)
    return {"ok": False, "error": {"kind": "internal", "message": f"{type(error).__name__}: {error}"}}
