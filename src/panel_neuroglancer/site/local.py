"""``--runtime local``: everything lies in the site, and the page asks no other host for anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

from . import assets
from .install import FOLDER, install
from .options import URLS, App
from .progress import Progress
from .resolve import OWN, Resolver, distributions
from .runtime import Runtime

BASE = ("panel", "bokeh", "pyodide-http")


def build(apps: Sequence[App], site: Path, base: str, runtime: Runtime, progress: Progress) -> dict[str, int]:
    """Put Python, packages and assets into `site`, give the apps their configuration, and return the sizes of the parts."""
    resolver, found = Resolver(runtime, progress), {}
    for app in apps:
        asked = [*app.asked, *map(Requirement, BASE)]
        found[app.path] = resolver.resolve(asked, used=distributions(app.page.modules, runtime))
    packages = {name: package for group in found.values() for name, package in group.items()}
    progress.say(f"  {len(packages)} packages: {', '.join(sorted(packages))}")
    sizes = install(runtime, packages, site, progress)
    if OWN in packages:
        sizes["engine"] = assets.copy_engine(site)
    assets.copy_general(site)
    env = {**URLS, "PANEL_CDN_ROOT": assets.PANEL_ROOT}
    for app in apps:
        assets.copy_named(app.page.html + app.page.scripts + app.page.models, base, site)
        app.page = app.page.map(lambda text: assets.without_fonts(assets.localise(text, base)))
        assets.check_self_contained(app.page.html + app.page.scripts, app.path.name)
        names = sorted(found[app.path])
        app.config = {
            "index": FOLDER,
            "packages": names,
            "install": [],
            "env": env,
            "urls": sorted(env),
            "bytes": sizes[""] + sum(sizes[name] for name in names),
        }
        app.preload = assets.engine_modules() if OWN in found[app.path] else []
    return sizes
