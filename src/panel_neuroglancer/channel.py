"""Requests from the page, answered by Python.

A request is ``{"id", "method", "params"}``, its reply ``{"id", "ok": True, "result", "data"}`` or
``{"id", "ok": False, "error": {"kind", "message"}}``. Ids are the page's and unique, so a reply may reach every page
that shows the viewer: only the one that asked takes it. ``data`` travels as binary, not as text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
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


Handler = Callable[[dict[str, Any]], Reply]


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
    >>> channel.on("double", lambda params: Reply({"value": 2 * params["value"]}))
    >>> channel.receive({"id": "1", "method": "double", "params": {"value": 21}})
    >>> sent
    [{'id': '1', 'ok': True, 'result': {'value': 42}}]
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._handlers: dict[str, Handler] = {}

    def on(self, method: str, handler: Handler) -> None:
        """Let ``handler`` answer the requests for ``method``."""
        self._handlers[method] = handler

    def receive(self, message: Any) -> None:
        """Take one message from the page and answer it."""
        if not (isinstance(message, dict) and isinstance(message.get("id"), str)):
            log.warning("Dropped a message without an id from the page: %.200r", message)
            return
        self._send({"id": message["id"], **self._answer(message)})

    def _answer(self, message: Message) -> Message:
        method = message.get("method")
        params = message.get("params") or {}
        try:
            if method not in self._handlers:
                known = ", ".join(sorted(self._handlers)) or "none"
                raise ChannelError("unknown-method", f"Python answers no {method!r}; it answers: {known}.")
            if not isinstance(params, dict):
                raise ChannelError(
                    "bad-params", f"The params of {method!r} are {params!r}; expected an object."
                )
            reply = self._handlers[method](params)
        except ChannelError as error:
            return {"ok": False, "error": {"kind": error.kind, "message": str(error)}}
        except Exception as error:
            # The page waits for an answer whatever happens; the traceback belongs in Python's log.
            log.exception("Answering %r failed", method)
            return {"ok": False, "error": {"kind": "internal", "message": f"{type(error).__name__}: {error}"}}
        answer: Message = {"ok": True, "result": reply.result}
        return answer if reply.data is None else {**answer, "data": reply.data}
