"""The checks of the workshop: what is right is right, and what is wrong is told with how to mend it."""

from types import SimpleNamespace

import neuroglancer
import numpy as np
import panel as pn
import pytest

from panel_neuroglancer import Neuroglancer


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
