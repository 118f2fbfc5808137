"""Turn Panel apps into a static site: `convert` does it all, in order, and replaces the old site only at the end."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from . import assets, pages
from .errors import BadInput
from .install import FOLDER, install
from .progress import Progress, size, tree_size
from .render import Page, check_versions, render
from .resolve import BASE, OWN, Package, Resolver, distributions, imported, local_modules
from .runtime import DEFAULT_VERSION, Runtime
from .serve import Server
from .wheels import pack

MARKER = "static/boot/page.js"  # what tells a site of ours from somebody's home directory


@dataclass(frozen=True)
class Options:
    """What `convert` may be told.

    Parameters
    ----------
    targets
        "pyodide" runs Python on the page, "pyodide-worker" beside it. The first one's pages get the plain names.
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
    """

    targets: tuple[str, ...] = ("pyodide",)
    runtime: str = "local"
    pyodide_version: str = DEFAULT_VERSION
    requirements: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    title: str | None = None
    index: str = "auto"


@dataclass
class App:
    """An app on its way through the steps."""

    path: Path
    page: Page
    packages: dict[str, Package] = field(default_factory=dict)
    modules: dict[str, Path] = field(default_factory=dict)  # the app's own modules beside it


def convert(apps: Sequence[Path], out: Path, options: Options | None = None, progress: Progress | None = None) -> list[Path]:
    """Make a site of `apps` in the folder `out` and return its pages.

    Raises
    ------
    SiteError
        Its subclasses tell what went wrong and what to do. Then nothing in `out` has changed.
    """
    options, progress = options or Options(), progress or Progress()
    check_versions()
    apps, out = [app.absolute() for app in apps], out.absolute()
    _check(apps, out, options)
    with _staging(out) as stage:
        names = _build(apps, stage, options, progress)
        site_size = tree_size(stage)
    progress.say(f"{out}: {len(names)} page{'s' * (len(names) != 1)}, {size(site_size)}")
    return [out / name for name in names]


def _build(apps: list[Path], stage: Path, options: Options, progress: Progress) -> list[str]:
    for source, target in options.data:
        assets.copy_data(source, target, stage)
    assets.copy_boot(stage)
    runtime = Runtime(options.pyodide_version, progress)
    resolver = Resolver(runtime, progress)
    drawn, base = _draw(apps, stage, options, progress)
    for app in drawn:
        app.modules, sources = local_modules(app.path, app.page.source)
        wanted = set().union(*map(imported, sources))
        asked = [Requirement(text) for text in options.requirements]
        asked += [Requirement(name) for name in (*BASE, *sorted(distributions(wanted, runtime, set(app.modules))))]
        app.packages = resolver.resolve(asked, used=distributions(app.page.modules, runtime))
    packages = {name: package for app in drawn for name, package in app.packages.items()}
    progress.say(f"  {len(packages)} packages: {', '.join(sorted(packages))}")
    sizes = install(runtime, packages, stage, progress)
    if OWN in packages:
        sizes["engine"] = assets.copy_engine(stage)
    assets.copy_general(stage)
    names = []
    for app in drawn:
        archives = _pack_modules(app, stage)
        assets.localise(app.page.models, base, stage)
        html = assets.localise(app.page.html, base, stage)
        for target in options.targets:
            name = pages.page_name(app.path.stem, target, options.targets)
            assets.check_self_contained(html, name)
            config = _config(app, target, archives, sizes)
            (stage / name).write_text(pages.finish(html, config, options.title), encoding="utf8")
            names.append(name)
    _write_index(stage, names, options)
    _report(sizes, progress)
    return names


def _config(app: App, target: str, archives: list[str], sizes: dict[str, int]) -> dict[str, Any]:
    """Return what the page's scripts need to know; see page/page.js and page/python.js."""
    urls = {
        "PANEL_CDN_ROOT": "static/panel/", "PANEL_NEUROGLANCER_ENGINE_URL": "static/neuroglancer/",
        "PANEL_NEUROGLANCER_SITE_URL": ".",
    }
    return {
        "target": target, "index": FOLDER, "packages": sorted(app.packages), "archives": archives,
        "env": urls, "urls": sorted(urls),  # those of `env` that are relative to the page
        "roots": app.page.roots, "filename": app.path.name, "source": app.page.source,
        "bytes": sizes[""] + sum(sizes[name] for name in app.packages),
    }


