"""The notebooks and the workshop, without a browser: what they hold, and that their code runs from top to bottom."""

import ast
import asyncio
import inspect
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import neuroglancer
import numpy as np
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


# ---------------------------------------------------------------------------------------------------- the tissue


@pytest.fixture(scope="module")
def checks():
    sys.path.insert(0, str(FOLDER / "workshop"))
    kept = [*sys.path]
    try:
        import checks

        yield checks
    finally:
        sys.path[:] = [p for p in kept if not p.startswith(str(FOLDER))]
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def tissue(checks):
    return checks.tissue


def test_tissue_is_the_same_every_time(checks, tissue):
    again = checks.make_neuropil()
    for one, other in zip(tissue, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(checks.make_neuropil(seed=5).labels, tissue.labels)


def test_fibres_are_numbered_without_a_gap(tissue):
    assert tissue.image.shape == tissue.labels.shape == tissue.mitochondria.shape
    assert tissue.image.dtype == np.uint8
    assert np.unique(tissue.labels).tolist() == list(range(tissue.labels.max() + 1))
    # NumPy counts them in 32-bit Python as well, which refuses uint32.
    assert np.can_cast(tissue.labels.dtype, np.int32)
    assert np.can_cast(tissue.mitochondria.dtype, np.int32)


def test_the_image_shows_what_the_labels_say(tissue):
    insides = tissue.image[(tissue.labels > 0) & (tissue.mitochondria == 0)].mean()
    assert tissue.image[tissue.labels == 0].mean() < insides - 60
    assert tissue.image[tissue.mitochondria > 0].mean() < insides - 40


def test_a_mitochondrion_lies_in_one_fibre(tissue):
    for number in range(1, tissue.mitochondria.max() + 1):
        assert len(np.unique(tissue.labels[tissue.mitochondria == number])) == 1


def test_a_synapse_lies_between_its_partners(checks, tissue):
    assert len(tissue.synapses) == len(tissue.partners) == 24
    for place, partners in zip(tissue.synapses, tissue.partners, strict=True):
        box = tuple(slice(p - 3, p + 4) for p in place)
        assert partners[0] != partners[1]
        assert tissue.labels[tuple(place)] == partners[0]
        assert partners[1] in tissue.labels[box]


# ---------------------------------------------------------------------------------------------------- the checks


def layers(**layers):
    """Make what a check sees of a viewer."""
    state = neuroglancer.ViewerState()
    for name, layer in layers.items():
        state.layers[name] = layer
    return SimpleNamespace(state=state)


def space(names, scales, units="nm"):
    return neuroglancer.CoordinateSpace(names=names, scales=scales, units=units)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (..., "Not done yet"),
        (space(["z", "y"], [32, 16]), "you named 2"),
        (space(["a", "b", "c"], [32, 16, 16]), "Call the axes x, y and z"),
        (space(["x", "y", "z"], [16, 16, 32]), 'Begin with "z"'),
        (space(["z", "y", "x"], [16, 16, 32]), "Give them in the order of the names"),
        (space(["z", "y", "x"], [32, 16, 16], "um"), 'Write units="nm"'),
        (space(["z", "y", "x"], [32, 16, 16], "s"), 'Write units="nm"'),
        (space(["z", "y", "x"], [30, 16, 16]), "Expected 32, 16, 16"),
    ],
)
def test_wrong_sizes(checks, answer, says):
    verdict = checks.space(answer)
    assert not verdict
    assert says in verdict.text


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (None, "Not done yet"),
        ([90, 90], "two different"),
        ([200, 50], "Swap"),
        ([50, 400], "Too dark"),
        ([20, 120], "Too bright"),
        ([130, 200], "Lower the first"),
        ([-200, 200], "Raise the first"),
        ([60, 200], None),
    ],
)
def test_contrast(checks, ends, says):
    controls = {} if ends is None else {"contrast": {"range": ends}}
    layer = neuroglancer.ImageLayer(source="zarr3://https://host/em", shader_controls=controls)
    verdict = checks.contrast(layers(em=layer))
    assert bool(verdict) == (says is None)
    assert says is None or says in verdict.text


@pytest.mark.parametrize(
    ("position", "says"),
    [
        (None, "no position yet"),
        ([12, -18, 8], "the right one"),
        ([-12, -18, 30], "22 mm down"),
        ([0, -40, 8], "12 mm left, 22 mm forward"),
        ([-10, -20, 9], None),
    ],
)
def test_the_way(checks, position, says):
    verdict = checks.place(position)
    assert bool(verdict) == (says is None)
    assert says is None or says in verdict.text


def test_the_strongest(checks):
    a, b, c = checks._powered()
    assert checks.powered([c, a, b])
    for answer, says in (
        (..., "Not done yet"),
        ([0, a, b], "0 is no fibre"),
        ([a, b, c, 1], "Show only three"),
        ([a, 1], "Not among the three: 1 has"),
        ([a], "2 more are"),
        ([a, b], "1 more is"),
    ):
        verdict = checks.powered(answer)
        assert not verdict
        assert says in verdict.text


