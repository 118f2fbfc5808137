"""Python in a worker that the page did not start, such as a JupyterLite kernel: a BroadcastChannel.

All of an origin's pages and workers can use one if they know its name. So the name holds the channel's token, and
whoever listens takes only what is for it.
"""

from __future__ import annotations

import weakref
from typing import Any

from .. import _runtime
from ..channel import Channel, Data

NAME = "broadcast"
PREFIX = "panel-neuroglancer."
PART_BYTES = 4 * 2**20

_OPEN = """(name, take) => {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => {
    if (data?.to === "python") take(data.text, data.data);
  };
  return channel;
}"""
_SEND = """(channel, text, data) =>
  channel.postMessage(data == null ? { to: "page", text } : { to: "page", text, data })
"""


class Broadcast:
    """Reaches all viewers that were told the name."""

    name = NAME
    part = PART_BYTES

    def __init__(self) -> None:
        self.channel: Any = None
        self._post = _runtime.javascript(_SEND)

    def send(self, text: str, data: Data | None) -> None:
        """Send one message."""
        self._post(self.channel, text, _runtime.to_array(data))


def listen(channel: Channel) -> None:
    """Let viewers anywhere in this origin reach ``channel`` if they know its token."""
    reference = weakref.ref(channel)
    carrier = Broadcast()

    def take(text: Any = None, data: Any = None) -> None:
        alive = reference()
        if alive is not None:
            alive.receive(carrier, text, _runtime.to_bytes(data))

    carrier.channel = _runtime.javascript(_OPEN)(PREFIX + channel.token, _runtime.entry(take))
    weakref.finalize(channel, carrier.channel.close).atexit = False
