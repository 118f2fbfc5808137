"""Whole sites: what lies in them, and that a failure leaves the old one alone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import struct
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
from panel_neuroglancer.site.runtime import DEFAULT_VERSION, Runtime

SMALL = 'import panel as pn\npn.pane.HTML("<b>${here}</b></script>").servable()\n'


def config(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="pn-config">(.*?)</script>', page.read_text("utf8")
    )
    assert found
    result: dict[str, Any] = json.loads(found[1])
    return result


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "small.py"
    path.write_text(SMALL)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A site that is there already."""
    (tmp_path / "out" / "static" / "boot").mkdir(parents=True)
    (tmp_path / "out" / "static" / "boot" / "page.js").write_text("// old")
    return tmp_path / "out"


def unchanged(old: Path) -> bool:
    files = [
        path
        for path in old.parent.rglob("*")
        if path.is_file() and path.suffix != ".py" and "cache" not in path.parts
    ]
    return files == [old / "static" / "boot" / "page.js"] and files[0].read_text() == "// old"


# ------------------------------------------------------------------------------------------------ what lies in a site


def test_every_locked_file_is_there_and_has_its_hash(site: Path) -> None:
    folder = site / "static" / "pyodide"
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    assert {"panel", "bokeh", "numpy", "markupsafe", "pyyaml"} <= set(lock["packages"])
    for entry in lock["packages"].values():
        assert hashlib.sha256((folder / entry["file_name"]).read_bytes()).hexdigest() == entry["sha256"]
        assert set(entry["depends"]) <= set(lock["packages"])
    assert lock["info"] == Runtime().lock["info"]


def test_pyodide_itself_is_the_official_one(site: Path) -> None:
    for name in ("pyodide.asm.wasm", "pyodide.asm.js", "pyodide.mjs"):
        assert (site / "static" / "pyodide" / name).read_bytes() == Runtime().core[name].read_bytes()


def test_each_target_has_a_page(site: Path) -> None:
    assert config(site / "counter.html")["target"] == "pyodide"
    assert config(site / "counter-pyodide-worker.html")["target"] == "pyodide-worker"
    assert 'href="counter-pyodide-worker.html"' in (site / "index.html").read_text()


def test_a_page_loads_what_the_app_needs_and_no_more(site: Path) -> None:
    names = config(site / "counter.html")["packages"]
    assert {"panel", "numpy", "param", "markdown"} <= set(names)
    assert {"pandas", "nh3", "tornado", "panel-neuroglancer", "pillow"} & set(names) == set()


def test_a_page_names_no_other_host_and_no_port_of_the_build(site: Path) -> None:
    text = (site / "counter.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", text)
    assert "127.0.0.1" not in text
    for path in re.findall(r'(?:src|href)="(static/[^"]+)"', text):
        assert (site / path).is_file()


def test_title_and_data(site: Path) -> None:
    assert "<title>Count &lt;together&gt;</title>" in (site / "counter.html").read_text()
    assert (site / "data" / "numbers.txt").read_text() == "1 2 3"


def test_the_source_arrives_as_it_was_written(app: Path, old: Path) -> None:
    (page,) = convert([app], old, progress=Progress(None))
    assert config(page)["source"] == SMALL
    assert 'data-go="small.html"' in (old / "index.html").read_text()
    assert 'url=small.html"' in (old / "index.html").read_text()
    assert not list(old.parent.glob(".out*")), "the folder in which the site was built should be gone"
    assert (old / "static" / "boot" / "page.js").read_text() != "// old"


