"""``--runtime local``: everything lies in the site, and the page asks no other host for anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import assets
from .install import FOLDER, install
from .options import URLS, App
from .progress import Progress
from .resolve import OWN, Package, Resolver, distributions
from .runtime import Runtime

BASE = ("panel", "bokeh", "pyodide-http")


def build(apps: Sequence[App], site: Path, base: str, runtime: Runtime, progress: Progress) -> dict[str, int]:
    """Put Python, packages and assets into `site`, give the apps their configuration, and return the sizes of the parts."""
    resolver, found, later = Resolver(runtime, progress), {}, {}
    for app in apps:
        asked = [*app.asked, *map(Requirement, BASE)]
        used = distributions(app.page.modules, runtime)
        found[app.path] = resolver.resolve(asked, used=used)
        later[app.path] = _later(found[app.path], {*used, *(canonicalize_name(need.name) for need in asked)})
    packages = {name: package for group in found.values() for name, package in group.items()}
    progress.say(f"  {len(packages)} packages: {', '.join(sorted(packages))}")
    # Each page names all that it loads; Pyodide shall not add to it.
    late = set().union(*later.values())
    locked = {
        name: replace(package, depends=[need for need in package.depends if need not in late])
        for name, package in packages.items()
    }
    sizes = install(runtime, locked, site, progress)
    lock = json.loads((site / FOLDER / "pyodide-lock.json").read_bytes())
    if OWN in packages:
        sizes["engine"] = assets.copy_engine(site)
    assets.copy_general(site)
    env = {**URLS, "PANEL_CDN_ROOT": assets.PANEL_ROOT}
    for app in apps:
        assets.copy_named(app.page.html + app.page.scripts + app.page.models, base, site)
        app.page = app.page.map(lambda text: assets.without_fonts(assets.localise(text, base)))
        assets.check_self_contained(app.page.html + app.page.scripts, app.path.name)
        names = sorted(found[app.path].keys() - later[app.path])
        app.config = {
            "index": FOLDER,
            "packages": names,
            "later": [_entry(name, lock) for name in sorted(later[app.path])],
            "install": [],
            "env": env,
            "urls": sorted(env),
            "bytes": sizes[""] + sum(sizes[name] for name in names),
        }
        app.preload = assets.engine_modules() if OWN in found[app.path] else []
    return sizes


def _later(packages: Mapping[str, Package], used: Collection[str]) -> set[str]:
    """Return which packages can wait until somebody imports them: pure ones that were not `used` and share no module's name."""
    needed = {
        name
        for name, package in packages.items()
        if name in used
        or not package.wheel.imports
        or any(path.endswith(".so") for path in package.wheel.files)
    }
    taken = {module for name in needed for module in packages[name].wheel.imports}
    return {name for name in packages.keys() - needed if taken.isdisjoint(packages[name].wheel.imports)}


def _entry(name: str, lock: Mapping[str, Any]) -> dict[str, Any]:
    """Return what page/later.py must know of a package."""
    entry = lock["packages"][name]
    return {
        "name": name,
        "imports": entry["imports"],
        "url": FOLDER + entry["file_name"],
        "sha256": entry["sha256"],
    }
