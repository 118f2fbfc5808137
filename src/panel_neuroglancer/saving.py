"""Save an app as one HTML file that needs no server and no network."""

from __future__ import annotations

import base64
import io
import logging
import os
from typing import IO, Any

from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ImportedStyleSheet, InlineStyleSheet
from bokeh.resources import INLINE
from panel.io.model import add_to_doc
from panel.io.resources import CDN_DIST, DIST_DIR, set_resource_mode
from panel.io.save import save as save_panel
from panel.io.state import set_curdoc, state
from panel.pane import panel
from pyviz_comms import Comm  # type: ignore[import-untyped]

from . import baking
from .engine import inline_script, inlined

log = logging.getLogger(__name__)


def save(
    obj: Any,
    file: str | os.PathLike[str] | IO[Any],
    title: str = "Neuroglancer",
    *,
    bake_limit: float = baking.LIMIT,
    **options: Any,
) -> None:
    """Save an app that holds viewers as one self-contained HTML file.

    The file carries Panel, Bokeh and, once for all viewers, the viewer's engine. It shows what the viewers show
    now. The arrays of Python viewers that are in memory go into the file, with their skeletons, and meshes are made from
    them on the page. All other data stays where it is: only what is on the network is found again.

    Parameters
    ----------
    obj
        A viewer, or anything else that Panel shows; templates cannot be saved, save what is in them.
    file
        The file's path, or an open file (text or bytes). ``.html`` is added to a path that does not end in it.
    title
        The title of the page.
    bake_limit
        How many bytes the data in the file may take, compressed; 0 leaves it out.
    **options
        As for :func:`panel.io.save.save`.

    Raises
    ------
    BakeLimitError
        If the data takes more than ``bake_limit`` bytes.

    Examples
    --------
    >>> import panel as pn, panel_neuroglancer as png
    >>> viewer = png.Neuroglancer({"layout": "3d"})
    >>> png.save(pn.Column("# My data", viewer), "figure.html")  # doctest: +SKIP
    """
    script = inline_script()
    # Panel's icons are on its CDN.
    variables = {"apple_icon": "data:,", "app_favicon": "data:,", **options.pop("template_variables", {})}
    page, doc, shown = io.StringIO(), Document(), panel(obj)
    # In a document of its own: Panel shares stylesheets within one, and the app may be on a live page.
    with set_curdoc(doc), set_resource_mode("inline"), inlined():
        root = shown.get_root(doc, Comm())
        try:
            add_to_doc(root, doc, True)
            _inline_stylesheets(root)
            data = _bake(root, bake_limit)
            save_panel(
                doc, page, title=title, template_variables=variables, **{"resources": INLINE, **options}
            )
        finally:
            # Panel keeps the page's models for updates, and none will ever be sent.
            state._views.pop(root.ref["id"], None)
            shown._cleanup(root)
    # The last </body> is the page's own; earlier ones lie in scripts.
    head, body_end, tail = page.getvalue().rpartition("</body>")
    _write(f"{head}{script}\n{data}{body_end}{tail}", file)


def _bake(root: Model, limit: float) -> str:
    """Put the data of Python viewers into the page; returns the elements that hold it."""
    bakery, models = baking.Bakery(limit), list(root.references())
    bakery.bake(models)
    bakery.check()
    for sentence in bakery.left_out:
        log.warning("In the saved page: %s", sentence)
    for model in models:
        if hasattr(getattr(model, "data", None), "carriers"):
            model.data.carriers = {}  # nobody to ask
    return "".join(
        f'<script type="text/plain" id="{baking.ELEMENT}{name}">{base64.b64encode(data).decode()}</script>\n'
        for name, data in bakery.files.items()
    )


def _inline_stylesheets(root: Model) -> None:
    """Put Panel's own CSS into the page, which with all its inlining leaves it on the CDN."""
    inlined_sheets: dict[str, InlineStyleSheet] = {}

    def inline(sheet: Any) -> Any:
        if not (isinstance(sheet, ImportedStyleSheet) and sheet.url.startswith(CDN_DIST)):
            return sheet
        path = sheet.url.removeprefix(CDN_DIST).partition("?")[0]
        if path not in inlined_sheets:
            inlined_sheets[path] = InlineStyleSheet(css=(DIST_DIR / path).read_text("utf-8"))
        return inlined_sheets[path]

    for model in root.references():
        if "stylesheets" in model.properties():
            model.stylesheets = [inline(sheet) for sheet in model.stylesheets]


def _write(html: str, file: str | os.PathLike[str] | IO[Any]) -> None:
    if isinstance(file, str | os.PathLike):
        path = os.fspath(file)
        with open(path if path.endswith(".html") else f"{path}.html", "w", encoding="utf-8") as out:
            out.write(html)
    elif isinstance(file, io.TextIOBase):
        file.write(html)
    else:
        file.write(html.encode("utf-8"))
