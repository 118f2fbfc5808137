"""Turn folders of notebooks into a JupyterLite site: `lite` does it all, in order, and replaces the old site at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from ...errors import size
from .. import assets
from ..errors import BadInputError, SiteError
from ..install import install
from ..progress import Progress, tree_size
from ..resolve import parse_requirements
from ..runtime import DEFAULT_VERSION, Runtime
from ..stage import check_target, staging
from . import classroom, jupyter, packages, prune

APPS = ("lab", "notebooks")
MARKER = jupyter.ENGINE  # what tells a site of ours from somebody's home directory


@dataclass(frozen=True)
class LiteOptions:
    """What `lite` may be told.

    Parameters
    ----------
    requirements
        What the notebooks import besides, as pip writes it.
    apps
        Of JupyterLite: "lab", "notebooks".
    pyodide_version
        As npm names it.
    max_size
        In MB, 1 000 000 bytes: a larger site is an error. None sets no limit.
    zip
        Whether to write a classroom bundle beside the site.
    """

    requirements: tuple[str, ...] = ()
    apps: tuple[str, ...] = APPS
    pyodide_version: str = DEFAULT_VERSION
    max_size: float | None = None
    zip: bool = False


def lite(
    contents: Sequence[Path], out: Path, options: LiteOptions | None = None, progress: Progress | None = None
) -> None:
    """Make a site of the notebooks and files in the folders `contents`, in the folder `out`.

    Raises
    ------
    SiteError
        Its subclasses tell what went wrong and what to do. Then nothing in `out` has changed.
    """
    options, progress = options or LiteOptions(), progress or Progress()
    jupyter.check_tools()
    contents, out = [path.absolute() for path in contents], out.absolute()
    requirements = _check(contents, out, options)
    runtime = Runtime(options.pyodide_version, progress)
    with staging(out) as stage, assets.steady_engine(), tempfile.TemporaryDirectory() as folder:
        found = packages.resolve(requirements, runtime, progress)
        progress.say(f"  {len(found)} packages: {', '.join(sorted(found))}")
        disabled = prune.disabled(found)
        sizes = install(runtime, found, Path(folder), progress)
        with progress.step("build JupyterLite") as details:
            jupyter.build(Path(folder), stage, contents, options.apps, disabled)
            details.append(size(tree_size(stage)))
        jupyter.complete(stage, options.apps)
        jupyter.copy_icons(stage)
        sizes["engine"] = assets.copy_engine(stage, jupyter.ENGINE)
        sizes["Panel and Bokeh on the page"] = assets.copy_scripts(stage)
        with progress.step("drop what is never loaded") as details:
            details.append(size(prune.prune(stage, disabled)))
        prune.check(stage)
        total = tree_size(stage)
        progress.sizes(sizes)
        _check_size(total, options.max_size)
        if options.zip:
            with progress.step(f"pack {_zip(out).name}") as details:
                classroom.write(stage, _zip(out), out.name)
                details.append(size(_zip(out).stat().st_size))
    progress.say(f"{out}: {', '.join(options.apps)}, {size(total)}")


def _zip(out: Path) -> Path:
    return out.with_name(f"{out.name}.zip")


def _check_size(total: int, limit: float | None) -> None:
    if limit is not None and total > limit * 1e6:
        raise SiteError(
            f"The site has {size(total)}, and --max-size allows {limit:g} MB: leave out requirements or files, or allow more."
        )


def _check(contents: Sequence[Path], out: Path, options: LiteOptions) -> list[Requirement]:
    if not contents:
        raise BadInputError(
            "There is nothing to build: name at least one folder of notebooks with --contents."
        )
    for path in contents:
        if not path.is_dir():
            raise BadInputError(
                f"{path} is not a folder: --contents wants a folder of notebooks and their files."
            )
        if out == path or out in path.parents:
            raise BadInputError(
                f"{out} holds {path.name}, and the site would replace it: choose another --out."
            )
        if path in out.parents:
            raise BadInputError(f"{out} lies in {path}, so the site would hold itself: choose another --out.")
    if not options.apps or set(options.apps) - set(APPS):
        named = ", ".join(options.apps) or "nothing"
        raise BadInputError(
            f"--apps names {named}: choose from {', '.join(APPS)}, as in --apps lab,notebooks."
        )
    if options.zip:
        classroom.check_names(contents)
    check_target(out, MARKER)
    return parse_requirements(options.requirements)
