"""Panel's own messages: what is left where Python is not in the browser, over a server's WebSocket or a notebook's comm.

The bytes go in parts, since servers limit the size of a message (Bokeh's to 20 MB) and nothing else passes meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..channel import Channel, Data

NAME = "comm"
PART_BYTES = 4 * 2**20


class Comm:
    """Reaches the pages that show one model.

    Parameters
    ----------
    send
        Sends a message to them.
    """

    name = NAME
    part = PART_BYTES

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send

    def send(self, text: str, data: Data | None) -> None:
        """Send one message."""
        self._send({"text": text} if data is None else {"text": text, "data": bytes(data)})

    def receive(self, channel: Channel, message: Any) -> None:
        """Hand on what came in such a message."""
        if not isinstance(message, dict):
            message = {"text": message}
        data = message.get("data")
        channel.receive(
            self,
            message.get("text"),
            bytes(data) if isinstance(data, bytes | bytearray | memoryview) else None,
        )
