"""One end of a numbered conversation over a carrier: in order, exactly once, and never more than the other end takes.

Each message has a number and travels as JSON text with bytes beside it. The receiver drops what it has had, holds back what
came too early, and acknowledges what it has handed on; the sender keeps the rest until there is room. Bytes that a carrier
cannot take at once go ahead in parts. Nothing is sent again: a carrier that loses messages breaks the link, and says so.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from . import _runtime

Message = dict[str, Any]
Data = bytes | bytearray | memoryview

MIB = 2**20
# Under way: sent and not acknowledged.
WINDOW_MESSAGES, WINDOW_BYTES = 256, 32 * MIB
ACK_MESSAGES, ACK_BYTES = 64, 8 * MIB
# Waiting for room, on the sender's side; come too early, on the receiver's.
QUEUE_MESSAGES, QUEUE_BYTES = 20_000, 1024 * MIB
HELD_MESSAGES, HELD_BYTES = 1024, 256 * MIB
PAYLOAD_BYTES = 1024 * MIB
GAP_SECONDS = 30.0


class Carrier(Protocol):
    """Brings texts and bytes to one page, or to all that listen."""

    @property
    def name(self) -> str:
        """What the carrier is called in both languages."""

    @property
    def part(self) -> int | None:
        """The most bytes to send at once, or None."""

    def send(self, text: str, data: Data | None) -> None:
        """Send one message."""


class ChannelError(Exception):
    """A request failed in a way the other end can match on.

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


class Link:
    """One end of the conversation.

    Parameters
    ----------
    carrier
        What to send over.
    peer
        Names the conversation to both ends.
    deliver
        Called with each message and its bytes, in order, once.
    broken
        Called once with the reason when the conversation cannot go on.
    """

    def __init__(
        self,
        carrier: Carrier,
        peer: str,
        deliver: Callable[[Message, bytes | None], None],
        broken: Callable[[ChannelError], None],
    ) -> None:
        self.carrier, self.peer = carrier, peer
        #: Messages that were dropped: had before, or not of this conversation.
        self.refused = 0
        self._deliver, self._broken = deliver, broken
        self._over = False
        # Answers may come from several threads.
        self._lock = threading.RLock()
        self._last = 0
        self._queue: deque[tuple[str, Any]] = deque()
        self._queued = 0
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._under_way = 0
        self._seen = 0
        self._held: dict[int, tuple[Message, bytes | None]] = {}
        self._gap_since = 0.0
        self._parts: list[bytes] = []
        self._owed = [0, 0]

    def send(self, message: Message, data: Data | None = None) -> None:
        """Send a message, or keep it until the other end has room.

        Raises
        ------
        ChannelError
            If more waits already than is good for memory.
        TypeError, ValueError
            If the message cannot be written as JSON.
        """
        text = _json(message)
        limit = self.carrier.part
        view = None if data is None else _runtime.view(data, sliced=limit is not None)
        size = 0 if view is None else len(view)
        with self._lock:
            if self._over:
                return
            if size > PAYLOAD_BYTES:
                raise ChannelError(
                    "too-large", f"{size} bytes are too many for one message: {PAYLOAD_BYTES} can be sent."
                )
            if len(self._queue) >= QUEUE_MESSAGES or (self._queue and self._queued + size > QUEUE_BYTES):
                raise ChannelError("overrun", "The page does not keep up: too much waits for it already.")
            if view is not None and limit is not None and size > limit:
                ends = range(limit, size, limit)
                for end in ends:
                    self._enqueue('{"kind": "part"}', view[end - limit : end])
                view = view[ends[-1] :]
            self._enqueue(text, view)
            self._flush()

    def receive(self, message: Message, data: bytes | None) -> None:
        """Take what the carrier brought."""
        if "ack" in message:
            self._acknowledged(message["ack"])
            return
        for ready, its in self._in_order(message, data):
            if ready.get("kind") == "part":
                self._collect(its or b"")
                continue
            if self._parts:
                its = b"".join([*self._parts, its or b""])
                self._parts = []
            self._deliver(ready, its)
        self._acknowledge()

    def end(self, reason: ChannelError | None = None) -> None:
        """Send nothing more; with a reason, say so."""
        with self._lock:
            if self._over:
                return
            self._over = True
            self._queue.clear()
            self._held.clear()
            self._parts = []
        if reason is not None:
            self._broken(reason)

    def _enqueue(self, text: str, view: Any) -> None:
        self._queue.append((text, view))
        self._queued += 0 if view is None else len(view)

    def _flush(self) -> None:
        while self._queue and not self._over:
            text, data = self._queue[0]
            size = 0 if data is None else len(data)
            # Less than this the other end need not acknowledge, so there is nothing to wait for.
            some = self._under_way >= ACK_BYTES
            if len(self._unacknowledged) >= WINDOW_MESSAGES or (
                some and self._under_way + size > WINDOW_BYTES
            ):
                return
            self._queue.popleft()
            self._queued -= size
            self._last += 1
            self._unacknowledged.append((self._last, size))
            self._under_way += size
            self._carry(f'{{"peer": "{self.peer}", "n": {self._last}, {text[1:]}', data)

    def _carry(self, text: str, data: Data | None) -> None:
        try:
            self.carrier.send(text, data)
        except Exception as error:
            self.end(ChannelError("lost", f"The page could not be reached: {type(error).__name__}: {error}"))

    def _acknowledged(self, upto: Any) -> None:
        with self._lock:
            if not isinstance(upto, int) or not 0 < upto <= self._last:
                self.refused += 1
                return
            while self._unacknowledged and self._unacknowledged[0][0] <= upto:
                self._under_way -= self._unacknowledged.popleft()[1]
            self._flush()

    def _in_order(self, message: Message, data: bytes | None) -> list[tuple[Message, bytes | None]]:
        """Return what can be handed on now."""
        n, size = message.get("n"), len(data or b"")
        with self._lock:
            if self._over or not isinstance(n, int) or n <= self._seen or n in self._held:
                self.refused += 1
                return []
            if n > self._seen + 1:
                now = time.monotonic()
                if not self._held:
                    self._gap_since = now
                held = sum(len(its or b"") for _, its in self._held.values())
                late = now - self._gap_since > GAP_SECONDS
                if late or len(self._held) >= HELD_MESSAGES or held + size > HELD_BYTES:
                    self.end(ChannelError("lost", f"Message {self._seen + 1} was lost on its way."))
                else:
                    self._held[n] = message, data
                return []
            ready = [(message, data)]
            self._seen = n
            while self._seen + 1 in self._held:
                self._seen += 1
                ready.append(self._held.pop(self._seen))
            self._gap_since = time.monotonic()
            self._owed[0] += len(ready)
            self._owed[1] += sum(len(its or b"") for _, its in ready)
            return ready

    def _collect(self, part: bytes) -> None:
        self._parts.append(part)
        if sum(map(len, self._parts)) > PAYLOAD_BYTES:
            self.end(ChannelError("too-large", f"A message of more than {PAYLOAD_BYTES} bytes was refused."))

    def _acknowledge(self) -> None:
        with self._lock:
            if self._over or (self._owed[0] < ACK_MESSAGES and self._owed[1] < ACK_BYTES):
                return
            self._owed = [0, 0]
            self._carry(json.dumps({"peer": self.peer, "ack": self._seen}), None)


def _json(message: Message) -> str:
    try:
        return json.dumps(message, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(message), allow_nan=False)


def _finite(value: Any) -> Any:
    """Replace the numbers that JSON does not have by null, as JavaScript does."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
