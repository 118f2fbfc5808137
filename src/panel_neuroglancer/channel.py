"""Python's side of a viewer's channel: the pages that show it ask and are answered, over whatever carrier reaches them.

A page says hello with the channel's token on each carrier that it can find, and goes on with the first on which it is
welcomed; from then on it is a peer, with a link of its own. What does not come from a peer over its own carrier, or is
malformed, is dropped and counted.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

from .exchange import Exchange, Handler, Reply
from .link import Carrier, ChannelError, Data, Link, Message

__all__ = ["Carrier", "Channel", "ChannelError", "Data", "Handler", "Reply"]

log = logging.getLogger(__name__)

#: Pages that show one viewer.
PEERS = 256
TEXT_CHARACTERS = 2**27
_PEER = re.compile(r"[\w-]{16,64}")


class Channel:
    """Answer the pages that show one viewer.

    Examples
    --------
    >>> channel = Channel()
    >>> channel.on("double", lambda params, data: Reply({"value": 2 * params["value"]}))
    """

    def __init__(self) -> None:
        #: Who knows it may ask.
        self.token = secrets.token_hex(16)
        #: Messages that were dropped because they were malformed or of nobody known.
        self.refused = 0
        #: Tells the name of the lock that Python holds as long as it lives, once it does; None if there is none (see carriers).
        self.life: Callable[[Callable[[str | None], None]], None] = lambda tell: tell(None)
        self._handlers: dict[str, Handler] = {}
        self._peers: dict[str, Exchange] = {}
        self._arrived: list[Callable[[Exchange], None]] = []

    @property
    def peers(self) -> list[Exchange]:
        """The pages, in the order in which they came."""
        return list(self._peers.values())

    def on(self, method: str, handler: Handler) -> None:
        """Let ``handler`` answer the requests for ``method``, and take in its events."""
        self._handlers[method] = handler

    def on_peer(self, arrived: Callable[[Exchange], None]) -> None:
        """Call ``arrived`` with each page that comes from now on."""
        self._arrived.append(arrived)

    def tell(self, method: str, params: dict[str, Any] | None = None, data: Data | None = None) -> None:
        """Tell every page what needs no answer."""
        for peer in self.peers:
            peer.tell(method, params, data)

    def receive(self, carrier: Carrier, text: Any, data: bytes | None = None) -> None:
        """Take one message that a carrier brought; whatever it is, this raises nothing."""
        message = _parsed(text)
        peer = message.get("peer")
        if not (isinstance(peer, str) and _PEER.fullmatch(peer)):
            self._refuse(text)
        elif "hello" in message or message.get("kind") == "open":
            self._greet(carrier, peer, message)
        elif peer not in self._peers or self._peers[peer].link.carrier is not carrier:
            self._refuse(text)
        elif "close" in message:
            self._drop(peer, ChannelError("closed", f"The page has gone: {message['close']!s:.200}"))
        else:
            self._peers[peer].link.receive(message, data)

    def lose(self, carrier: Carrier, reason: str) -> None:
        """Give up the pages that a carrier reached."""
        for peer, exchange in list(self._peers.items()):
            if exchange.link.carrier is carrier:
                self._drop(peer, ChannelError("closed", reason))

    def _greet(self, carrier: Carrier, peer: str, message: Message) -> None:
        token = message.get("hello", message.get("token"))
        if not isinstance(token, str) or not hmac.compare_digest(
            token.encode(errors="replace"), self.token.encode()
        ):
            self._refuse(message)
        elif "hello" in message:
            self.life(lambda life: carrier.send(json.dumps({"peer": peer, "welcome": {"life": life}}), None))
        elif peer in self._peers or len(self._peers) >= PEERS:
            self._refuse(message)
        else:
            self._open(carrier, peer, message)

    def _open(self, carrier: Carrier, peer: str, message: Message) -> None:
        former = message.get("former")
        if isinstance(former, str) and former in self._peers:
            self._drop(former, ChannelError("closed", "The page has connected anew."))

        def link(deliver: Any) -> Link:
            return Link(carrier, peer, deliver, lambda reason: self._break(carrier, peer, reason))

        exchange = Exchange(link, self._handlers)
        self._peers[peer] = exchange
        exchange.link.receive(message, None)
        for arrived in self._arrived:
            arrived(exchange)

    def _break(self, carrier: Carrier, peer: str, reason: ChannelError) -> None:
        self._drop(peer, reason)
        try:  # so that the page need not wait for answers that will not come
            carrier.send(json.dumps({"peer": peer, "broken": str(reason)}), None)
        except Exception as error:
            log.debug("The page could not be told: %s", error)

    def _drop(self, peer: str, reason: ChannelError) -> None:
        exchange = self._peers.pop(peer, None)
        if exchange is not None:
            self.refused += exchange.link.refused
            exchange.close(reason)

    def _refuse(self, what: Any) -> None:
        self.refused += 1
        if self.refused == 1:  # once: who floods the channel shall not flood the log
            log.warning("Dropped what is no message of a page that is known: %.200r", what)


def _parsed(text: Any) -> Message:
    if not isinstance(text, str) or len(text) > TEXT_CHARACTERS:
        return {}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