def test_modules_beside_the_app_go_along(app: Path, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("import contourpy\nNAME = 'x'\n")
    app.write_text("import beside\n" + SMALL)
    (page,) = convert([app], tmp_path / "out", progress=Progress(None))
    assert (tmp_path / "out" / config(page)["archives"][0]).is_file()
    assert "contourpy" in config(page)["packages"]


def test_a_page_holds_what_the_app_drew_at_the_place_where_the_page_will_be(
    app: Path, tmp_path: Path
) -> None:
    app.write_text(
        "import os\nfrom urllib.parse import quote\nimport panel as pn\n"
        "url = os.environ['PANEL_NEUROGLANCER_SITE_URL'] + 'data'\n"
        "pn.pane.Str(url + ' ' + quote(url, safe='') + ' </script>').servable()\n"
    )
    (page,) = convert([app], tmp_path / "out", progress=Progress(None))
    text = page.read_text("utf8")
    assert "127.0.0.1" not in text
    found = re.search(r'<script type="application/json" id="pn-drawn">(.*?)</script>', text)
    assert found
    (document,) = json.loads(found[1]).values()
    assert [root["id"] for root in document["roots"]] == config(page)["roots"]
    shown = document["roots"][0]["attributes"]["text"]
    assert "https://site.invalid/data https%3A%2F%2Fsite.invalid%2Fdata" in shown
    assert config(page)["site"] == "https://site.invalid/"


def test_the_app_finds_its_data_while_it_is_drawn(app: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "a.txt").write_text("forty-two")
    app.write_text(
        "import os, urllib.request\nimport panel as pn\n"
        "url = os.environ['PANEL_NEUROGLANCER_SITE_URL'] + 'data/a.txt'\n"
        "pn.pane.HTML(urllib.request.urlopen(url).read().decode()).servable()\n"
    )
    convert([app], tmp_path / "out", Options(data=((tmp_path / "numbers", "data"),)), Progress(None))
    assert (tmp_path / "out" / "data" / "a.txt").read_text() == "forty-two"


def test_an_index_tells_what_the_apps_are(app: Path, tmp_path: Path) -> None:
    app.write_text(
        '"""The first\nof two.\n\nMore."""\nimport panel as pn\npn.pane.HTML("1").servable(title="One & only")\n'
    )
    (tmp_path / "number_two.py").write_text(SMALL)
    names = convert(
        [app, tmp_path / "number_two.py"],
        tmp_path / "out",
        Options(("pyodide", "pyodide-worker")),
        Progress(None),
    )
    assert [path.name for path in names] == [
        "small.html", "small-pyodide-worker.html", "number_two.html", "number_two-pyodide-worker.html",
    ]  # fmt: skip
    text = (tmp_path / "out" / "index.html").read_text()
    assert '<a href="small.html">One &amp; only</a><br><small>The first of two.</small>' in text
    assert '<a href="number_two-pyodide-worker.html">Number two (pyodide-worker)</a></li>' in text


def test_a_template_around_the_app(app: Path, tmp_path: Path) -> None:
    (page,) = convert([app], tmp_path / "out", Options(template="fast", title="T"), Progress(None))
    text = page.read_text()
    assert "fast-design-system-provider" in text
    assert "fonts.googleapis.com" not in text
    assert config(page)["env"]["PANEL_NEUROGLANCER_TEMPLATE"] == "fast"
    assert "nh3" in config(page)["packages"]


def test_a_page_may_be_served_elsewhere(app: Path, tmp_path: Path) -> None:
    (page,) = convert([app], tmp_path / "out", Options(base_path="/demos/one/"), Progress(None))
    for text in (page.read_text(), (tmp_path / "out" / "index.html").read_text()):
        head, _, rest = text.partition('<base href="/demos/one/">')
        assert "href=" not in head
        assert "href=" in rest


def test_a_site_for_offline_use_lists_each_of_its_files_with_its_hash(app: Path, tmp_path: Path) -> None:
    builds = []
    for text in ("1", "2"):
        app.write_text(f"import panel as pn\npn.pane.HTML('{text}').servable(title='An app')\n")
        convert([app], tmp_path / "out", Options(pwa=True), Progress(None))
        worker = (tmp_path / "out" / "sw.js").read_text()
        found = re.match(r'const BUILD = "(\w{16})";\nconst FILES = (\{.*?\});\n', worker, re.DOTALL)
        assert found
        builds.append(found[1])
        files = {
            path.relative_to(tmp_path / "out").as_posix(): path
            for path in (tmp_path / "out").rglob("*")
            if path.is_file()
        }
        assert json.loads(found[2]) == {
            name: "sha256-" + base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
            for name, path in files.items()
            if name != "sw.js"
        }
    assert builds[0] != builds[1]
    manifest = json.loads((tmp_path / "out" / "manifest.webmanifest").read_text())
    assert (manifest["name"], manifest["start_url"], manifest["scope"]) == ("An app", "./index.html", "./")
    for icon in manifest["icons"]:
        data = (tmp_path / "out" / icon["src"]).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert "x".join(str(n) for n in struct.unpack(">II", data[16:24])) == icon["sizes"]
    for page in ("small.html", "index.html"):
        assert '<link rel="manifest" href="manifest.webmanifest">' in (tmp_path / "out" / page).read_text()


def test_a_small_site_loads_from_the_network(app: Path, tmp_path: Path) -> None:
    app.write_text("import numpy\nimport scipy\n" + SMALL)
    options = Options(runtime="cdn", requirements=("pandas>=2",), pyodide_version=DEFAULT_VERSION)
    (page,) = convert([app], tmp_path / "out", options, Progress(None))
    about = config(page)
    assert about["index"] == f"https://cdn.jsdelivr.net/pyodide/v{DEFAULT_VERSION}/full/"
    assert about["packages"] == ["micropip"]
    wheels = ["bokeh-3.9.2-py3-none-any.whl", "panel-1.9.4-py3-none-any.whl"]
    assert [url.rpartition("/")[2] for url in about["install"][:2]] == wheels
    assert set(about["install"][2:]) == {"pyodide-http", "numpy", "scipy", "pandas>=2"}
    assert "PANEL_CDN_ROOT" not in about["env"]
    text = page.read_text()
    assert "https://cdn.bokeh.org/bokeh/release/bokeh-3.9.2.min.js" in text
    assert "127.0.0.1" not in text
    assert not (tmp_path / "out" / "static" / "pyodide").exists()


# --------------------------------------------------------------------------------------------------- what goes wrong


def test_an_app_that_raises(app: Path, old: Path) -> None:
    app.write_text("import panel as pn\nraise KeyError('no such brain')\n")
    with pytest.raises(AppError, match=r"small\.py raised(.|\n)*KeyError: 'no such brain'"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


def test_an_app_that_shows_nothing(app: Path, old: Path) -> None:
    app.write_text("import panel as pn\n")
    with pytest.raises(AppError, match="does not publish any Panel contents"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


def test_an_app_that_ends_its_process(app: Path, old: Path) -> None:
    app.write_text("import os\nos._exit(3)\n")
    with pytest.raises(AppError, match=r"ended its process with status 3"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


def test_an_app_that_does_not_end(app: Path, old: Path) -> None:
    app.write_text("import threading\nthreading.Event().wait()\n")
    options = Options(draw_seconds=10)
    with pytest.raises(AppError, match=r"not drawn within 10 s(.|\n)*--draw-timeout(.|\n)*File .*line \d+"):
        convert([app], old, options, Progress(None))
    assert unchanged(old)


def test_an_app_that_waits_for_the_page(app: Path, old: Path) -> None:
    app.write_text(
        "import neuroglancer\nimport panel_neuroglancer as png\n"
        "viewer = neuroglancer.viewer_base.ViewerBase()\npng.Neuroglancer(viewer).servable()\nviewer.screenshot()\n"
    )
    with pytest.raises(AppError, match=r"WouldBlockForeverError: .*no browser shows that yet"):
        convert([app], old, progress=Progress(None))
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
    app.write_text("import panel_neuroglancer\n" + SMALL)
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
    app.write_text("import panel_neuroglancer\n" + SMALL)
    with pytest.raises(SiteError, match="built anew while the site was made: convert again"):
        convert([app], old, progress=Progress(None))


def test_a_dependency_without_a_wasm_wheel(app: Path, old: Path) -> None:
    app.write_text("try:\n    import tensorstore\nexcept ImportError: pass\n" + SMALL)
    with pytest.raises(NoWasmWheelError, match="the app needs tensorstore"):
        convert([app], old, progress=Progress(None))
    assert unchanged(old)


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


def test_a_page_that_loads_from_another_host(app: Path, old: Path) -> None:
    app.write_text("import panel as pn\npn.extension(js_files={'x': 'https://example.org/x.js'})\n" + SMALL)
    with pytest.raises(
        ExternalResourceError, match=r"small\.py would load https://example\.org/x\.js.*--runtime cdn"
    ):
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
    (old.parent / "other" / "small.py").write_text(SMALL)
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
