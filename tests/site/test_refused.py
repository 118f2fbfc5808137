"""What no site can be made of: the error says why, and the site that is there stays as it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from panel_neuroglancer.site import assets, local, render
from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.errors import (
    AppError,
    BadInputError,
    DependencyCycleError,
    ExternalResourceError,
    NoWasmWheelError,
    SiteError,
    VersionMismatchError,
)
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress


def unchanged(old: Path) -> bool:
    files = [
        path
        for path in old.parent.rglob("*")
        if path.is_file() and path.suffix != ".py" and "cache" not in path.parts
    ]
    return files == [old / "static" / "boot" / "page.js"] and files[0].read_text() == "// old"


SHOWS = "\nimport panel as pn\npn.pane.Markdown('hello').servable()\n"
# What an app does, what the error is, and what it says.
APPS: dict[str, tuple[str, type[SiteError], str]] = {
    "raises": (
        "raise KeyError('no such brain')",
        AppError,
        r"small\.py raised(.|\n)*KeyError: 'no such brain'",
    ),
    "shows nothing": ("import panel", AppError, "does not publish any Panel contents"),
    "ends its process": ("import os\nos._exit(3)", AppError, "ended its process with status 3"),
    "does not end": (
        "import threading\nthreading.Event().wait()",
        AppError,
        r"not drawn within 10 s(.|\n)*--draw-timeout(.|\n)*File .*line \d+",
    ),
    "waits for the page": (
        "import neuroglancer\nimport panel_neuroglancer as png\n"
        "viewer = neuroglancer.viewer_base.ViewerBase()\npng.Neuroglancer(viewer).servable()\nviewer.screenshot()",
        AppError,
        "WouldBlockForeverError: .*no browser shows that yet",
    ),
    "needs what has no wheel": (
        "try:\n    import tensorstore\nexcept ImportError: pass" + SHOWS,
        NoWasmWheelError,
        "the app needs tensorstore",
    ),
    "loads from another host": (
        "import panel as pn\npn.extension(js_files={'x': 'https://example.org/x.js'})" + SHOWS,
        ExternalResourceError,
        r"small\.py would load https://example\.org/x\.js.*--runtime cdn",
    ),
}


@pytest.mark.parametrize("what", APPS)
def test_an_app_that(app: Path, old: Path, what: str) -> None:
    source, error, message = APPS[what]
    app.write_text(f"{source}\n")
    options = Options(draw_seconds=10 if what == "does not end" else Options().draw_seconds)
    with pytest.raises(error, match=message):
        convert([app], old, options, Progress(None))
    assert unchanged(old)


def test_an_engine_that_is_built_meanwhile(
    app: Path, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    shutil.copytree(assets.PACKAGE / "dist", package / "dist")
    monkeypatch.setattr(assets, "PACKAGE", package)
    copy = assets.copy_engine

    def copy_and_build(site: Path) -> int:
        size = copy(site)
        os.utime(package / "dist" / "engine.json", ns=(1, 1))
        return size

    monkeypatch.setattr(assets, "copy_engine", copy_and_build)
    app.write_text("import panel_neuroglancer\n" + app.read_text())
    with pytest.raises(SiteError, match="built anew while the site was made: convert again"):
        convert([app], old, progress=Progress(None))
    assert (old / "static" / "boot" / "page.js").read_text() == "// old"


def test_an_engine_that_vanishes_meanwhile(
    app: Path, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    shutil.copytree(assets.PACKAGE / "dist", package / "dist")
    monkeypatch.setattr(assets, "PACKAGE", package)
    copy = assets._copy

    def copy_and_remove(source: Path, target: Path) -> None:
        if package in source.parents:
            shutil.rmtree(package / "dist")
        copy(source, target)

    monkeypatch.setattr(assets, "_copy", copy_and_remove)
    app.write_text("import panel_neuroglancer\n" + app.read_text())
    with pytest.raises(SiteError, match="built anew while the site was made: convert again"):
        convert([app], old, progress=Progress(None))


def test_a_cycle(app: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = local.Resolver.resolve

    def with_cycle(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = resolve(self, *args, **kwargs)
        found["param"].depends.append("panel")
        return found

    monkeypatch.setattr(local.Resolver, "resolve", with_cycle)
    with pytest.raises(DependencyCycleError, match=r"panel → param → panel|param → panel → param"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


def test_another_panel(app: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(render.MADE_FOR, "panel", "1.0.0")
    with pytest.raises(VersionMismatchError, match=r"Converting needs panel==1\.0\.0 .*pip install"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


def test_a_folder_that_is_no_site(app: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with pytest.raises(BadInputError, match="is not a site made by this command"):
        convert([app], tmp_path / "home", progress=Progress(None))
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(targets=("pyscript-worker",)), "'pyscript-worker' is no target: choose from .*pyscript"),
        (Options(targets=("pyodide", "pyodide")), "Name each target once"),
        (Options(runtime="usb"), "'usb' is no runtime"),
        (Options(template="slow"), "'slow' is no template of Panel's: choose from .*fast"),
        (Options(base_path="demos"), "'demos' is no path for a site"),
        (Options(pwa=True, runtime="cdn"), "cannot work offline"),
        (Options(index="maybe"), "'maybe' is no index"),
        (Options(requirements=("a b",)), "'a b' is not a requirement"),
        (Options(data=((Path("none"), "data"),)), "none does not exist"),
        (Options(data=((Path(__file__), "../up"),)), "is no place inside the site"),
        (Options(data=((Path(__file__), "static/x"),)), "is no place inside the site"),
    ],
)
def test_bad_options(app: Path, old: Path, options: Options, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        convert([app], old, options, Progress(None))
    assert unchanged(old)


def test_bad_apps(app: Path, old: Path) -> None:
    (old.parent / "other").mkdir()
    (old.parent / "other" / "small.py").write_text(app.read_text())
    for apps, out, message in [
        ([], old, "nothing to convert"),
        ([old / "none.py"], old, "does not exist"),
        ([app], app.parent, "holds small.py"),
        ([app, old.parent / "other" / "small.py"], old, "Several apps are called small"),
    ]:
        with pytest.raises(BadInputError, match=message):
            convert(apps, out, progress=Progress(None))
    assert unchanged(old)


def test_a_named_bundle_brings_what_it_may_ask_for(tmp_path: Path) -> None:
    base = "http://127.0.0.1:1/"
    named = base + assets.PANEL_DIST + "bundled/katex/katex@0.16.22/dist/katex.min.js"
    assets.copy_named(f'<script src="{named}"></script>{assets.BOKEH_CDN}bokeh-3.9.2.min.js', base, tmp_path)
    copied = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"bokeh-3.9.2.min.js", "katex.min.js", "katex.min.css"} <= copied
    assert not [name for name in copied if name.endswith(".map")]


def test_the_engine_must_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "PACKAGE", tmp_path)
    with pytest.raises(Exception, match="Run `make js`"):
        assets.copy_engine(tmp_path)
