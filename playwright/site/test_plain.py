"""Pages made in other ways: by Panel's own converter, and by hand as docs/converting.md shows it.

What they load from the network is answered here from the files of a site of ours, with Pyodide 0.27.7 under the name of the version
that Panel asks for.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import bokeh
import panel
import pytest
from playwright.sync_api import Page, Route, expect
from site_page import BOOT

from panel_neuroglancer.site import wheels
from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.runtime import Runtime
from panel_neuroglancer.site.wheelhouse import write_wheels

DOCS = Path(__file__).parents[2] / "docs" / "converting.md"
STATE = {
    "dimensions": {"x": [1, "m"], "y": [1, "m"], "z": [1, "m"]},
    "position": [1, 2, 3],
    "crossSectionScale": 0.1,
    "layout": "xy",
    "layers": [],
}
APP = f"""
import panel as pn
from panel_neuroglancer import Neuroglancer

pn.extension()
viewer = Neuroglancer({STATE!r}, width=300, height=200)
pn.Column("# Plain", viewer, pn.bind("at {{}}".format, viewer.param.position)).servable()
"""
NEWER = (Path(__file__).parents[1] / "pyodide-newer.js").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the networks have, in `site`, and our wheels, in `wheels`."""
    root = tmp_path_factory.mktemp("plain")
    (root / "app.py").write_text(APP)
    convert([root / "app.py"], root / "site", Options(requirements=("micropip",)), Progress(None))
    lock = json.loads((root / "site" / "static" / "pyodide" / "pyodide-lock.json").read_text())["packages"]
    for name in ("panel", "bokeh"):
        wheel = wheels.installed(name)
        assert wheel is not None
        about = f"{wheel.dist_info}/METADATA"
        head, blank, rest = wheel.files[about].decode().partition("\n\n")
        lines = [line for line in head.splitlines() if not line.startswith("Requires-Dist")]
        lines += [f"Requires-Dist: {need}" for need in lock[name]["depends"]]
        files = {**wheel.files, about: ("\n".join(lines) + blank + rest).encode()}
        replace(wheel, files=files).write(root / "network")
    write_wheels(root / "wheels", Progress(None))
    return root


@pytest.fixture
def network(page: Page, folder: Path) -> Iterator[list[str]]:
    """Answers for the hosts that such pages ask; the addresses of what was not found."""
    pyodide, missing = folder / "site" / "static" / "pyodide", []
    core = Runtime(progress=Progress(None)).core
    dist = Path(panel.__file__).parent / "dist"
    js = Path(bokeh.__file__).parent / "server" / "static" / "js"

    def find(host: str, path: str) -> bytes | None:
        name = path.rpartition("/")[2]
        if host == "cdn.jsdelivr.net" and name == "pyodide.js":
            return core[name].read_bytes() + NEWER.encode()
        if name.endswith(".whl") and host == "cdn.holoviz.org":
            return next((folder / "network").glob(f"{name.partition('-')[0]}-*")).read_bytes()
        places = {
            "cdn.jsdelivr.net": pyodide / name,
            "cdn.bokeh.org": js / name.replace(f"-{bokeh.__version__}", ""),
            "cdn.holoviz.org": dist / path.partition("/dist/")[2],
        }
        place = places.get(host)
        return place.read_bytes() if place and place.is_file() else None

    def answer(route: Route) -> None:
        url = urlsplit(unquote(route.request.url))
        if url.hostname == "127.0.0.1":
            route.fallback()
            return
        data = find(url.hostname or "", url.path)
        if data is None:
            missing.append(route.request.url)
        types = {"js": "text/javascript", "css": "text/css", "wasm": "application/wasm"}
        route.fulfill(
            status=200 if data is not None else 404,
            body=data or b"",
            content_type=types.get(url.path.rpartition(".")[2], "application/octet-stream"),
            headers={"access-control-allow-origin": "*"},
        )

    page.context.route("https://**/*", answer)
    yield missing
    assert not missing


def move(page: Page) -> None:
    """Drag the picture sideways."""
    box = page.locator(".panel-neuroglancer-viewer").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 100, steps=5)
    page.mouse.up()


@pytest.mark.parametrize("runtime", ["pyodide", "pyodide-worker"])
def test_panels_own_converter(
    runtime: str,
    page: Page,
    folder: Path,
    network: list[str],
    serve: Callable[[Path], Any],
    tmp_path: Path,
    watch: Any,
) -> None:
    (tmp_path / "app.py").write_text(APP)
    wheel = next((folder / "wheels").glob("panel_neuroglancer-*"))
    command = [sys.executable, "-m", "panel", "convert", "app.py", "--to", runtime, "--out", "out", "--requirements", str(wheel)]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with serve(tmp_path / "out") as url:
        page.goto(url + "app.html")
        expect(page.get_by_text("at [1.0, 2.0, 3.0]").or_(page.get_by_text("at [1, 2, 3]"))).to_be_visible(
            timeout=BOOT
        )
        expect(page.locator(".panel-neuroglancer-viewer canvas").first).to_be_visible(timeout=BOOT)
        move(page)
        expect(page.get_by_text(re.compile(r"at \[(?!1(\.0)?,)"))).to_be_visible()


def test_the_page_in_the_docs(
    page: Page, folder: Path, network: list[str], serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    found = re.search(r"```html\n(<!DOCTYPE html>.*?)```", DOCS.read_text("utf8"), re.DOTALL)
    assert found
    wheel = next((folder / "wheels").glob("panel_neuroglancer-*"))
    shutil.copy(wheel, tmp_path)
    text, count = re.subn(r"panel_neuroglancer-[\w.-]+\.whl", wheel.name, found[1])
    assert count == 1
    text, count = re.subn(r"Neuroglancer\(.*?, height=500\)", f"Neuroglancer({STATE!r}, height=500)", text)
    assert count == 1
    (tmp_path / "index.html").write_text(text)
    with serve(tmp_path) as url:
        page.goto(url)
        expect(page.locator(".panel-neuroglancer-viewer canvas").first).to_be_visible(timeout=BOOT)
        page.wait_for_function("pyodide.globals.get('viewer').ready", timeout=BOOT)
        move(page)
        page.wait_for_function("Math.abs(pyodide.globals.get('viewer').position.toJs()[0] - 1) > 0.5")
