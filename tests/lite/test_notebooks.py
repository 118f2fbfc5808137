"""The notebooks and the workshop, without a browser: what they hold, and that their code runs from top to bottom."""

import ast
import asyncio
import inspect
import json
import re
import sys
from pathlib import Path

import nbformat
import panel as pn
import pytest

from panel_neuroglancer import Neuroglancer

LITE = Path(__file__).parents[2] / "lite"
FOLDER = LITE / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
WORKSHOP = sorted(FOLDER.glob("workshop/*.ipynb"))
MODULES = ("neuropil", "app", "checks")
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def load(path):
    return json.loads(path.read_text("utf8"))


def code(path):
    """Yield a notebook's code cells: id, tags, source."""
    for cell in load(path)["cells"]:
        if cell["cell_type"] == "code":
            yield cell["id"], cell["metadata"].get("tags", []), "".join(cell["source"])


def every_notebook(test):
    return pytest.mark.parametrize("path", LESSONS + WORKSHOP, ids=lambda path: path.stem)(test)


def test_there_are_five_lessons_and_a_workshop():
    assert [path.stem[0] for path in LESSONS] == list("12345")
    assert [path.stem for path in WORKSHOP] == ["exercises", "solutions"]


@every_notebook
def test_a_notebook_is_valid_and_clean(path):
    notebook = load(path)
    nbformat.validate(notebook)
    # No kernel is named, so that the one for Python is taken, in JupyterLite and elsewhere.
    assert notebook["metadata"] == {"language_info": {"name": "python"}}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@every_notebook
def test_a_notebook_begins_with_panel(path):
    _, _, first = next(code(path))
    assert re.match(r"import panel as pn\n\npn\.extension\(\)", first)


@every_notebook
def test_only_what_the_site_has_is_imported(path):
    required = [
        line for line in (LITE / "requirements.txt").read_text().split("\n") if line[:1] not in ("", "#")
    ]
    imported_as = {"pillow": "PIL"}
    required = {imported_as.get(name, name) for name in required}
    site = {"panel", "panel_neuroglancer", "neuroglancer", "numpy", "bokeh"} | required
    beside = {p.stem for folder in {path.parent, FOLDER} for p in folder.glob("*.py")}
    for id, _, source in code(path):
        for node in ast.walk(compile(source, id, "exec", TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.partition(".")[0] for name in names}
            assert roots <= site | beside | sys.stdlib_module_names, id


@pytest.mark.parametrize(
    "path", [*LESSONS, *WORKSHOP, FOLDER / "README.md", FOLDER / "workshop/outline.md"], ids=lambda p: p.name
)
def test_links_lead_somewhere(path):
    text = path.read_text("utf8")
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", text):
        assert (path.parent / target).exists(), target


def test_tags_tell_where_the_viewers_are():
    for path in LESSONS + WORKSHOP:
        for id, tags, source in code(path):
            last = ast.unparse(
                compile(source, id, "exec", TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST).body[-1:] or []
            )
            names = re.findall(r"^(\w+) = Neuroglancer\(", source, re.MULTILINE)
            shows = "Neuroglancer(" in last or last in names
            assert ("viewer" in tags) >= shows, (path.name, id)
            assert ("click" in tags) <= ("viewer" in tags), (path.name, id)


# ------------------------------------------------------------------------------------------------ top to bottom


@pytest.fixture
def run(site, monkeypatch):
    """Run a notebook's cells as a kernel does, but for those that need a page; gives each cell's last value."""
    monkeypatch.setenv("PANEL_NEUROGLANCER_SITE_URL", f"{site.as_uri()}/")
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    # Modules that notebooks import stay behind otherwise.
    monkeypatch.setattr(sys, "modules", sys.modules)

    def go(path):
        # The data lie beside the notebooks of the site.
        monkeypatch.chdir(site)
        sys.path.insert(0, str(path.parent))
        return asyncio.run(_run(path))

    yield go
    for name in MODULES:
        sys.modules.pop(name, None)


async def _run(path):
    scope, values = {"__name__": "__main__"}, {}
    for id, tags, source in code(path):
        if "page" in tags:
            continue
        tree = compile(source, id, "exec", TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            tree.body[-1] = ast.copy_location(
                ast.Assign([ast.Name("_last", ast.Store())], tree.body[-1].value), tree.body[-1]
            )
        scope["_last"] = None
        running = eval(compile(ast.fix_missing_locations(tree), id, "exec", TOP_LEVEL_AWAIT), scope)
        if inspect.isawaitable(running):
            await running
        values[id] = scope["_last"]
    return values


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_without_a_person(run, path):
    values = run(path)
    for id, tags, _ in code(path):
        if "viewer" in tags:
            assert isinstance(values[id], Neuroglancer | pn.viewable.Viewable), id


def test_the_solutions_are_right(run):
    found = {
        id: value for id, value in run(FOLDER / "workshop/solutions.ipynb").items() if id.startswith("check-")
    }
    assert len(found) == 9
    assert all(found.values()), found


def test_nothing_is_right_before_it_is_done(run):
    found = {
        id: value for id, value in run(FOLDER / "workshop/exercises.ipynb").items() if id.startswith("check-")
    }
    assert len(found) == 9
    assert not any(found.values()), found


def test_solutions_differ_in_the_answers_only():
    exercises, solutions = (
        load(FOLDER / f"workshop/{name}.ipynb")["cells"] for name in ("exercises", "solutions")
    )
    assert [cell["id"] for cell in exercises] == [cell["id"] for cell in solutions]
    for one, other in zip(exercises[1:], solutions[1:], strict=True):
        if "exercise" in one["metadata"].get("tags", []):
            assert one["source"][0].startswith("# your turn")
            assert one["source"][0].rstrip() == other["source"][0].rstrip()
            assert one["source"] != other["source"]
        else:
            assert one == other
