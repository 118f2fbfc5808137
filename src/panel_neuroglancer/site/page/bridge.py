"""Python's end of a converted app: run it, hand its document to the page, apply what the page sends.

Panel's own pyodide scripts lose messages that come in quick succession; here each is applied once, in order, and one that
raises does not take the next along. Uses private names of Panel 1.9.4, the version a site is made with.
"""

import json
import os
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import pyodide.ffi
from js import console
from pyodide.code import eval_code_async

if not hasattr(pyodide.ffi, "jsnull"):  # before Pyodide 0.28; Panel reads it and null arrives as None
    pyodide.ffi.jsnull = None

from bokeh.core.serialization import Buffer, Serialized
from bokeh.document.events import MessageSentEvent
from panel import config
from panel.io.pyodide import _doc_json, _link_docs_worker, init_doc
from panel.io.state import state
from panel.util import edit_readonly
from pyodide.webloop import WebLoop

_document: Any = None
_task_done = WebLoop._decrement_in_progress


def _quietly_done(loop: Any, task: Any = None) -> None:
    """Do not ask a cancelled task for its exception, which raises: Panel's indicators cancel theirs all the time."""
    _task_done(loop, None if task is not None and task.cancelled() else task)


WebLoop._decrement_in_progress = _quietly_done


def prepare() -> None:
    """Make the document. A plain function: what a task sets in its context is gone when it ends."""
    global _document
    os.environ["PANEL_NEUROGLANCER_REPEATED"] = "1"  # as when the page was drawn; see tokens.py
    init_doc()
    _document = state.curdoc
    if name := os.environ.get("PANEL_NEUROGLANCER_TEMPLATE"):
        config.template = name


async def run(source: str, filename: str) -> str:
    """Run the app and return its document as JSON."""
    await eval_code_async(source, {"__name__": "__main__", "__file__": filename}, filename=filename)
    template = state._templates.get(_document)
    if template is not None and _document not in template._documents:
        template.server_doc(title=template.title, location=True, doc=_document)
    documents: str = _doc_json(_document)[0]
    # Changes until now are in it, also those of models that are gone again; messages are not.
    held = _document.callbacks._held_events
    held[:] = [event for event in held if isinstance(event, MessageSentEvent)]
    _document._session_context = None
    return documents


def link(dispatch: Callable[..., None], location: str) -> None:
    """Send Python's changes through `dispatch` from now on, those since `run` first."""
    _link_docs_worker(_document, dispatch, setter="js")
    state._loaded[_document] = state._connected[_document] = True
    if state.location:
        values = json.loads(location)
        with edit_readonly(state.location):
            state.location.param.update(
                {name: value for name, value in values.items() if name in state.location.param}
            )


def apply(patch: Any) -> None:
    """Apply the page's changes one by one."""
    buffers: list[Buffer] = []
    for event in _plain(patch.to_py(), buffers)["events"]:
        try:
            _document.apply_json_patch(Serialized(content={"events": [event]}, buffers=buffers), setter="js")
        except Exception:
            console.error(f"Python raised while it handled a change of the page:\n{traceback.format_exc()}")


def _plain(value: Any, buffers: list[Buffer]) -> Any:
    """Turn JavaScript's null into None and byte arrays into Bokeh's buffers."""
    if isinstance(value, dict):
        if value.get("type") == "bytes" and isinstance(value["data"], dict):
            buffers.append(Buffer(id=uuid.uuid4().hex, data=bytes(value["data"]["buffer"])))
            return {**value, "data": {"id": buffers[-1].id}}
        return {key: _plain(item, buffers) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, buffers) for item in value]
    return None if value is pyodide.ffi.jsnull else value
