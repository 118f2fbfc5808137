"""Turn Panel apps into a static site: `convert` does it all, in order, and replaces the old site only at the end."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import size
from . import assets, cdn, local, pages, pwa, pyscript
from .errors import BadInputError
from .options import URLS, App, Options
from .progress import Progress, tree_size
from .render import Bake, Page, check_versions, render, templates
from .resolve import distributions, imported, local_modules, parse_requirements
from .runtime import Runtime
from .serve import Server
from .stage import check_target, staging
from .wheels import pack

BUILDERS = {"local": local.build, "cdn": cdn.build}
BAKED = "static/baked/"
MAX_SECONDS = 7 * 24 * 3600
MARKER = "static/boot/page.js"  # what tells a site of ours from somebody's home directory


def convert(
    apps: Sequence[Path], out: Path, options: Options | None = None, progress: Progress | None = None
) -> list[Path]:
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
    with staging(out) as stage, assets.steady_engine():
        names = _build(apps, stage, options, progress)
        site_size = tree_size(stage)
    progress.say(f"{out}: {len(names)} page{'s' * (len(names) != 1)}, {size(site_size)}")
    return [out / name for name in names]


def _build(apps: list[Path], stage: Path, options: Options, progress: Progress) -> list[str]:
    for source, target in options.data:
        assets.copy_data(source, target, stage)
    assets.copy_boot(stage)
    runtime = Runtime(options.pyodide_version, progress)
    drawn, base = _draw(apps, stage, options, progress)
    for app in drawn:
        _ask(app, stage, options, runtime)
    sizes = BUILDERS[options.runtime](drawn, stage, base, runtime, progress)
    if pyscript.TARGET in options.targets:
        sizes["PyScript"] = pyscript.copy_core(stage, options.pyodide_version, progress)
    names = []
    for app in drawn:
        about = {
            "roots": app.page.roots,
            "filename": app.path.name,
            "source": app.page.source,
            "archives": app.archives,
            "site": pages.SITE,
        }
        models = pages.portable(app.page.models, base)
        for target in options.targets:
            names.append(pages.page_name(app.path.stem, target, options.targets))
            env = {**app.config["env"], **options.environment}
            config = {"target": target, **about, **app.config, "env": env}
            if target == pyscript.TARGET:
                config["starter"] = pyscript.STARTER
            text = pages.finish(app.page.html, app.page.scripts, models, config, options.title, app.preload)
            (stage / names[-1]).write_text(text, encoding="utf8")
    title = _write_index(stage, drawn, options)
    if options.base_path is not None:
        pages.set_base(stage, options.base_path)
    if options.pwa:
        pwa.add(stage, names, title, progress)
    progress.sizes(sizes)
    return names


def _draw(apps: list[Path], stage: Path, options: Options, progress: Progress) -> tuple[list[App], str]:
    """Run each app under CPython to get its page, with the half-made site served so that it finds its data."""
    with Server(stage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {name: server.url + path.removeprefix(".") for name, path in URLS.items()}
        env |= options.environment
        if options.runtime == "local":
            env["PANEL_CDN_ROOT"] = server.url + assets.PANEL_ROOT
        bake = Bake(stage / BAKED, BAKED, options.bake_limit)
        try:
            drawn = []
            for app in apps:
                with progress.step(f"run {app.name} to draw its page"):
                    drawn.append(App(app, render(app, env, bake, options.draw_seconds)))
                _tell_baked(drawn[-1].page, bake, progress)
        finally:
            server.shutdown()
    return drawn, server.url


def _tell_baked(page: Page, bake: Bake, progress: Progress) -> None:
    if page.baked:
        baked = sum((bake.folder / name).stat().st_size for name in page.baked)
        progress.say(
            f"  its arrays are in the site, {size(baked)}: they are seen before Python is there (--no-bake)"
        )
    for sentence in page.left_out:
        progress.say(f"  not in the site: {sentence}")


def _ask(app: App, stage: Path, options: Options, runtime: Runtime) -> None:
    """Find out what an app needs, and pack the modules that lie beside it."""
    modules, sources = local_modules(app.path, app.page.source)
    names = distributions(set().union(*map(imported, sources)), runtime, set(modules))
    app.asked = parse_requirements([*options.requirements, *sorted(names)])
    if modules:
        app.archives = [f"static/{app.path.stem}-modules.zip"]
        (stage / app.archives[0]).write_bytes(
            pack({path: source.read_bytes() for path, source in modules.items()})
        )


def _write_index(stage: Path, apps: list[App], options: Options) -> str:
    """Write the page that leads to the others, if it is wanted, and return the title of the whole."""
    entries = []
    for app in apps:
        label = pages.label(app.page.html, app.path.stem)
        for target in options.targets:
            more = f" ({target})" if target != options.targets[0] else ""
            name = pages.page_name(app.path.stem, target, options.targets)
            entries.append(pages.Entry(name, label + more, pages.description(app.page.source)))
    only = len(entries) == 1
    title = options.title or (entries[0].label if only else "Apps")
    if options.index != "none" and "index.html" not in [entry.page for entry in entries]:
        redirects = options.index == "auto" and only
        text = pages.redirect(entries[0].page, title) if redirects else pages.index(entries, title)
        (stage / "index.html").write_text(text, encoding="utf8")
    return title


def _check(apps: Sequence[Path], out: Path, options: Options) -> None:
    if not apps:
        raise BadInputError("There is nothing to convert: name at least one app.")
    for app in apps:
        if not app.is_file():
            raise BadInputError(f"{app} does not exist: name the Python file of an app.")
        if out == app or out in app.parents:
            raise BadInputError(
                f"{out} holds {app.name}, and the site would replace it: choose another --out."
            )
    stems = [app.stem for app in apps]
    if doubles := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise BadInputError(
            f"Several apps are called {', '.join(doubles)}, and so would their pages: rename them."
        )
    if options.runtime not in BUILDERS:
        raise BadInputError(f"{options.runtime!r} is no runtime: choose from {', '.join(BUILDERS)}.")
    if not 0 < options.draw_seconds <= MAX_SECONDS:
        raise BadInputError(
            f"{options.draw_seconds} is no time to draw a page: give seconds above 0, as 300."
        )
    if not options.bake_limit >= 0:
        raise BadInputError(f"{options.bake_limit} is no limit: give megabytes from 0 on, as 64.")
    if options.index not in ("auto", "list", "none"):
        raise BadInputError(f"{options.index!r} is no index: choose from auto, list, none.")
    if options.template is not None and options.template not in (names := templates()):
        raise BadInputError(
            f"{options.template!r} is no template of Panel's: choose from {', '.join(names)}."
        )
    if options.base_path is not None and not re.fullmatch(r"/([\w.~%-]+/)*", options.base_path):
        raise BadInputError(
            f"{options.base_path!r} is no path for a site: begin and end it with a slash, as in /demos/brain/."
        )
    if options.pwa and options.runtime != "local":
        raise BadInputError(
            "With --runtime cdn a site cannot work offline: leave --pwa out or convert with --runtime local."
        )
    for target in options.targets:
        if target not in pages.TARGETS:
            raise BadInputError(f"{target!r} is no target: choose from {', '.join(pages.TARGETS)}.")
    if not options.targets or len(set(options.targets)) != len(options.targets):
        raise BadInputError(f"Name each target once: {', '.join(pages.TARGETS)}.")
    parse_requirements(options.requirements)
    check_target(out, MARKER)
