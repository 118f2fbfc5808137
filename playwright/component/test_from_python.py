"""Python → viewer: every parameter changes the picture, at once, and reloads nothing that need not be."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

APP = "one"
# With Python on the page the same goes over a shorter way: test_page and test_viewers show that it arrives.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="module")
KEEP = "window.kept = v.layerManager.managedLayers.map((m) => m.layer), true"
KEPT = "v.layerManager.managedLayers.map((m) => window.kept.indexOf(m.layer))"


@pytest.fixture(autouse=True)
def start(app: Any) -> None:
    """Begin each test with the same state, everything loaded that a change of the view shows, and all quiet."""
    if not hasattr(app, "first"):
        app.first = app.until("p.ready")["state"]
        app.set(layout="4panel")
    app.set(state=app.first, ui="none")
    app.messages()


@pytest.mark.parametrize(
    ("params", "key", "value"),
    [
        ({"position": [10, 3, 2.5]}, "position", [10, 3, 2.5]),
        ({"cross_section_scale": 0.25}, "crossSectionScale", 0.25),
        ({"layout": "xz"}, "layout", "xz"),
        ({"layout": {"type": "xy-3d", "orthographicProjection": True}}, "layout", {"type": "xy-3d", "orthographicProjection": True}),
        ({"layout": "3d", "projection_scale": 30}, "projectionScale", 30),
        ({"layout": "3d", "projection_orientation": [0, 0.6, 0, 0.8]}, "projectionOrientation", [0, 0.6, 0, 0.8]),
        ({"layout": "3d", "selected_segments": {"cells": [2, 3]}}, "segments", ["2", "3"]),
    ],
    ids=lambda x: next(iter(reversed(x))) if isinstance(x, dict) else "",
)  # fmt: skip
def test_a_parameter_changes_the_picture_and_reloads_nothing(
    app: Any, params: dict[str, Any], key: str, value: Any
) -> None:
    if len(params) > 1:  # the part that the picture is compared for comes last
        app.set(layout=params["layout"])
        app.messages()
    app.run(KEEP)
    before = app.picture()
    events = app.python["events"].get("selected_segments", 0)
    seen_before = len(app.watch.requests)
    got = app.set(**params)
    assert app.run(KEPT) == [0, 1]
    state = app.state()
    shown = state["layers"][1] if key == "segments" else state
    assert (sorted(shown[key]) if key == "segments" else shown[key]) == value
    assert {name: got[name] for name in params} == params
    after = app.picture()
    assert after.shape != before.shape or (after != before).any()
    # One command, and not more than two reports of what came of it: no echo.
    messages = app.messages()
    assert messages["command"] == 1
    assert messages["report"] <= 2
    assert app.python["state"] == app.state()
    assert app.python["events"].get("selected_segments", 0) - events == ("selected_segments" in params)
    again = [url for url in app.watch.requests[seen_before:] if "/info" in url]
    assert not again, "metadata was read again"
    if key in ("crossSectionScale", "projectionScale", "projectionOrientation"):
        assert app.watch.requests[seen_before:] == []


def test_a_link_is_shown(app: Any) -> None:
    state = {**app.first, "position": [5, 6, 7.5]}
    import json

    url = f"https://example.org/somewhere/#!{quote(json.dumps(state))}"
    got = app.set(url=url)
    assert got["position"] == [5, 6, 7.5]
    assert app.state()["position"] == [5, 6, 7.5]
    assert got["url"].startswith("https://example.org/somewhere/#!"), "the link's own site is kept"
    assert got["raised"] == ""


def test_a_whole_state_is_shown(app: Any, known: Any) -> None:
    state = {**app.first, "layers": app.first["layers"][:1], "position": [8, 4, 1.5]}
    app.set(state=state)
    assert app.state()["layers"] == state["layers"]
    assert len(app.python["state"]["layers"]) == 1
    # The voxel in the middle: one pixel right and below of it lies voxel (8, 4, 1).
    assert app.picture()[111, 121, 0] == known.voxels()[8, 4, 1]


def test_a_layers_looks_change_in_place(app: Any) -> None:
    image, cells = app.first["layers"]
    app.run(KEEP)
    seen = len(app.watch.requests)
    app.set(
        state={**app.first, "layers": [{**image, "shader": "void main() { emitRGB(vec3(1, 0, 0)); }"}, cells]}
    )
    assert app.run(KEPT) == [0, 1]
    assert app.watch.requests[seen:] == []
    assert tuple(app.picture()[110, 120]) == (255, 0, 0)


def test_ui_presets_and_options(app: Any) -> None:
    bar, layers = (
        app.page.locator(".neuroglancer-viewer-top-row"),
        app.page.locator(".neuroglancer-layer-panel"),
    )
    app.run(KEEP)
    app.set(ui="full")
    bar.wait_for(state="visible")
    layers.wait_for(state="visible")
    app.set(ui="minimal")
    layers.wait_for(state="visible")
    app.set(ui={"showLayerPanel": False})
    layers.wait_for(state="hidden")
    bar.wait_for(state="visible")
    app.set(ui="none")
    bar.wait_for(state="hidden")
    assert app.run(KEPT) == [0, 1]


@pytest.mark.parametrize(
    "params",
    [
        {"layout": "round"},
        {"cross_section_scale": 0},
        {"ui": "some"},
        {"selected_segments": {"nothing": [1]}},
        {"url": "nonsense"},
    ],
)
def test_a_bad_value_is_refused_and_the_picture_stays(app: Any, params: dict[str, Any]) -> None:
    before = app.picture()
    got = app.set(**params)
    assert "Expected" in got["raised"]
    assert got["state"] == app.state() == app.first
    if "url" in params:  # an alert takes room then
        assert got["errors"][0]["kind"] == "bad-url"
        assert not app.set(cross_section_scale=1)["errors"]
        app.set(cross_section_scale=1 / 6)
    assert (app.picture() == before).all()


def test_a_burst_ends_with_both_sides_equal(app: Any, known: Any) -> None:
    """Two hundred changes of the slider: the last one counts, on all three sides."""
    depths = [round(0.5 + 7 * ((i * 37) % 200) / 200, 2) for i in range(199)]
    app.order(depths=[*depths, 2.5])
    got = app.settle()
    assert got["z"] == got["position"][2] == 2.5
    assert got["state"] == app.state()
    assert app.state()["position"] == [16, 6, 2.5]
    assert app.picture()[111, 121, 0] == known.voxels()[16, 6, 2]
    assert app.messages()["report"] <= 2 * 200


def test_widgets_steer_the_viewer(app: Any) -> None:
    """The widgets themselves, as a user has them."""
    app.page.get_by_label("Layout").select_option("xz")
    got = app.until("p.layout === 'xz' && p.ready")
    assert got["choice"] == app.state()["layout"] == "xz"
    field = app.page.get_by_label("Scale")
    field.fill("0.5")
    field.press("Enter")
    got = app.until("p.cross_section_scale === 0.5 && p.ready")
    assert app.state()["crossSectionScale"] == 0.5
    assert np.isclose(got["scale"], 0.5)
    handle = app.page.locator(".noUi-handle").first
    handle.focus()
    handle.press("PageUp")
    got = app.until("p.z !== 4.5 && p.position[2] === p.z && p.ready")
    assert app.settle()["state"] == app.state()
    assert app.state()["position"][2] == pytest.approx(got["z"])
