"""What is drawn, and what of it is in the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

ZOOM = 6


def plane(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the grey values of a plane of `shape` (columns, rows) in the middle of `picture`, one per voxel."""
    left, top = ((have - ZOOM * want) // 2 for have, want in zip(picture.shape[1::-1], shape, strict=True))
    part = picture[top : top + ZOOM * shape[1], left : left + ZOOM * shape[0]]
    cells = part.reshape(shape[1], ZOOM, shape[0], ZOOM, 3)
    assert (cells == cells[:, :1, :, :1, :1]).all(), "a voxel is not one grey"
    return cells[:, 0, :, 0, 0].T


@pytest.mark.parametrize(("layout", "axes"), [("xy", (0, 1)), ("xz", (0, 2)), ("yz", (2, 1))])
def test_exact_pixels_on_each_axis(lab: Any, known: Any, layout: str, axes: tuple[int, int]) -> None:
    view = lab.open(state=lab.state(layout=layout, position=[16, 12, 8]), size=(210, 160))
    values = known.voxels()
    at: list[Any] = [16, 12, 8]
    for axis in axes:
        at[axis] = slice(None)
    wanted = values[tuple(at)]
    if layout == "yz":
        wanted = wanted.T[::-1]  # neuroglancer looks along -x there: z grows to the left
    shape = (known.SHAPE[axes[0]], known.SHAPE[axes[1]])
    assert (plane(view.picture(0), shape) == wanted).all()


def test_the_picture_is_on_the_screen(lab: Any) -> None:
    """The canvas is what the user sees: nothing lies over it."""
    view = lab.open()
    assert (view.screen() == view.picture()).all()


def test_state_round_trip(lab: Any) -> None:
    state = lab.state(
        lab.image(), lab.segmentation(segments=["9"], selectedAlpha=0.25), layout="4panel", position=[3, 4, 5]
    )
    view = lab.open(state=state)
    again = lab.open("b", state=view.state)
    assert view.state == again.state
    seen = view.state
    assert {
        k: seen[k] for k in ("position", "layout", "crossSectionScale", "projectionScale", "dimensions")
    } == {k: state[k] for k in ("position", "layout", "crossSectionScale", "projectionScale", "dimensions")}
    assert [layer["name"] for layer in seen["layers"]] == ["image", "labels"]
    assert seen["layers"][1]["segments"] == ["9"]


def test_upstream_viewer_on_the_element(lab: Any) -> None:
    view = lab.open()
    assert (
        view.run(
            "view.element.neuroglancerViewer === view.viewer && view.viewer.layerManager.managedLayers[0].name"
        )
        == "image"
    )
    view.page.evaluate(
        "document.querySelector('#a').firstElementChild.neuroglancerViewer.position.value = new Float32Array([1, 2, 3])"
    )
    view.wait("view.getState().position[2] === 3")


KEEP = "window.kept = view.viewer.layerManager.managedLayers.map((m) => m.layer)"
KEPT = "view.viewer.layerManager.managedLayers.map((m) => window.kept.indexOf(m.layer))"


@pytest.mark.parametrize(
    "change",
    [
        {"position": [3, 4, 6.5]},
        {"crossSectionScale": 0.25},
        {"layout": "4panel"},
        {"shader": "void main() { emitRGB(vec3(0, 1, 0)); }"},
        {"opacity": 0.75},
        {"visible": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_partial_change_reloads_nothing(lab: Any, change: dict[str, Any]) -> None:
    red = "void main() { emitRGB(vec3(1, 0, 0)); }"
    view = lab.open(state=lab.state(lab.image(), lab.image("red", shader=red, opacity=0.25)))
    view.run(KEEP)
    before = view.picture()
    lab.watch.requests.clear()
    state = view.state
    target = state["layers"][1] if next(iter(change)) in ("shader", "opacity", "visible") else state
    target.update(change)
    view.set_state(state)
    view.ready()
    assert view.run(KEPT) == [0, 1]
    chunks_of_other_planes = "layout" in change or "position" in change
    assert chunks_of_other_planes or lab.watch.requests == []
    assert not any(url.endswith("/info") for url in lab.watch.requests)
    after = view.picture()
    changed = bool((after != before).any())
    assert changed
    seen = view.state["layers"][1] if target is not state else view.state
    assert {key: seen[key] for key in change} == change


def test_layers_come_go_and_change_places(lab: Any) -> None:
    view = lab.open(state=lab.state(lab.image("one"), lab.image("two", visible=False)))
    view.run(KEEP)
    state = view.state
    one, two = state["layers"]
    for layers, kept in [
        ([two, one], [1, 0]),
        ([two, lab.segmentation("three"), one], [1, -1, 0]),
        ([one], [0]),
    ]:
        view.set_state({**state, "layers": layers})
        view.ready()
        assert [layer["name"] for layer in view.state["layers"]] == [layer["name"] for layer in layers]
        assert view.run(KEPT) == kept
    lab.watch.requests.clear()
    view.set_state({**state, "layers": [{**one, "source": f"precomputed://{lab.server}/data/labels"}]})
    view.ready()
    assert view.run(KEPT) == [-1], "a layer with other data must be another one"
    view.set_state({**state, "layers": []})
    view.ready()
    assert view.picture().max() == 0


def test_segments_change_in_place(lab: Any) -> None:
    view = lab.open(
        state=lab.state(
            lab.segmentation(
                segments=["7"], segmentColors={"7": "#ff0000", "9": "#00ff00"}, selectedAlpha=1, saturation=1
            )
        )
    )
    width = view.picture(0).shape[1]
    low, high = (slice(None), slice(0, width // 2 - 6)), (slice(None), slice(width // 2 + 6, None))
    assert tuple(view.picture(0)[low].max((0, 1))) == (255, 0, 0)
    view.run(KEEP)
    state = view.state
    state["layers"][0]["segments"] = ["9"]
    view.set_state(state)
    view.ready()
    picture = view.picture(0)
    assert picture[low].max() == 0
    assert tuple(picture[high].max((0, 1))) == (0, 255, 0)
    assert view.run(KEPT) == [0]
    assert view.state["layers"][0]["segments"] == ["9"]


def test_mesh_is_drawn(lab: Any) -> None:
    view = lab.open(
        state=lab.state(lab.segmentation(segments=["7"], segmentColors={"7": "#ff0000"}), layout="3d")
    )
    picture = view.picture(0)
    red = (picture[..., 0] > 60) & (picture[..., 1] < 30)
    assert red.sum() > 500


@pytest.mark.parametrize("wanted", ["nothing", "layout", "other layer"])
def test_a_state_shows_itself_and_nothing_of_the_one_before(lab: Any, wanted: str) -> None:
    other = lab.segmentation()
    state = {"nothing": {}, "layout": {"layout": "xz"}, "other layer": {"layers": [other]}}[wanted]
    used = lab.open("a", lab.state(crossSectionScale=0.5, position=[3, 4, 5.5], projectionScale=7))
    used.set_state(state)
    new = lab.open("b", state)
    assert used.ready().state == new.state
    assert (used.picture() == new.picture()).all()
