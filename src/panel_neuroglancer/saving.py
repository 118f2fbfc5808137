"""Save an app as one HTML file that needs no server and no network."""

from __future__ import annotations

import io
import os
from typing import IO, Any

from bokeh.resources import INLINE
from panel.io.save import save as save_panel
from panel.io.state import state

from .engine import inline_script, inlined


def save(
    obj: Any, file: str | os.PathLike[str] | IO[Any], title: str = "Neuroglancer", **options: Any
) -> None:
    """Save an app that holds viewers as one self-contained HTML file.

    The file carries Panel, Bokeh and, once for all viewers, the viewer's engine. It shows what the viewers show
    now. Data sources stay where they are: only those on the network are found again.

    Parameters
    ----------
    obj
        A viewer, a Panel layout or a Panel template.
    file
        The file's path, or an open file (text or bytes). ``.html`` is added to a path that does not end in it.
    title
        The title of the page.
    **options
        As for :func:`panel.io.save.save`.

    Examples
    --------
    >>> import panel as pn, panel_neuroglancer as png
    >>> viewer = png.Neuroglancer({"layout": "3d"})
    >>> png.save(pn.Column("# My data", viewer), "figure.html")  # doctest: +SKIP
    """
    script = inline_script()
    # Panel's icons are on its CDN.
    variables = {"apple_icon": "data:,", "app_favicon": "data:,", **options.pop("template_variables", {})}
    page = io.StringIO()
    views = set(state._views)
    try:
        with inlined():
            save_panel(
                obj, page, title=title, template_variables=variables, **{"resources": INLINE, **options}
            )
    finally:
        # Panel keeps the page's models for updates, and none will ever be sent.
        for ref in set(state._views) - views:
            viewable, root, *_ = state._views.pop(ref)
            viewable._cleanup(root)
    # The last </body> is the page's own; earlier ones lie in scripts.
    head, body_end, tail = page.getvalue().rpartition("</body>")
    _write(f"{head}{script}\n{body_end}{tail}", file)


def _write(html: str, file: str | os.PathLike[str] | IO[Any]) -> None:
    if isinstance(file, str | os.PathLike):
        path = os.fspath(file)
        with open(path if path.endswith(".html") else f"{path}.html", "w", encoding="utf-8") as out:
            out.write(html)
    elif isinstance(file, io.TextIOBase):
        file.write(html)
    else:
        file.write(html.encode("utf-8"))
