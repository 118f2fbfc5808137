"""States on their way between Python and a page, as the difference to one that the other side has; see sync.ts.

Every message has a number. The other side says which one it had last, and what is sent from then on is the difference to
that one: a message that is lost, or that a later one has overtaken, does no harm. Where no such state is known, all of it
is sent.
"""

from __future__ import annotations

from typing import Any

from .checks import State
from .patch import diff, patch

_REMEMBERED = 64


class Outgoing:
    """The states that were sent."""

    def __init__(self) -> None:
        self._sent: dict[int, State] = {}
        self._base: int | None = None

    def message(self, number: int, state: State) -> dict[str, Any]:
        """Return what to send of a state: all of it, or a patch and the number of the state to lay it on."""
        _remember(self._sent, number, state)
        if self._base not in self._sent:
            return {"state": state}
        return {"base": self._base, "patch": diff(self._sent[self._base], state)}

    def arrived(self, number: int) -> None:
        """Take note that the other side has this one now."""
        if number in self._sent:
            self._base = number
            _drop_before(self._sent, number)

    def holds(self, number: int, state: State) -> bool:
        """Whether this very state was sent under this number."""
        return self._sent.get(number) is state

    def forget(self) -> None:
        """Count on nothing that was sent: the next message is whole."""
        self._sent.clear()
        self._base = None


class Incoming:
    """The states that arrived."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}

    def take(self, number: int, message: dict[str, Any]) -> State | None:
        """Return the state of a message; None if it is a patch on one that never arrived."""
        if "state" in message:
            state: State = message["state"]
        elif message.get("base") in self._states:
            _drop_before(self._states, message["base"])
            state = patch(self._states[message["base"]], message["patch"])
        else:
            return None
        _remember(self._states, number, state)
        return state


def _remember(states: dict[int, State], number: int, state: State) -> None:
    states[number] = state
    while len(states) > _REMEMBERED:
        del states[next(iter(states))]


def _drop_before(states: dict[int, State], number: int) -> None:
    for old in [n for n in states if n < number]:
        del states[old]
