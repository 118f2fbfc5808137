"""What `convert` may be told, and an app on its way through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from ..baking import LIMIT
from .render import DRAW_SECONDS, Page
from .runtime import DEFAULT_VERSION

# Of the environment in the browser: what is relative to the page's folder.
URLS = {"PANEL_NEUROGLANCER_ENGINE_URL": "static/neuroglancer/", "PANEL_NEUROGLANCER_SITE_URL": "."}


@dataclass(frozen=True)
class Options:
    """What `convert` may be told.

    Parameters
    ----------
    targets
        "pyodide" runs Python on the page, "pyodide-worker" beside it; in "pyscript" PyScript starts it on the page. The first one's pages get the plain names.
    runtime
        "local" puts everything into the site; "cdn" makes a small site that loads Python and Panel from the network.
    pyodide_version
        As npm names it.
    requirements
        Requirements besides what the apps import, as pip writes them.
    data
        Files and folders to lie beside the pages: pairs of a source and a place in the site.
    title
        Title of the pages; by default their own.
    index
        What ``index.html`` is: "auto" (the only page, or a list), "list", "none".
    draw_seconds
        How long each app may run to draw its page.
    bake_limit
        How many bytes the arrays of an app's Python viewers may take in the site, compressed; 0 leaves them to Python.
    template
        The template of Panel's that the apps are shown in, by name, as in ``pn.extension(template=...)``.
    base_path
        The path at which the site will lie, if its pages are also to work under other addresses.
    pwa
        Whether the site can be installed and works without the network after one visit.
    """

    targets: tuple[str, ...] = ("pyodide",)
    runtime: str = "local"
    pyodide_version: str = DEFAULT_VERSION
    requirements: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    title: str | None = None
    index: str = "auto"
    draw_seconds: float = DRAW_SECONDS
    bake_limit: float = LIMIT
    template: str | None = None
    base_path: str | None = None
    pwa: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """What the apps find in their environment, here and in the browser, and nowhere else."""
        return {**self.demo, **({"PANEL_NEUROGLANCER_TEMPLATE": self.template} if self.template else {})}

    @property
    def demo(self) -> dict[str, str]:
        """The environment that makes the viewers' Demo button show the site's own data: the first with a state.json."""
        for source, place in self.data:
            if (source / "state.json").is_file():
                return {"PANEL_NEUROGLANCER_DEMO_STATE": f"{place or source.name}/state.json"}
        return {}


@dataclass
class App:
    """An app on its way through the steps.

    Attributes
    ----------
    path
        The file.
    page
        What Panel drew.
    asked
        What it needs: by its imports, and by --requirements.
    archives
        Zip files in the site to unpack where the app runs: its own modules.
    config
        What the page's scripts must know about its Python; see page/python.js.
    preload
        The engine's modules, which the page fetches at once, its own first; none where it needs no engine.
    """

    path: Path
    page: Page
    asked: list[Requirement] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    preload: list[str] = field(default_factory=list)
