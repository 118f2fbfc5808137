import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import panel_neuroglancer

SOURCE = Path(panel_neuroglancer.__file__).parent

# A module may import those after it, never those before it.
ORDER = [
    "__init__",
    "on_demand",
    "tokens",
    "large",
    "imports",
    "component",
    "gui",
    "parameters",
    "saving",
    "baking",
    "session",
    "view",
    "blocking",
    "credentials",
    "matching",
    "reading",
    "resident",
    "sources",
    "downsampling",
    "heap",
    "demo",
    "outputs",
    "turns",
    "carriers",
    "files",
    "engine",
    "channel",
    "sync",
    "exchange",
    "link",
    "state",
    "volumes",
    "checks",
    "patch",
    "errors",
    "_runtime",
]
# Programs for the author's machine: they may use the others, no other may use them.
APART = ["cli", "site", "browser"]

MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
    if "dist" not in path.relative_to(SOURCE).parts
}

COMPONENT = [name for name in MODULES if name.split(".")[0] in ORDER]


def _imported(name):
    """The modules of this package that a module imports."""
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.ImportFrom) and node.level == len(name.split(".")):
            yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "panel_neuroglancer":
            _, _, rest = node.module.partition(".")
            yield from [rest.split(".")[0]] if rest else [alias.name for alias in node.names]


@pytest.mark.parametrize("name", COMPONENT)
def test_imports_run_down_the_list(name):
    for other in _imported(name):
        assert other in ORDER, f"{name} imports {other}"
        assert ORDER.index(other) > ORDER.index(name.split(".")[0]), (
            f"{name} imports {other}, which stands above it"
        )


@pytest.mark.parametrize("first", ["neuroglancer", "panel_neuroglancer"])
def test_either_package_may_be_imported_first(first):
    second = {"neuroglancer": "panel_neuroglancer", "panel_neuroglancer": "neuroglancer"}[first]
    code = f"""
import {first}, {second}
viewer = neuroglancer.Viewer()
component = panel_neuroglancer.Neuroglancer(viewer)
with viewer.txn() as s:
    s.layout = "3d"
assert component.layout == "3d"
assert not neuroglancer.is_server_running()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_every_module_has_its_place():
    assert {name.split(".")[0] for name in MODULES} - {*ORDER, *APART} == set()


@pytest.mark.parametrize("name", COMPONENT)
def test_only_one_module_asks_for_pyodide(name):
    if name == "_runtime":
        return
    for node in ast.walk(MODULES[name]):
        asked = {
            ast.Attribute: lambda n: n.attr == "platform",
            ast.Name: lambda n: n.id == "_is_pyodide",
            ast.Constant: lambda n: n.value == "emscripten",
            ast.Import: lambda n: any(
                a.name.split(".")[0] in ("js", "pyodide", "pyodide_js") for a in n.names
            ),
            ast.ImportFrom: lambda n: (
                n.level == 0 and n.module.split(".")[0] in ("js", "pyodide", "pyodide_js")
            ),
        }.get(type(node))
        assert not (asked and asked(node)), f"line {getattr(node, 'lineno', '?')}"


def test_the_component_works_without_the_official_package():
    code = "import sys; sys.modules['neuroglancer'] = None; import panel_neuroglancer as p; p.Neuroglancer({'layout': '3d'})"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(SOURCE.parent)}, timeout=120
    )


@pytest.mark.parametrize("name", COMPONENT)
def test_the_examples_in_the_docs_run(name):
    module = importlib.import_module(
        "panel_neuroglancer" if name == "__init__" else f"panel_neuroglancer.{name}"
    )
    assert doctest.testmod(module, raise_on_error=False).failed == 0
