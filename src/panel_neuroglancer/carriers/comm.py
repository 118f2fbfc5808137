"""Panel's own messages: what is left where Python is not in the browser, over a server's WebSocket or a notebook's comm.

A message of Panel's costs milliseconds, so several of ours go in one where that delays none. Their bytes go in parts, since
servers limit the size of a message (Bokeh's to 20 MB) and nothing else passes meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from ..channel import Channel, Data

NAME = "comm"
PART_BYTES = 4 * 2**20
SETTLE_SECONDS = 0.1


class Comm:
    """Reaches the pages that show one model.

    Parameters
    ----------
    send
        Sends one message of Panel's to them.
    settle
        Called when nothing was sent for a moment. Panel (1.9.4, ``io.document._dispatch_msgs``) may leave a message lying
        until there is another one: if it writes one while the last write ends.
    turn
        Held while `send` runs. Who holds it may come here, so nobody may wait for it here with another lock in hand.
    """

    name = NAME
    part = PART_BYTES

    def __init__(
        self,
        send: Callable[[list[dict[str, Any]]], None],
        settle: Callable[[], None] = lambda: None,
        turn: threading.RLock | None = None,
    ) -> None:
        self._send, self._settle = send, settle
        # Sending in turn keeps the order between threads.
        self._turn = threading.RLock() if turn is None else turn
        self._sent = 0
        self._will_settle = False
        # For what is below, and for moments only.
        self._lock = threading.RLock()
        self._receiving = 0
        # The server's loop, on which all messages go out in the end.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._waiting: list[dict[str, Any]] = []
        self._bytes = 0

    def send(self, text: str, data: Data | None) -> None:
        """Send one message, with others that answer what just came or that other threads send before the loop is free."""
        with self._lock:
            first = not self._waiting
            self._waiting.append({"text": text} if data is None else {"text": text, "data": bytes(data)})
            self._bytes += 0 if data is None else len(data)
            loop = None if self._loop is None or self._loop.is_closed() else self._loop
            here = loop is None or threading.get_ident() == self._loop_thread
            if self._receiving and not (here and self._bytes >= PART_BYTES):
                return
        if here and self._turn.acquire(blocking=loop is None):
            try:
                self._flush()
            finally:
                self._turn.release()
        elif loop is not None and (first or here):
            # Panel and Bokeh may lose what another thread sends while they hold a document's events.
            loop.call_soon_threadsafe(self._flush)

    def receive(self, channel: Channel, messages: Any) -> None:
        """Hand on what came in a message of Panel's."""
        self._receiving += 1
        self._note_loop()
        try:
            for message in messages if isinstance(messages, list) else [messages]:
                known = message if isinstance(message, dict) else {}
                data = known.get("data")
                if not isinstance(data, bytes | bytearray | memoryview):
                    data = None
                channel.receive(self, known.get("text"), None if data is None else bytes(data))
        finally:
            with self._lock:
                self._receiving -= 1
            self._flush()

    def _note_loop(self) -> None:
        try:
            self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        except RuntimeError:
            self._loop = None

    def _flush(self) -> None:
        with self._turn:
            while messages := self._next():
                self._send(messages)
                self.touch()

    def _next(self) -> list[dict[str, Any]]:
        with self._lock:
            size = count = 0
            while count < len(self._waiting) and size < PART_BYTES:
                size += len(self._waiting[count].get("data", b""))
                count += 1
            messages, self._waiting = self._waiting[:count], self._waiting[count:]
            self._bytes -= size
            return messages

    def touch(self) -> None:
        """Note that Panel is sending something to this model's pages."""
        with self._lock:
            self._sent += 1
            if self._will_settle or self._loop is None or self._loop.is_closed():
                return
            self._will_settle = True
            self._loop.call_soon_threadsafe(self._settle_later, self._loop)

    def _settle_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(SETTLE_SECONDS, self._settle_if_still, loop, self._sent)

    def _settle_if_still(self, loop: asyncio.AbstractEventLoop, sent: int) -> None:
        with self._lock:
            if sent != self._sent:
                self._settle_later(loop)
                return
            self._will_settle = False
        self._settle()
