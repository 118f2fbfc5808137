"""What a channel can run over, one module each; see ``connect`` in js/src/carriers for how the page chooses.

============  ===================================  ==================================================
Carrier       Where Python is                      How the page learns that Python has ended
============  ===================================  ==================================================
`direct`      Pyodide on the page                  they end together
`port`        Pyodide in the page's own worker     the port closes; Python's life lock is free
`broadcast`   another worker: a JupyterLite        Python's life lock is free
              kernel
`comm`        CPython, behind Panel's messages     the document's connection is lost; a time-out
============  ===================================  ==================================================

The life lock is a Web Lock which Python's worker takes once and holds as long as it lives. The browser gives it to the page
that waits for it when the worker ends, however it ends. So a Python that computes for minutes is not taken for dead, as it
would be by its silence. Its name is random and is told only to pages that were welcomed.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import Any

from .. import _runtime
from ..channel import Channel
from . import broadcast, direct, port

# Gives a function that tells the name as soon as the lock is held, as a page that asked before would have it first.
_HOLD = """(name) => {
  const held = new Promise((resolve) => {
    const hold = () => {
      resolve(name);
      return new Promise(() => {});
    };
    const asked = globalThis.navigator?.locks?.request(name, hold);
    if (asked === undefined) resolve(undefined);
    else asked.catch(() => resolve(undefined));
  });
  return (tell) => { held.then((name) => tell(name)); };
}"""


@functools.cache
def _life() -> Any:
    return _runtime.javascript(_HOLD)(f"panel-neuroglancer.{secrets.token_hex(16)}")


def _tell_life(tell: Callable[[str | None], None]) -> None:
    _life()(_runtime.once(tell))


def offer(channel: Channel) -> dict[str, Any]:
    """Let pages reach ``channel`` in every way that there is here besides Panel's messages.

    Returns
    -------
    dict
        What a page must know to connect: ``token``, and ``offers``, the best carrier first. A session's pages get it as a
        property, which arrives wherever Python is.
    """
    offers: list[str] = []
    if _runtime.in_pyodide() and _runtime.on_page():
        direct.listen(channel)
        offers = [direct.NAME]
    elif _runtime.in_pyodide():
        _life()
        channel.life = _tell_life
        port.listen(channel)
        broadcast.listen(channel)
        offers = [port.NAME, broadcast.NAME]
    return {"token": channel.token, "offers": offers}
