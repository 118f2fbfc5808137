"""What a page gets at first, and a live viewer of the official package."""

import pytest
from stand_ins import LINK, STATE, Page

from panel_neuroglancer import Neuroglancer, StateError, parse_url

# What the first page gets


def test_a_model_starts_with_the_state(viewer, tab):
    assert tab.data.command == {"seq": 1, "state": STATE, "seen": {}, "origin": None}
    assert tab.data.engine == {"url": "", "entry": "engine-1.js"}
    assert tab.data.ui == {"preset": "full", "options": {}}
    assert tab.data.dark is False
    assert tab.model.esm == "export default {render() {}}"


def test_without_a_source_nothing_is_commanded(dist):
    assert Page(Neuroglancer()).data.command == {"seq": 0, "state": {}, "seen": {}, "origin": None}


def test_parameters_given_with_the_source_are_laid_over_it(dist):
    viewer = Neuroglancer(STATE, layout="3d", selected_segments={"seg": [7]})
    assert Page(viewer).data.command["seq"] == 1
    assert viewer.state["layout"] == "3d"
    assert viewer.position == [1, 2, 3]
    assert viewer.selected_segments == {"seg": [7]}


@pytest.mark.parametrize("source", [LINK, STATE, "viewer_state", "state param", "url param"])
def test_every_kind_of_source(dist, source):
    neuroglancer = pytest.importorskip("neuroglancer")
    viewer = {
        "viewer_state": lambda: Neuroglancer(neuroglancer.ViewerState(STATE)),
        "state param": lambda: Neuroglancer(state=STATE),
        "url param": lambda: Neuroglancer(url=LINK),
    }.get(str(source), lambda: Neuroglancer(source))()
    assert viewer.layout == "4panel"
    assert viewer.position == [1, 2, 3]
    assert viewer.selected_segments == {"seg": [1]}
    assert parse_url(viewer.url)["layers"][0]["name"] == "em"


def test_a_data_source_is_a_source(dist):
    viewer = Neuroglancer("precomputed://gs://bucket/em")
    assert viewer.state["layers"][0]["source"] == "precomputed://gs://bucket/em"


def test_a_state_file_is_left_to_the_page(dist):
    viewer = Neuroglancer("https://h.org/#!gs://bucket/state.json")
    tab = Page(viewer)
    assert tab.data.command["state"] == {"#url": "gs://bucket/state.json"}
    with pytest.raises(StateError, match="still being fetched"):
        viewer.selected_segments = {"seg": [1]}
    tab.report(STATE)
    assert viewer.state == STATE
    viewer.selected_segments = {"seg": [1, 5]}
    assert tab.commands[-1]["state"]["layers"][1]["segments"] == ["1", "!2", "5"]


@pytest.mark.parametrize("source", ["nonsense", 5, ["x"], {"layers": "x"}, {1: 2}, ""])
def test_a_bad_source_is_refused(dist, source):
    with pytest.raises(ValueError, match="Expected"):
        Neuroglancer(source)


# A live viewer of the official package


def test_a_live_viewers_state_is_shown_and_followed(official):
    shown = Neuroglancer(official)
    assert shown.layout == "xy"
    with official.txn() as s:
        s.layout = "3d"
    assert shown.layout == "3d"


def test_what_the_component_is_given_reaches_the_live_viewer(official):
    shown = Neuroglancer(official)
    shown.layout = "yz"
    assert official.state.layout.type == "yz"


def test_a_watcher_may_change_the_live_viewer_in_turn(official):
    shown = Neuroglancer(official)

    def answer(event):
        with official.txn() as s:
            s.title = "seen"

    shown.param.watch(answer, "layout")
    with official.txn() as s:
        s.layout = "3d"
    assert official.state.title == "seen"
    assert shown.state["title"] == "seen"


def test_a_callback_may_answer_what_the_component_or_its_page_does(official):
    shown = Neuroglancer(official)
    page = Page(shown)

    def answer():
        if official.state.projection_scale != official.state.cross_section_scale:
            with official.txn() as s:
                s.projection_scale = s.cross_section_scale

    official.shared_state.add_changed_callback(answer)
    shown.cross_section_scale = 2
    assert (shown.projection_scale, shown.state["projectionScale"]) == (2, 2)
    page.report({"crossSectionScale": 3, "projectionScale": 2})
    assert (shown.cross_section_scale, shown.projection_scale) == (3, 3)
    assert shown.state == page.commands[-1]["state"] == {"crossSectionScale": 3, "projectionScale": 3}
    assert official.state.projection_scale == 3


def test_an_array_of_a_live_viewer_is_served_under_its_token(official):
    import neuroglancer
    import numpy as np

    space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[4, 4, 40])
    with official.txn() as s:
        s.layers["a"] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(np.zeros((4, 3, 2), "uint8"), dimensions=space)
        )
    shown = Neuroglancer(official)
    assert f"python://volume/{official.token}." in str(shown.state["layers"][0]["source"])
