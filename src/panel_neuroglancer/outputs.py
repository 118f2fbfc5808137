"""Outputs of notebook cells: they are kept small, and what a cell has shown is forgotten when it runs again.

Panel, told to put all inline, gives each model of an output its own copies of the same stylesheets. Where there is a viewer in
the output, whatever is around it, the models share them.

The page takes the old output away by then. It is Panel that should hear of it, from the extension of pyviz_comms (3.0.6), which
never says so: the models of all outputs that ever were would stay.
"""

from __future__ import annotations

import sys
from typing import Any

from bokeh.model import Model
from bokeh.models import InlineStyleSheet
from panel.io.state import state
from panel.viewable import MimeRenderMixin
from pyviz_comms import Comm, JupyterComm, JupyterCommManager  # type: ignore[import-untyped]

_roots: dict[str, set[str]] = {}
_with_viewers: set[str] = set()


def in_notebook(comm: Comm | None) -> bool:
    """Whether what Panel reaches over ``comm`` is an output of a notebook."""
    return isinstance(comm, JupyterComm)


def in_kernel() -> bool:
    """Whether Python is the kernel of a notebook."""
    return getattr(_shell(), "kernel", None) is not None


def note(root: str) -> None:
    """Take note that the output of this id, of the cell which runs now, shows a viewer."""
    _with_viewers.add(root)
    cell = _cell()
    if cell is None:
        return
    events = _shell().events
    if _forget not in events.callbacks["pre_run_cell"]:
        events.register("pre_run_cell", _forget)
    _roots.setdefault(cell, set()).add(root)


_render = MimeRenderMixin._render_mimebundle


def _render_shared(self: Any, model: Model, *args: Any, **kwargs: Any) -> Any:
    # The last moment before an output is written. Panel has no other place to do so for layouts that are not ours.
    if model.ref["id"] in _with_viewers:
        _share_stylesheets(model)
        _with_viewers.discard(model.ref["id"])
    return _render(self, model, *args, **kwargs)


MimeRenderMixin._render_mimebundle = _render_shared


def _share_stylesheets(root: Model) -> None:
    known: dict[str, InlineStyleSheet] = {}
    for model in root.references():
        if "stylesheets" in model.properties():
            model.stylesheets = [
                known.setdefault(sheet.css, sheet) if isinstance(sheet, InlineStyleSheet) else sheet
                for sheet in model.stylesheets
            ]


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _cell() -> str | None:
    """Return the id of the cell that runs, where the front end tells it."""
    try:
        cell = _shell().kernel.get_parent()["metadata"]["cellId"]
    except (AttributeError, KeyError, TypeError):
        return None
    return cell if isinstance(cell, str) else None


def _forget(*_: Any) -> None:
    for root in _roots.pop(_cell() or "", ()):
        _drop(root)


def _drop(root: str) -> None:
    if root not in state._views:
        return
    shown, model, document, _ = state._views.pop(root)
    shown._cleanup(model)
    # Panel's stylesheets, which it keeps by document, hold the document in turn.
    document.clear()
    for comm in shown._comms.pop(root, ()):
        JupyterCommManager._comms.pop(comm.id, None)
        # The kernel would keep what they call, and with it all that was shown.
        comm.close()
        comm._comm = None
        if hasattr(comm, "manager"):
            comm.manager.targets.pop(comm.id, None)
