"""Tokens that come out the same whenever an app runs, so that what was drawn before it runs knows its viewers again.

The official package makes up a token for each viewer, volume and skeleton source; addresses in a state carry them. A static
page is drawn once, where it is made, and its Python runs later, in each visitor's browser. Nothing depends on these tokens being
secret there: who has the page has all that is in it. Wherever Python is a server they stay random.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .imports import when_imported

# Set where an app runs to be drawn (site/render.py) and on the page itself (site/page/bridge.py).
REPEATED = "PANEL_NEUROGLANCER_REPEATED"


def repeat() -> None:
    """Let the official package make the same tokens each time, if the environment says so."""
    if os.environ.get(REPEATED):
        when_imported("neuroglancer.random_token", _replace)


def _replace(module: Any) -> None:
    module.os = _Counted("os")


class _Counted(ModuleType):
    """Stands for the module ``os``, of which that one uses ``urandom`` only."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._counts: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def urandom(self, size: int) -> bytes:
        """Return bytes that depend on who asks for a token, and how often he did."""
        # Each kind is counted by itself: how many states a viewer had by then is another matter in the browser.
        asking = sys._getframe(2)
        kind = f"{asking.f_globals['__name__']}.{asking.f_code.co_qualname}"
        return hashlib.blake2b(f"{kind} {next(self._counts[kind])}".encode(), digest_size=size).digest()
