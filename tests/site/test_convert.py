"""Whole sites: what lies in them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.runtime import DEFAULT_VERSION, Runtime


def config(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="pn-config">(.*?)</script>', page.read_text("utf8")
    )
    assert found
    result: dict[str, Any] = json.loads(found[1])
    return result


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
    assert config(page)["source"] == app.read_text()
    assert 'data-go="small.html"' in (old / "index.html").read_text()
    assert 'url=small.html"' in (old / "index.html").read_text()
    assert not list(old.parent.glob(".out*")), "the folder in which the site was built should be gone"
    assert (old / "static" / "boot" / "page.js").read_text() != "// old"


def test_modules_beside_the_app_go_along(app: Path, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("import contourpy\nNAME = 'x'\n")
    app.write_text("import beside\n" + app.read_text())
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
    (tmp_path / "number_two.py").write_text(app.read_text())
    app.write_text(
        '"""The first\nof two.\n\nMore."""\nimport panel as pn\npn.pane.HTML("1").servable(title="One & only")\n'
    )
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
    app.write_text("import numpy\nimport scipy\n" + app.read_text())
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
