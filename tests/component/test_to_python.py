"""What the page reports comes to Python."""

import panel as pn
import pytest
from stand_ins import STATE, Page, with_segments

from panel_neuroglancer import Neuroglancer, StateError, component, parse_url, to_url
from panel_neuroglancer.state import link_of


def test_a_report_sets_every_parameter_and_is_not_echoed(viewer, tab):
    state = {
        **STATE,
        "position": [7.5, 8, 9],
        "crossSectionScale": 0.5,
        "projectionScale": 99,
        "projectionOrientation": [0, 1, 0, 0],
        "layout": "xy-3d",
        "layers": [STATE["layers"][0], {**STATE["layers"][1], "segments": ["1", "18446744073709551615"]}],
    }
    tab.report(state)
    assert viewer.state == state
    assert viewer.position == [7.5, 8, 9]
    assert (viewer.cross_section_scale, viewer.projection_scale) == (0.5, 99)
    assert viewer.projection_orientation == [0, 1, 0, 0]
    assert viewer.layout == "xy-3d"
    assert viewer.selected_segments == {"seg": [1, 2**64 - 1]}
    assert parse_url(viewer.url) == state
    assert tab.commands == []


def test_the_order_of_segments_is_kept_and_new_ones_come_last(viewer, tab):
    heard = []
    viewer.selected_segments = {"seg": [9, 2, 5]}
    viewer.param.watch(heard.append, "selected_segments")
    tab.report(with_segments("2", "5", "9", layout="3d"))
    assert viewer.selected_segments == {"seg": [9, 2, 5]}
    assert heard == []
    tab.report(with_segments("!4", "7", "5", "9"))
    assert viewer.selected_segments == {"seg": [9, 5, 7]}


def test_a_layer_that_shows_anothers_segments_has_them_too(viewer, tab):
    both = with_segments("1", "2")
    both["layers"].append(
        {"type": "segmentation", "name": "b", "linkedSegmentationGroup": "seg", "source": []}
    )
    tab.report(both, linked_segments={"b": "seg"})
    assert viewer.selected_segments == {"seg": [1, 2], "b": [1, 2]}
    both = {**both, "layers": [{**layer, "segments": ["3"]} for layer in both["layers"][1:]]}
    tab.report(both)
    assert viewer.selected_segments == {"seg": [3], "b": [3]}


def test_watchers_hear_only_of_what_changed(viewer, tab):
    heard = []
    viewer.param.watch(lambda *events: heard.extend(e.name for e in events), list(viewer.param))
    tab.report({**STATE, "layout": "xy"})
    assert sorted(heard) == ["layout", "state", "url"]


def test_state_and_url_are_made_when_they_are_read_and_told_to_who_watches(viewer, tab, monkeypatch):
    made = []
    monkeypatch.setattr(component, "link_of", lambda *args: made.append(args) or link_of(*args))
    tab.report({**STATE, "layout": "xy"})
    viewer.position = [7, 7, 7]
    assert made == []
    assert parse_url(viewer.url) == viewer.state == {**STATE, "layout": "xy", "position": [7, 7, 7]}
    assert len(made) == 1
    # One who begins to watch hears of the next change, with the value before and after, even if it is the first again.
    first = viewer.url
    viewer.layout = "3d"
    heard = []
    viewer.param.watch(lambda *events: heard.extend(events), ["state", "url"])
    viewer.layout = "xy"
    old, new = ({e.name: getattr(e, which) for e in heard} for which in ("old", "new"))
    assert old["state"]["layout"] == "3d"
    assert parse_url(old["url"]) == old["state"]
    assert (new["url"], new["state"]["layout"]) == (first, "xy")


def test_what_is_read_is_the_readers_own(viewer, tab):
    viewer.state["layers"][1]["segments"].append("5")
    viewer.selected_segments["seg"].append(6)
    tab.report({**STATE, "layout": "xy"})
    assert viewer.state == {**STATE, "layout": "xy"}
    viewer.selected_segments = {"seg": [1, 8]}
    assert tab.commands[-1]["state"]["layers"][1]["segments"] == ["1", "!2", "8"]
    value = viewer.selected_segments
    value["seg"].append(-1)
    with pytest.raises(StateError):
        viewer.selected_segments = value


def test_large_numbers_as_javascript_prints_them_are_not_echoed(viewer, tab):
    tab.report({**STATE, "x": {"range": [0, 18446744073709552000]}})
    assert tab.commands == []


def test_a_stale_report_is_dropped_and_the_next_one_counts(viewer, tab):
    viewer.position = [10, 10, 10]
    tab.report({**STATE, "position": [2, 2, 2]}, ack=1)
    assert viewer.position == [10, 10, 10]
    tab.report({**STATE, "position": [11, 10, 10]}, ack=2)
    assert viewer.position == [11, 10, 10]
    viewer.layout = "3d"
    assert tab.commands[-1]["seen"] == {"page": 2}
    assert tab.commands[-1]["state"]["position"] == [11.0, 10, 10]


