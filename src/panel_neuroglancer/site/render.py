"""Draw an app's page with Panel, in a process of its own: ``python -m panel_neuroglancer.site.render``.

`panel.io.convert.script_to_html` runs the app and fills the page's template. Three names of that module are replaced so
that its scripts stay out and ours go in; a name that is gone stops the build.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..tokens import REPEATED
from .errors import AppError, VersionMismatchError

# What the seams below, the page's scripts and the private names they use were made for.
MADE_FOR = {"panel": "1.9.4", "bokeh": "3.9.2"}
DRAW_SECONDS = 300  # by default
MARK = "<!-- panel-neuroglancer: the boot script goes here -->"


# How Python says that it has stopped itself.
_LATE = re.compile(r"^Timeout \(.*\)!\n", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """What came out of one app.

    Attributes
    ----------
    html
        The page, with `MARK` where the boot script belongs.
    source
        The app's Python.
    scripts
        The tags that load Bokeh and Panel, where they may come last on the page; "" if `html` holds them.
    roots
        The ids of its root models, in order: the page's elements carry them.
    models
        The document as JSON: what the page shows before Python is there.
    modules
        Top-level names of all modules that were imported when it had run.
    baked
        The files that hold data of its Python viewers, by name; and the sentences on what is in none.
    """

    html: str
    scripts: str
    source: str
    roots: list[str]
    models: str
    modules: list[str]
    baked: list[str]
    left_out: list[str]

    def map(self, change: Callable[[str], str]) -> Page:
        """Return a page whose HTML `change` went over."""
        return replace(self, html=change(self.html), scripts=change(self.scripts))


def check_versions() -> None:
    """Raise VersionMismatchError unless Panel and Bokeh are the ones this package was made for."""
    import bokeh
    import panel

    installed = {"panel": panel.__version__, "bokeh": bokeh.__version__}
    if installed != MADE_FOR:
        wanted = " ".join(f"{name}=={version}" for name, version in MADE_FOR.items())
        raise VersionMismatchError(
            f"Converting needs {wanted}, but panel {installed['panel']} and bokeh {installed['bokeh']} are installed: the "
            f"page is made with their templates. Run: pip install {wanted}"
        )


@dataclass(frozen=True)
class Bake:
    """Where the data of an app's Python viewers goes.

    Attributes
    ----------
    folder
        For the files.
    url
        That folder as the page sees it.
    limit
        How many bytes they may take; 0 for none.
    """

    folder: Path
    url: str
    limit: float


def templates() -> list[str]:
    """Return the names of Panel's templates."""
    import panel

    return list(panel.config.param.template.names)


def render(app: Path, env: dict[str, str], bake: Bake, seconds: float = DRAW_SECONDS) -> Page:
    """Run `app` in a new process with `env` added to the environment, and return its page.

    Raises
    ------
    AppError
        If the app raises, shows nothing or takes longer than `seconds`; the message holds the traceback.
    """
    with tempfile.TemporaryDirectory() as temp:
        result = Path(temp, "page.json")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                __name__,
                str(app),
                str(result),
                str(seconds),
                json.dumps(vars(bake), default=str),
            ],
            env={**os.environ, **env, "PANEL_NEUROGLANCER_DRAWING": "1", REPEATED: "1"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if not result.exists() and (late := _LATE.search(done.stderr)):
            raise AppError(
                f"{app} was not drawn within {seconds:g} s. If it waits for somebody who looks at it, let it do that later, "
                f"for example in pn.state.onload; if it computes, allow more with --draw-timeout. It was here:\n"
                f"{done.stderr[late.end() :][:3000]}"
            )
        if not result.exists():
            raise AppError(
                f"{app} ended its process with status {done.returncode} while it was drawn:\n{done.stderr[-3000:]}"
            )
        data: dict[str, Any] = json.loads(result.read_text(encoding="utf8"))
    if "error" in data:
        raise AppError(
            f"{app} raised while it was run to draw its page (it must also run under CPython):\n{data['error']}"
        )
    return Page(**data)


def _render(app: Path, bake: Bake) -> dict[str, Any]:
    from bokeh.core.templates import FILE
    from bokeh.embed.util import standalone_docs_json_and_render_items
    from panel import config
    from panel.io import convert
    from panel.io.resources import BASE_TEMPLATE, set_resource_mode

    for name in ("PYODIDE_SCRIPT", "bundle_resources", "build_single_handler_application"):
        if not hasattr(convert, name):
            raise VersionMismatchError(
                f"panel.io.convert has no {name} any more: install panel=={MADE_FOR['panel']}."
            )
    if template := os.environ.get("PANEL_NEUROGLANCER_TEMPLATE"):
        config.template = template
    seen: dict[str, Any] = {}
    bundle, build = convert.bundle_resources, convert.build_single_handler_application

    def bundle_resources(roots: Any, *args: Any, **kwargs: Any) -> Any:
        seen["roots"] = list(roots)
        scripts, css = bundle(roots, *args, **kwargs)
        # In the head they would keep the page blank, and Python waiting, until they have come. A template of the app's own
        # may rely on them there.
        seen["scripts"] = scripts if roots[0].document.template in (None, FILE, BASE_TEMPLATE) else ""
        return "" if seen["scripts"] else scripts, css

    def build_application(*args: Any, **kwargs: Any) -> Any:
        seen["app"] = build(*args, **kwargs)
        return seen["app"]

    convert.PYODIDE_SCRIPT = MARK
    convert.bundle_resources, convert.build_single_handler_application = bundle_resources, build_application
    try:
        with set_resource_mode("cdn"):
            html, _ = convert.script_to_html(
                str(app), runtime="pyodide", js_resources=[], prerender=False, compiled=False
            )
    finally:  # Panel goes on without what the app did not get to, or complains that it is empty
        for handler in seen["app"]._handlers if "app" in seen else ():
            if handler.failed:
                raise AppError(handler.error_detail)
    files, left_out = _bake(seen["roots"], bake)
    docs, _ = standalone_docs_json_and_render_items(seen["roots"], suppress_callback_warning=True)
    return {
        "html": html,
        "scripts": seen["scripts"],
        "source": seen["app"]._handlers[0]._runner.source,
        "roots": [root.id for root in seen["roots"]],
        "models": json.dumps(docs, default=str),
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "baked": files,
        "left_out": left_out,
    }


def _bake(roots: list[Any], bake: Bake) -> tuple[list[str], list[str]]:
    """Write the data of the viewers below some models into files; return their names, and what is in none."""
    from ..baking import Bakery

    bakery = Bakery(bake.limit)
    bakery.bake(dict.fromkeys(model for root in roots for model in root.references()), bake.url)
    for name, data in bakery.files.items():
        bake.folder.mkdir(parents=True, exist_ok=True)
        (bake.folder / name).write_bytes(data)
    return list(bakery.files), bakery.left_out


if __name__ == "__main__":
    faulthandler.dump_traceback_later(float(sys.argv[3]), exit=True)
    try:
        told = json.loads(sys.argv[4])
        outcome = _render(Path(sys.argv[1]), Bake(Path(told["folder"]), told["url"], told["limit"]))
    except AppError as error:
        outcome = {"error": str(error)}
    except Exception:
        outcome = {"error": traceback.format_exc()}
    Path(sys.argv[2]).write_text(json.dumps(outcome), encoding="utf8")
