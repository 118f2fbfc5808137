"""Sites of notebooks: what lies in them, and that a failure leaves the old one alone."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from packaging.requirements import Requirement

from panel_neuroglancer import cli
from panel_neuroglancer.site import assets, wheels
from panel_neuroglancer.site.errors import (
    BadInputError,
    DependencyCycleError,
    ExternalResourceError,
    NoWasmWheelError,
    SiteError,
    VersionMismatchError,
)
from panel_neuroglancer.site.install import FOLDER
from panel_neuroglancer.site.lite import classroom, jupyter, packages, prune
from panel_neuroglancer.site.lite.build import MARKER, LiteOptions, lite
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.runtime import Runtime

QUIET = Progress(None)


@pytest.fixture
def contents(tmp_path: Path) -> Path:
    folder = tmp_path / "lessons"
    (folder / "part two").mkdir(parents=True)
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "one.ipynb").write_text(json.dumps(notebook))
    (folder / "part two" / "values.bin").write_bytes(bytes(range(256)))
    return folder


WORKFLOW = yaml.safe_load((Path(__file__).parents[2] / "lite/deploy/github-pages.yml").read_text("utf8"))
STEPS = WORKFLOW["jobs"]["site"]["steps"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site made by the very command of the workflow for GitHub Pages, with its zip file beside it."""
    folder = tmp_path_factory.mktemp("lite")
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "one.txt").write_text("one")
    (folder / "requirements.txt").write_text("nibabel\n")
    (command,) = [shlex.split(step["run"]) for step in STEPS if "--contents" in step.get("run", "")]
    assert command[0] == "panel-neuroglancer"
    with contextlib.chdir(folder):
        assert cli.main([*command[1:], "--zip", "--quiet", "--max-size", "60"]) == 0
    (upload,) = [step for step in STEPS if "upload-pages-artifact" in step.get("uses", "")]
    return folder / str(upload["with"]["path"])


def lock(site: Path) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads((site / FOLDER / "pyodide-lock.json").read_bytes())["packages"]
    return packages


def test_what_notebooks_import_is_in_the_lock(site: Path) -> None:
    names = set(lock(site))
    assert {
        "panel-neuroglancer",
        "neuroglancer",
        "panel",
        "bokeh",
        "pyviz-comms",
        "numpy",
        "nibabel",
    } <= names
    assert {"pyodide-kernel", "ipython", "micropip", "piplite"} <= names
    assert "pandas" not in names  # nobody asked for it
    for entry in lock(site).values():
        assert (site / FOLDER / entry["file_name"]).is_file()
        assert set(entry["depends"]) <= names


def test_nothing_is_there_that_is_never_loaded(site: Path) -> None:
    assert not [path.name for path in site.rglob("*") if path.suffix in (".map", ".ttf", ".eot")]
    text = "".join(path.name for path in (site / "build").iterdir())
    assert text
    chunks = [path.read_text("utf8") for path in (site / "build").glob("*.js")]
    assert not any("elkjs" in chunk and len(chunk) > 1_000_000 for chunk in chunks)


def test_settings_are_relative_and_name_the_parts(site: Path) -> None:
    data = json.loads((site / "jupyter-lite.json").read_bytes())["jupyter-config-data"]
    kernel = data["litePluginSettings"][f"{packages.KERNEL}:kernel"]
    assert kernel["pyodideUrl"] == f"./{jupyter.FOLDER}{jupyter.LOADER}"
    assert (site / kernel["pyodideUrl"]).is_file()
    assert kernel["disablePyPIFallback"] is True
    for name, url in kernel["loadPyodideOptions"]["env"].items():
        assert (site / "lab" / url).is_dir(), name
    names = {extension["name"] for extension in data["federated_extensions"]}
    assert {packages.KERNEL, jupyter.COMM} <= names


def test_python_finds_the_pages_scripts(site: Path) -> None:
    env = jupyter.settings()["jupyter-config-data"]["litePluginSettings"][f"{packages.KERNEL}:kernel"]
    root = (site / "lab" / env["loadPyodideOptions"]["env"]["PANEL_CDN_ROOT"]).resolve()
    assert (root / Path(assets.PANEL_DIST).relative_to("static/panel") / "panel.min.js").is_file()