def test_volumes(checks, tissue):
    voxels = {number: np.count_nonzero(tissue.labels == number) for number in checks._powered()}
    right = {number: count * 16 * 16 * 32 / 1e9 for number, count in voxels.items()}
    assert checks.volumes(right)
    for answer, says in (
        (..., "Not done yet"),
        (dict(list(right.items())[:2]), "is missing"),
        (voxels, "the number of voxels"),
        ({n: v * 1e9 for n, v in right.items()}, "cubic nanometres"),
        ({n: v * 1e6 for n, v in right.items()}, "divided by 1000 once"),
        ({n: v / 2 for n, v in right.items()}, "Just half"),
        ({n: v * 3 for n, v in right.items()}, "is not right"),
    ):
        verdict = checks.volumes(answer)
        assert not verdict
        assert says in verdict.text


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([], "Nothing is merged"),
        ([[34, 1001]], "1002 belongs to them"),
        ([[34, 1001, 1002, 8]], "8 is another fibre"),
        ([[34, 1001], [8, 18]], "8, 18 is another fibre"),
        ([[34, 1001, 1002]], None),
    ],
)
def test_merges(checks, groups, says):
    layer = neuroglancer.SegmentationLayer(source="zarr3://https://host/labels", equivalences=groups)
    verdict = checks.merged(layers(pieces=layer))
    assert bool(verdict) == (says is None)
    assert says is None or says in verdict.text


def test_the_pieces_are_one_fibre(checks, tissue):
    pieces = checks.broken()
    numbers = [checks.BROKEN, *checks.PIECES]
    np.testing.assert_array_equal(np.isin(pieces, numbers), tissue.labels == checks.BROKEN)
    assert all(np.count_nonzero(pieces == number) > 5000 for number in numbers)


def marked(points):
    marks = [neuroglancer.PointAnnotation(id=str(i), point=point) for i, point in enumerate(points)]
    space_ = space(["x", "y", "z"], [16, 16, 32])
    return layers(synapses=neuroglancer.LocalAnnotationLayer(dimensions=space_, annotations=marks))


def test_synapses(checks, tissue):
    a, b, c = tissue.synapses[:3] + 0.5
    assert checks.synapses(marked([a, b + 1, c]))
    for points, says in (
        ([], "No points yet"),
        ([a, b], "2 found, 1 to go"),
        ([a, a + 1, b], "count once"),
        ([a, b, [1, 1, 1]], "point 3 is"),
    ):
        verdict = checks.synapses(marked(points))
        assert not verdict
        assert says in verdict.text


def test_distances(checks):
    points = np.array([[10, 10, 10], [20, 10, 10], [10, 10, 20]], float)
    viewer = marked(points)
    assert checks.distances([0, 160, 320], viewer)
    for answer, says in (
        (..., "Not done yet"),
        ([0, 160], "3 points and 2 distances"),
        ([0, 10, 10], "Those are voxels"),
        ([0, 160, 160], "32 nm along z"),
        ([0, 1, 2], "Expected 0, 160, 320 nm"),
    ):
        verdict = checks.distances(answer, viewer)
        assert not verdict
        assert says in verdict.text
    assert "exercise 7" in checks.distances([0], marked([])).text


def test_sliders(checks):
    def fresh():
        return Neuroglancer({"position": [64, 64, 32]}), pn.widgets.IntSlider(start=0, end=63, value=32)

    def go(view, slider, x=64):
        slider.param.watch(lambda event: setattr(view, "position", [x, 64, event.new + 0.5]), "value")

    def follow(view, slider):
        view.param.watch(lambda event: setattr(slider, "value", int(event.new[2])), "position")

    view, slider = fresh()
    assert "Not done yet" in checks.slider(..., view).text
    assert "no slider" in checks.slider(3, view).text
    assert "numbered 0 to 63" in checks.slider(pn.widgets.IntSlider(start=0, end=10), view).text
    assert "the viewer stays" in checks.slider(slider, view).text
    go(view, slider)
    assert "the slider stays" in checks.slider(slider, view).text
    follow(view, slider)
    assert checks.slider(slider, view)
    # The check leaves the viewer where it was.
    assert view.position == [64, 64, 32]
    view, slider = fresh()
    go(view, slider, x=1)
    follow(view, slider)
    assert "Keep them" in checks.slider(slider, view).text


def test_a_verdict_shows_itself(checks):
    assert repr(checks.right("Yes.")) == "✔ Yes."
    assert repr(checks.wrong("No.")) == "✘ No."
    assert "&lt;b&gt;" in checks.wrong("<b>")._repr_html_()