def _draw(apps: list[Path], stage: Path, options: Options, progress: Progress) -> tuple[list[App], str]:
    """Run each app under CPython to get its page, with the half-made site served so that it finds its data."""
    with Server(stage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {
            "PANEL_NEUROGLANCER_SITE_URL": server.url, "PANEL_NEUROGLANCER_ENGINE_URL": server.url + "static/neuroglancer/",
            "PANEL_CDN_ROOT": server.url + "static/panel/",
        }
        try:
            drawn = []
            for app in apps:
                with progress.step(f"run {app.name} to draw its page"):
                    drawn.append(App(app, render(app, env)))
        finally:
            server.shutdown()
    return drawn, server.url


def _pack_modules(app: App, stage: Path) -> list[str]:
    if not app.modules:
        return []
    name = f"static/{app.path.stem}-modules.zip"
    (stage / name).write_bytes(pack({path: source.read_bytes() for path, source in app.modules.items()}))
    return [name]


def _write_index(stage: Path, names: list[str], options: Options) -> None:
    if options.index == "none" or "index.html" in names:
        return
    if options.index == "auto" and len(names) == 1:
        text = pages.redirect(names[0], options.title or Path(names[0]).stem)
    else:
        text = pages.index({Path(name).stem: name for name in names}, options.title or "Apps")
    (stage / "index.html").write_text(text, encoding="utf8")


def _report(sizes: dict[str, int], progress: Progress) -> None:
    rows = [("Python", sizes[""])] + sorted(((n, s) for n, s in sizes.items() if n), key=lambda row: -row[1])
    large = [row for row in rows if row[1] >= 200_000]
    progress.table((name, size(count)) for name, count in large)
    progress.table([(f"{len(rows) - len(large)} smaller packages", size(sum(sizes.values()) - sum(count for _, count in large)))])


def _check(apps: Sequence[Path], out: Path, options: Options) -> None:
    if not apps:
        raise BadInput("There is nothing to convert: name at least one app.")
    for app in apps:
        if not app.is_file():
            raise BadInput(f"{app} does not exist: name the Python file of an app.")
        if out == app or out in app.parents:
            raise BadInput(f"{out} holds {app.name}, and the site would replace it: choose another --out.")
    stems = [app.stem for app in apps]
    if doubles := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise BadInput(f"Several apps are called {', '.join(doubles)}, and so would their pages: rename them.")
    for target in options.targets:
        if target not in pages.TARGETS:
            raise BadInput(f"{target!r} is no target: choose from {', '.join(pages.TARGETS)}.")
    if not options.targets or len(set(options.targets)) != len(options.targets):
        raise BadInput(f"Name each target once: {', '.join(pages.TARGETS)}.")
    for text in options.requirements:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise BadInput(f"{text!r} is not a requirement ({error}): write it as for pip, like `scipy>=1.14`.") from error
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).exists())):
        raise BadInput(f"{out} has something in it that is not a site made by this command: choose another --out or empty it.")


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside `out` that takes its place if all goes well."""
    out.parent.mkdir(parents=True, exist_ok=True)
    stage, old = (out.with_name(f".{out.name}.{suffix}-{os.getpid()}") for suffix in ("new", "old"))
    stage.mkdir()
    try:
        yield stage
        if out.exists():
            out.rename(old)
        stage.rename(out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not out.exists() and old.exists():
            old.rename(out)
        shutil.rmtree(old, ignore_errors=True)