def test_the_classroom_bundle_serves_with_nothing_but_python(site: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(site.with_name("site.zip")) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "site"
    assert (folder / "README.txt").is_file()
    command = [sys.executable, "-S", "-u", "serve.py", "0"]  # without any installed package
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
            assert url
            with urlopen(url[0] + "files/one.txt") as answer:
                assert answer.read() == b"one"
            with urlopen(url[0] + "lab/index.html") as answer:
                assert answer.headers["Content-Type"].startswith("text/html")
        finally:
            server.terminate()


def test_the_classroom_bundle_is_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a.js").write_text("1")
    made = []
    for name in ("a.zip", "b.zip"):
        classroom.write(tmp_path / "s", tmp_path / name, "s")
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip", "s"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apps": ("repl",)}, "lab, notebooks"),
        ({"apps": ()}, "names nothing"),
        ({"requirements": ("a b",)}, "not a requirement"),
        ({"pyodide_version": "latest"}, "not a version"),
    ],
)
def test_bad_options_say_what_is_expected(
    contents: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        lite([contents], tmp_path / "out", LiteOptions(**change), QUIET)
    assert not (tmp_path / "out").exists()


def test_folders_must_make_sense(contents: Path, tmp_path: Path) -> None:
    for given, out, message in (
        ([], tmp_path / "out", "at least one folder"),
        ([contents / "one.ipynb"], tmp_path / "out", "not a folder"),
        ([contents], contents, "would replace it"),
        ([contents], contents / "site", "hold itself"),
        ([contents], Path(__file__).parent, "not a site made by this command"),
    ):
        with pytest.raises(BadInputError, match=message):
            lite(given, out, LiteOptions(), QUIET)


def test_a_requirement_without_a_wheel_is_named(contents: Path, tmp_path: Path) -> None:
    old = tmp_path / "out"
    (old / MARKER).mkdir(parents=True)
    with pytest.raises(NoWasmWheelError, match="tensorstore"):
        lite([contents], old, LiteOptions(("tensorstore==0.1.86",)), QUIET)
    assert [path.name for path in old.iterdir()] == ["extensions"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lessons", "out"]


def test_a_site_over_its_size_fails(contents: Path, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"--max-size allows 1 MB"):
        lite([contents], tmp_path / "out", LiteOptions(max_size=1), QUIET)
    assert not (tmp_path / "out").exists()


def test_other_releases_of_jupyterlite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jupyter.TOOLS, "jupyterlite-core", "9.9")
    monkeypatch.setitem(jupyter.TOOLS, "nobody-has-this", "1")
    with pytest.raises(
        BadInputError, match=r"jupyterlite-core 9\.9 \(here: .*nobody-has-this 1 \(here: not inst"
    ):
        jupyter.check_tools()


def test_a_missing_comm_extension_fails(
    monkeypatch: pytest.MonkeyPatch, contents: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(jupyter, "COMM", "@pyviz/gone")
    with pytest.raises(SiteError, match=r"@pyviz/gone is missing.*pyviz-comms"):
        lite([contents], tmp_path / "out", LiteOptions(), QUIET)


def test_a_cycle_fails(monkeypatch: pytest.MonkeyPatch, contents: Path, tmp_path: Path) -> None:
    found = packages.resolve([], Runtime(), QUIET)
    found["param"].depends.append("panel")
    monkeypatch.setattr(packages, "resolve", lambda *args: found)
    with pytest.raises(DependencyCycleError, match=r"panel → param|param → panel"):
        lite([contents], tmp_path / "out", LiteOptions(), QUIET)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("lab/index.html", '<script src="https://elsewhere.org/a.js"></script>'),
        ("jupyter-lite.json", '{"a": {"pyodideUrl": "https://elsewhere.org/pyodide.mjs"}}'),
        (
            "static/pyodide/pyodide-lock.json",
            '{"packages": {"a": {"file_name": "https://elsewhere.org/a.whl"}}}',
        ),
    ],
)
def test_another_host_fails(tmp_path: Path, file: str, text: str) -> None:
    for name, content in {
        "jupyter-lite.json": "{}",
        "static/pyodide/pyodide-lock.json": "{}",
        file: text,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(ExternalResourceError, match=r"elsewhere\.org"):
        prune.check(tmp_path)


def test_pages_of_the_notebooks_may_name_other_hosts(tmp_path: Path) -> None:
    for name, content in {
        "jupyter-lite.json": '{"$schema": "https://json-schema.org/x"}',
        "static/pyodide/pyodide-lock.json": "{}",
        "files/mine.html": '<img src="https://elsewhere.org/a.png">',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    prune.check(tmp_path)


CHUNKS = {
    "mermaid": ["mermaid", "dompurify"], "shared": ["uuid"], "mixed": ["mermaid", "react"], "vega": ["vega-lite", "clone"],
    "d3": ["d3-shape"], "rust": ["@lezer/rust", "@codemirror/lang-rust"], "python": ["@lezer/python"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "kept"),
    [({"numpy"}, {"shared", "mixed", "python"}), ({"altair"}, {"shared", "mixed", "python", "vega", "d3"})],
)
def test_chunks_of_extensions_that_are_not_there_go(tmp_path: Path, found: set[str], kept: set[str]) -> None:
    (tmp_path / "build").mkdir()
    for name, modules in CHUNKS.items():
        sources = [f"webpack://x/../node_modules/{module}/index.js" for module in modules]
        (tmp_path / f"build/{name}.js").write_text("")
        (tmp_path / f"build/{name}.js.map").write_text(
            json.dumps({"sources": [*sources, "webpack://x/webpack/boot"]})
        )
    prune.prune(tmp_path, prune.disabled(found))
    assert {path.stem for path in tmp_path.glob("build/*")} == kept


def test_an_edit_that_no_longer_fits_is_an_error() -> None:
    bokeh = wheels.installed("bokeh")
    assert bokeh
    assert b"BOKEH_CDN_BASE_URL" in packages.edited(bokeh).files["bokeh/resources.py"]
    with pytest.raises(VersionMismatchError, match=r"bokeh/resources\.py of bokeh .* 0 times"):
        packages.edited(packages.edited(bokeh))


def test_what_was_asked_for_is_loaded_only_when_it_is_imported() -> None:
    found = packages.resolve([Requirement("pandas")], Runtime(), QUIET)
    assert "pandas" in found
    assert not [name for name, package in found.items() if "pandas" in package.depends]
    assert "pyodide-http" in found["panel"].depends


def test_the_kernels_own_packages_are_pyodides() -> None:
    runtime = Runtime()
    found = packages.resolve([], runtime, QUIET)
    assert found["ipython"].version == runtime.packages["ipython"]["version"]


def test_the_workflow_for_github_pages_installs_what_its_command_needs() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert "deploy-pages" in STEPS[-1]["uses"]
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    (install,) = [step["run"] for step in STEPS if step.get("run", "").startswith("pip")]
    assert set(re.search(r"\[(.*)\]", install)[1].split(",")) == {"site", "lite"} <= set(extras)  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("what?.ipynb", "no such name on Windows"),
        ("aux.ipynb", "no such name on Windows"),
        ("dot./a.txt", "no such name on Windows"),
        ("LESSONS/One.ipynb", None),
        ("One.ipynb", "are one name"),
        (f"{'deep/' * 30}a.txt", "too long a path"),
    ],
)
def test_what_cannot_be_unpacked_on_windows_is_named(
    contents: Path, tmp_path: Path, name: str, message: str | None
) -> None:
    (contents / name).parent.mkdir(parents=True, exist_ok=True)
    (contents / name).write_text("")
    if message is None:
        classroom.check_names([contents])
        return
    with pytest.raises(BadInputError, match=message):
        lite([contents], tmp_path / "out", LiteOptions(zip=True), QUIET)


def test_all_of_a_site_can_be_unpacked_on_windows(site: Path) -> None:
    classroom.check_names([site])


@pytest.mark.parametrize("port", ["http", "-1", "65536"])
def test_the_bundles_server_says_what_a_port_is(site: Path, tmp_path: Path, port: str) -> None:
    with zipfile.ZipFile(site.with_name("site.zip")) as archive:
        archive.extractall(tmp_path, [name for name in archive.namelist() if name.startswith("site/serve")])
        archive.extractall(tmp_path, [name for name in archive.namelist() if name.startswith("site/server/")])
    done = subprocess.run(
        [sys.executable, "-S", tmp_path / "site/serve.py", port], capture_output=True, text=True
    )
    assert done.returncode
    assert done.stderr.strip() == "The port is a number from 0 to 65535, as in: serve.py 8000"
