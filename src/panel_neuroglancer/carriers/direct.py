"""Pyodide on the page: each side calls the other. The bytes are copied once, out of or into Python's memory."""

from __future__ import annotations

import weakref
from typing import Any

from .. import _runtime
from ..channel import Channel, Data

NAME = "direct"

# js/src/carriers/direct.ts finds the channels of its page here, by token.
_OFFER = """(token, connect) => {
  const channels = (globalThis[Symbol.for("panel-neuroglancer.direct")] ??= new Map());
  channels.set(token, connect);
  return () => channels.delete(token);
}"""


class Direct:
    """Reaches one viewer on the page.

    Parameters
    ----------
    hear
        The page's function that takes messages.
    """

    name = NAME
    part = None

    def __init__(self, hear: Any) -> None:
        self._hear = hear

    def send(self, text: str, data: Data | None) -> None:
        """Send one message."""
        self._hear(text, _runtime.to_array(data))


def listen(channel: Channel) -> None:
    """Let the viewers on the page reach ``channel``."""
    reference = weakref.ref(channel)

    def connect(hear: Any) -> Any:
        carrier = Direct(hear)

        def take(text: Any, data: Any = None) -> None:
            alive = reference()
            if alive is not None:
                alive.receive(carrier, text, _runtime.to_bytes(data))

        return _runtime.entry(take)

    withdraw = _runtime.javascript(_OFFER)(channel.token, _runtime.proxy(connect))
    weakref.finalize(channel, withdraw).atexit = False
