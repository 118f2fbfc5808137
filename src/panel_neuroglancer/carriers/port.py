"""Pyodide in the page's own worker: the page sends one end of a MessageChannel and the bytes are transferred through it.

The page posts the port beside what Panel's scripts post; their own handlers in the worker pass over it.
"""

from __future__ import annotations

import weakref
from typing import Any

from .. import _runtime
from ..channel import Channel, Data

NAME = "port"

_OFFER = """(token, connect) => {
  const hear = ({ data, ports }) => {
    if (data?.type === "panel-neuroglancer.port" && data.token === token && ports.length === 1) connect(ports[0]);
  };
  globalThis.addEventListener("message", hear);
  return () => globalThis.removeEventListener("message", hear);
}"""
_JOIN = """(port, take, lose) => {
  port.onclose = () => lose();
  port.onmessage = ({ data }) => take(data?.[0], data?.[1]);
}"""
_SEND = """(port, text, data) =>
  data == null ? port.postMessage([text]) : port.postMessage([text, data], [data.buffer])
"""


class Port:
    """Reaches one viewer through a port.

    Parameters
    ----------
    port
        Python's end.
    """

    name = NAME
    part = None

    def __init__(self, port: Any) -> None:
        self._port = port
        self._post = _runtime.javascript(_SEND)

    def send(self, text: str, data: Data | None) -> None:
        """Send one message."""
        self._post(self._port, text, _runtime.to_array(data))


def listen(channel: Channel) -> None:
    """Let the page's viewers reach ``channel`` from outside this worker."""
    reference = weakref.ref(channel)

    def connect(port: Any) -> None:
        carrier = Port(port)

        def take(text: Any = None, data: Any = None) -> None:
            alive = reference()
            if alive is not None:
                alive.receive(carrier, text, _runtime.to_bytes(data))

        def lose() -> None:
            alive = reference()
            if alive is not None:
                alive.lose(carrier, "The page has closed its port.")

        _runtime.javascript(_JOIN)(port, _runtime.entry(take), _runtime.entry(lose))
        weakref.finalize(channel, port.close).atexit = False

    withdraw = _runtime.javascript(_OFFER)(channel.token, _runtime.proxy(connect))
    weakref.finalize(channel, withdraw).atexit = False
