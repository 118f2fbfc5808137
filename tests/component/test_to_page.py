"""What Python sets comes to the page."""

import pytest
from stand_ins import STATE

from panel_neuroglancer import StateError, UrlError, parse_url


def test_one_batch_makes_one_command(viewer, tab):
    viewer.param.update(position=[4, 5, 6], layout="3d", cross_section_scale=2)
    assert [c["seq"] for c in tab.commands] == [2]
    assert tab.commands[0]["state"] == {
        **STATE,
        "position": [4.0, 5.0, 6.0],
        "layout": "3d",
        "crossSectionScale": 2.0,
    }
    assert viewer.state == tab.commands[0]["state"]


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("position", (4, 5, 6), "position", [4.0, 5.0, 6.0]),
        ("cross_section_scale", 3, "crossSectionScale", 3.0),
        ("projection_scale", 3, "projectionScale", 3.0),
        ("projection_orientation", [0, 0, 0, 1], "projectionOrientation", [0.0, 0.0, 0.0, 1.0]),
        (
            "layout",
            {"type": "xy", "orthographicProjection": True},
            "layout",
            {"type": "xy", "orthographicProjection": True},
        ),
    ],
)
def test_each_part_reaches_state_url_and_page(viewer, tab, name, value, key, expected):
    setattr(viewer, name, value)
    assert getattr(viewer, name) == viewer.state[key] == tab.commands[0]["state"][key] == expected
    assert parse_url(viewer.url) == viewer.state
    assert len(tab.commands) == 1


def test_a_numpy_position_is_a_position(viewer, tab):
    np = pytest.importorskip("numpy")
    viewer.position = np.array([4, 5, 6], np.uint16)
    assert viewer.position == [4.0, 5.0, 6.0]


def test_a_new_state_replaces_the_parts(viewer, tab):
    viewer.state = {"layout": "xy", "layers": []}
    assert (viewer.layout, viewer.position, viewer.selected_segments) == ("xy", None, {})
    assert tab.commands[-1]["state"] == {"layout": "xy", "layers": []}


def test_a_state_changed_in_place_and_set_again_is_shown(viewer, tab):
    state = viewer.state
    state["layout"] = "3d"
    viewer.state = state
    assert tab.commands[-1]["state"]["layout"] == "3d"
    assert viewer.layout == "3d"


def test_setting_what_is_shown_sends_nothing(viewer, tab):
    viewer.param.update(state=dict(viewer.state), position=[1, 2, 3], layout="4panel", url=viewer.url)
    assert tab.commands == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position", "abc"),
        ("cross_section_scale", -1),
        ("projection_scale", float("nan")),
        ("projection_orientation", [1, 2, 3]),
        ("layout", "circle"),
        ("selected_segments", {"seg": [-1]}),
        ("selected_segments", {"no such layer": [1]}),
        ("state", []),
        ("state", {"position": "abc"}),
        ("ui", "some"),
        ("ui", {"showEverything": True}),
        ("ui", {"showLocation": 1}),
        ("url", "nonsense"),
    ],
)
def test_a_bad_value_is_refused_and_changes_nothing(viewer, tab, name, value):
    before = viewer.param.values()
    with pytest.raises(StateError if name != "url" else UrlError, match="Expected"):
        setattr(viewer, name, value)
    after = viewer.param.values()
    assert {k for k in before if before[k] != after[k]} <= ({"errors"} if name == "url" else set())
    assert tab.commands == []


def test_ui_options_reach_the_page(viewer, tab):
    viewer.ui = "minimal"
    assert tab.data.ui == {"preset": "minimal", "options": {}}
    viewer.ui = {"showLocation": False}
    assert tab.data.ui == {"preset": "full", "options": {"showLocation": False}}