def test_a_page_hears_with_each_receipt_which_command_was_the_last(viewer, tab):
    """One that does not have it by then has missed it: Panel drops what is sent while a page loads."""
    viewer.position = [10, 10, 10]
    seq = tab.commands[-1]["seq"]
    tab.report({**STATE, "position": [2, 2, 2]}, ack=1)
    assert tab.data.received["page"] == {"n": 1, "whole": False, "seq": seq}
    assert len(tab.commands) == 1
    tab.report({**STATE, "position": [2, 2, 2]}, ack=1, lost=True)
    assert [c["seq"] for c in tab.commands] == [seq, seq]
    assert tab.commands[-1]["state"]["position"] == [10, 10, 10]


def test_a_watcher_that_fails_keeps_nothing_from_the_others(viewer, tab):
    def fail(event):
        raise ZeroDivisionError

    viewer.param.watch(fail, "position")
    viewer._view.ready = True
    viewer.layout = "3d"
    with pytest.raises(ZeroDivisionError):
        tab.report({**STATE, "layout": "3d", "position": [9, 9, 9]}, ack=tab.commands[-1]["seq"])
    assert viewer.ready
    assert viewer.position == [9, 9, 9]


def test_a_report_that_comes_twice_counts_once(viewer, tab):
    tab.report({**STATE, "layout": "3d"})
    tab.report({**STATE, "layout": "xy"}, n=1)
    assert viewer.layout == "3d"


def test_a_watcher_that_answers_a_report_is_heard(viewer, tab):
    viewer.param.watch(lambda event: setattr(viewer, "layout", "3d"), "position")
    tab.report({**STATE, "position": [9, 9, 9]})
    assert viewer.layout == "3d"
    assert [c["state"]["layout"] for c in tab.commands] == ["3d"]
    assert tab.commands[0]["state"]["position"] == [9, 9, 9]


def test_a_link_with_a_widget_goes_both_ways_without_an_echo(viewer, tab):
    slider = pn.widgets.FloatSlider(start=0, end=100, value=1)
    slider.link(viewer, value="cross_section_scale", bidirectional=True)
    slider.value = 5
    assert tab.commands[-1]["state"]["crossSectionScale"] == 5.0
    tab.report({**STATE, "crossSectionScale": 8})
    assert slider.value == 8
    assert len(tab.commands) == 1


def test_two_viewers_link_both_ways(viewer, dist):
    other = Neuroglancer(STATE)
    viewer.link(other, position="position", bidirectional=True)
    viewer.position = [4, 5, 6]
    assert other.position == [4, 5, 6]
    other.position = [7, 8, 9]
    assert viewer.position == [7, 8, 9]


def test_a_parameter_may_refer_to_a_widget(dist):
    slider = pn.widgets.FloatSlider(start=1, end=100, value=5)
    viewer = Neuroglancer(STATE, cross_section_scale=slider, position=pn.bind(lambda z: (0, 0, z), slider))
    tab = Page(viewer)
    assert tab.data.command["state"]["crossSectionScale"] == 5.0
    tab.report({**STATE, "crossSectionScale": 8})
    slider.value = 9
    assert tab.commands[-1]["state"]["crossSectionScale"] == 9.0
    assert viewer.position == [0.0, 0.0, 9.0]


def test_ready_means_ready_for_what_was_asked_last(viewer, tab):
    tab.data.ready = True
    tab.report(STATE)
    assert viewer.ready
    viewer.layout = "3d"
    assert not viewer.ready
    tab.report({**STATE, "layout": "3d"}, ack=1)
    assert not viewer.ready
    tab.data.ready = False
    tab.report({**STATE, "layout": "3d"}, ack=2)
    assert not viewer.ready
    tab.data.ready = True
    assert viewer.ready


def test_who_hears_of_ready_finds_what_is_ready(viewer, tab):
    viewer.layout = "3d"
    tab.data.ready = True
    found = []
    viewer.param.watch(lambda event: found.append((event.new, viewer.position, viewer.url)), "ready")
    moved = {**STATE, "layout": "3d", "position": [4, 5, 6]}
    tab.report(moved)
    assert found == [(True, [4, 5, 6], to_url(moved, "https://neuroglancer-demo.appspot.com/"))]


def test_hover_turns_segment_strings_into_numbers(viewer, tab):
    tab.data.hover = {
        "position": [1, 2, 3],
        "values": {"seg": "18446744073709551615", "em": 0.5, "label": "a"},
    }
    assert viewer.hover == {"position": [1, 2, 3], "values": {"seg": 2**64 - 1, "em": 0.5, "label": "a"}}
    tab.data.hover = {"position": None, "values": {}}
    assert viewer.hover["position"] is None


def test_errors_of_the_page_arrive(viewer, tab):
    error = {"kind": "cors", "layer": "em", "message": "Refused.", "fix": "Allow it."}
    tab.data.errors = [error]
    assert viewer.errors == [error]


@pytest.mark.parametrize("name", ["ready", "hover", "errors"])
def test_what_only_the_page_knows_cannot_be_set(viewer, name):
    with pytest.raises(TypeError, match=r"[Cc]onstant"):
        setattr(viewer, name, {"ready": True, "hover": {}, "errors": []}[name])
