import asyncio
import json
import re
from pathlib import Path

import panel as pn
import param
import pytest
from bokeh.document import Document
from panel.io.model import add_to_doc
from panel.models.esm import DataEvent
from pyviz_comms import Comm

from panel_neuroglancer import Neuroglancer, StateError, UrlError, component, parse_url, to_url
from panel_neuroglancer.channel import ChannelError
from panel_neuroglancer.demo import KASTHURI2011
from panel_neuroglancer.parameters import UI_OPTIONS, UI_PRESETS
from panel_neuroglancer.state import link_of
from panel_neuroglancer.sync import Incoming, Outgoing

STATE = {
    "position": [1.0, 2.0, 3.0],
    "layers": [
        {"type": "image", "source": "zarr://https://h/em", "name": "em"},
        {"type": "segmentation", "source": "precomputed://gs://b/s", "name": "seg", "segments": ["1", "!2"]},
    ],
    "layout": "4panel",
}
LINK = to_url(STATE, "https://ng.example/")


class Page:
    """One page that shows a viewer: what it was sent, and what it sends back."""

    def __init__(self, viewer, view="page"):
        self.doc, self.view, self.count, self.messages = Document(), view, 0, []
        self.root = viewer.get_root(self.doc)
        self.model = viewer._view._models[self.root.ref["id"]][0]
        self.data = self.model.data
        self.commands, self.sent, self.incoming = [], [], Incoming()
        self.incoming.take(self.data.command["seq"], self.data.command)
        self.data.on_change("command", lambda attr, old, new: self.take(new))
        self.doc.callbacks.on_change(lambda event: self.messages.append(event))

    def take(self, command):
        self.sent.append(command)
        state = self.incoming.take(command["seq"], command)
        self.commands.append(
            {"seq": command["seq"], "state": state, **{k: command[k] for k in ("seen", "origin")}}
        )

    def report(self, state, ack=None, **more):
        self.count += 1
        report = {
            "view": self.view,
            "n": self.count,
            "ack": self.data.command["seq"] if ack is None else ack,
            "state": state,
        }
        self.data.report = {**report, **more}


@pytest.fixture
def viewer(dist):
    return Neuroglancer(STATE)


@pytest.fixture
def tab(viewer):
    return Page(viewer)


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


@pytest.fixture
def official(dist):
    neuroglancer = pytest.importorskip("neuroglancer")
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.layout = "xy"
    return viewer


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


# Python → viewer


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


# Viewer → Python


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


def with_segments(*segments, **more):
    return {
        **STATE,
        "layers": [STATE["layers"][0], {**STATE["layers"][1], "segments": list(segments)}],
        **more,
    }


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


# Several pages


def test_a_fresh_page_starts_from_what_is_shown_now(viewer, tab):
    tab.report({**STATE, "layout": "xy"})
    other = Page(viewer, "other")
    assert other.data.command == {
        "seq": 1,
        "state": {**STATE, "layout": "xy"},
        "seen": {"page": 1},
        "origin": None,
    }
    assert other.data.report == {}
    assert tab.commands == []


def test_a_change_on_one_page_goes_to_the_other_and_never_in_circles(viewer, tab):
    other = Page(viewer, "other")
    tab.report({**STATE, "layout": "xy"})
    assert other.commands[-1]["origin"] == "page"
    assert other.commands[-1]["state"]["layout"] == "xy"
    assert other.data.report == {}
    other.report({**STATE, "layout": "xy"})
    assert len(other.commands) == len(tab.commands) == 1


def test_a_page_need_not_wait_for_the_command_it_caused(viewer, tab):
    Page(viewer, "other")
    for x in range(5):
        tab.report({**STATE, "position": [x, 0, 0]}, ack=1)
    assert viewer.position == [4, 0, 0]


def test_the_other_page_must_have_followed_before_it_counts(viewer, tab):
    other = Page(viewer, "other")
    tab.report({**STATE, "layout": "xy"}, ack=1)
    other.report({**STATE, "position": [5, 5, 5]}, ack=1)
    assert viewer.state == {**STATE, "layout": "xy"}
    other.report({**STATE, "layout": "xy", "position": [5, 5, 5]}, ack=2)
    assert viewer.position == [5, 5, 5]
    assert tab.commands[-1]["origin"] == "other"


def test_after_a_command_of_python_every_page_must_have_followed(viewer, tab):
    Page(viewer, "other")
    tab.report({**STATE, "layout": "xy"}, ack=1)
    viewer.layout = "3d"
    tab.report({**STATE, "layout": "xz"}, ack=2)
    assert viewer.layout == "3d"


def test_pages_that_come_and_go_do_not_pile_up(viewer, tab):
    for number in range(100):
        tab.view = f"page {number}"
        tab.report({**STATE, "position": [number, 0, 0]})
    assert len(viewer._view._whole()["seen"]) < 50
    assert viewer._view._whole()["seen"]["page 99"] == 100


# Differences


class TalkingPage(Page):
    """A page that sends differences, as a real one does, and heeds what Python says of them."""

    def __init__(self, viewer, view="page"):
        super().__init__(viewer, view)
        self.outgoing, self.asked = Outgoing(), []
        self.data.on_change("received", lambda attr, old, new: self.heed(new.get(self.view)))

    def heed(self, receipt):
        if receipt is None:
            return
        if receipt["whole"]:
            self.outgoing.forget()
            self.asked.append(receipt["n"])
        else:
            self.outgoing.arrived(receipt["n"])

    def tell(self, state, lose=False, **more):
        self.count += 1
        message = self.outgoing.message(self.count, state)
        if not lose:
            ack = self.data.command["seq"]
            self.data.report = {"view": self.view, "n": self.count, "ack": ack, **message, **more}
        return message


def test_only_what_changed_crosses(viewer, dist):
    page = TalkingPage(viewer)
    assert "state" in page.tell(STATE)
    assert page.tell(with_segments("1", "!2", "3"))["patch"] == [
        {"path": ["layers", 1, "segments"], "at": 2, "drop": 0, "insert": ["3"]}
    ]
    assert viewer.selected_segments == {"seg": [1, 3]}
    viewer.selected_segments = {"seg": [1, 3, 4]}
    page.tell(page.commands[-1]["state"])
    viewer.selected_segments = {"seg": [1, 4]}
    assert page.sent[-1]["patch"] == [{"path": ["layers", 1, "segments"], "at": 2, "drop": 1, "insert": []}]
    assert page.commands[-1]["state"] == viewer.state
    assert page.asked == []


def test_a_lost_report_does_no_harm(viewer, dist):
    page = TalkingPage(viewer)
    page.tell(STATE)
    page.tell({**STATE, "layout": "xy"}, lose=True)
    assert "patch" in page.tell({**STATE, "layout": "xy", "position": [9, 9, 9]})
    assert viewer.state == {**STATE, "layout": "xy", "position": [9, 9, 9]}


def test_a_report_on_what_never_came_is_asked_for_whole(viewer, dist):
    page = TalkingPage(viewer)
    page.tell(STATE, lose=True)
    page.outgoing.arrived(1)  # a receipt of an earlier Python
    assert "patch" in page.tell({**STATE, "layout": "xy"})
    assert viewer.layout == "4panel"
    assert page.asked == [2]
    assert "state" in page.tell({**STATE, "layout": "xy"})
    assert viewer.layout == "xy"


def test_a_page_that_lost_a_command_is_sent_all(viewer, dist):
    page = TalkingPage(viewer)
    page.tell(STATE)
    page.incoming = Incoming()
    viewer.layout = "3d"
    assert page.commands[-1]["state"] is None
    page.tell(STATE, lost=True)
    assert page.sent[-1]["state"] == page.commands[-1]["state"] == {**STATE, "layout": "3d"}
    assert viewer.layout == "3d"


def test_a_page_that_comes_late_knows_another_state_by_the_same_number(viewer, dist):
    page = TalkingPage(viewer)
    page.tell({**STATE, "position": [5, 5, 5]})
    late = TalkingPage(viewer, "late")
    page.tell({**STATE, "position": [5, 5, 5], "title": "a"})
    late.tell(late.commands[-1]["state"])
    viewer.layout = "3d"
    viewer.layout = "xz"
    assert page.commands[-1]["state"] == late.commands[-1]["state"] == viewer.state
    assert viewer.state == {**STATE, "position": [5, 5, 5], "title": "a", "layout": "xz"}


# The channel


def test_the_engine_is_given_over_the_channel(viewer, tab, dist):
    peer = "a" * 32
    for message in (
        {"peer": peer, "kind": "open", "n": 1, "token": viewer._view.carriers["token"]},
        {
            "peer": peer,
            "kind": "request",
            "n": 2,
            "id": 1,
            "method": "engine.read",
            "params": {"name": "worker-2.js"},
        },
    ):
        viewer._view._process_event(DataEvent(tab.model, {"text": json.dumps(message)}))
    (message,) = tab.messages
    (answer,) = message.msg_data.data
    assert json.loads(answer["text"]) == {
        "peer": peer,
        "n": 1,
        "kind": "reply",
        "id": 1,
        "result": {"encoding": "identity"},
    }
    assert answer["data"] == (dist / "engine" / "worker-2.js").read_bytes()


def test_a_page_gets_only_what_it_asked_for(viewer, tab, dist):
    other = Page(viewer, "other")
    hello = {"peer": "a" * 32, "hello": viewer._view.carriers["token"]}
    viewer._view._process_event(DataEvent(other.model, {"text": json.dumps(hello)}))
    assert len(other.messages) == 1
    assert tab.messages == []


# The row above, the card below


def test_the_row_is_there_only_without_a_source(dist):
    with_row, without = Neuroglancer(), Neuroglancer(STATE)
    assert with_row.url_input in with_row.select(pn.widgets.TextInput)
    assert without.select(pn.widgets.TextInput) == []


def test_what_is_typed_loads_only_with_load_or_enter(dist):
    viewer = Neuroglancer()
    tab = Page(viewer)
    viewer.url_input.value_input = LINK
    viewer.url_input.value = LINK
    assert viewer.url == LINK
    assert tab.commands == []
    viewer.load_button.clicks += 1
    assert tab.commands[-1]["state"] == STATE
    viewer.url_input.value = to_url({"layout": "xy"})
    viewer.url_input.enter_pressed = True
    assert viewer.state == {"layout": "xy"}


def test_what_is_pasted_may_come_as_one_change(dist):
    viewer = Neuroglancer()
    viewer.url_input.param.update(value_input=LINK, value=LINK)
    assert viewer.state == {}
    viewer.url_input.param.trigger("enter_pressed")
    assert viewer.state == STATE


def test_what_is_typed_survives_reports_and_other_changes(dist):
    viewer = Neuroglancer()
    tab = Page(viewer)
    viewer.url_input.value_input = "https://half.typ"
    tab.report({"layout": "xy"})
    assert viewer.url_input.value == ""
    viewer.url_input.value = "https://half.typed"
    tab.report({"layout": "3d"})
    viewer.position = [1, 1, 1]
    assert viewer.url_input.value == viewer.url == "https://half.typed"
    viewer.url_input.value_input = viewer.url_input.value = ""
    tab.report({"layout": "xz"})
    assert viewer.url_input.value == ""
    assert parse_url(viewer.url) == {"layout": "xz"}


def test_published_apps_keep_working(dist):
    viewer = Neuroglancer()
    urls = []
    viewer.param.watch(lambda event: urls.append(event.new), "url")
    viewer.url = LINK
    viewer._load_url()
    assert viewer.url == LINK
    assert viewer.url_input.value == LINK
    assert viewer.state == STATE
    tab = Page(viewer)
    tab.report({**STATE, "layout": "3d"})
    assert viewer.url.startswith("https://ng.example/#!")
    assert urls == [LINK, viewer.url]
    viewer._load_demo()
    assert viewer.state == KASTHURI2011


def test_a_bad_link_shows_an_alert_until_the_next_good_one(dist):
    viewer = Neuroglancer()
    viewer.url_input.value = "<b>nonsense"
    viewer._load_url()
    alert = viewer._alert.object
    assert alert.startswith('<div role="alert"><div>')
    assert "&lt;b&gt;nonsense" in alert
    assert "<b>nonsense" not in alert
    (error,) = viewer.errors
    assert error["kind"] == "bad-url"
    assert error["fix"] in alert.replace("&#x27;", "'")
    viewer.url = LINK
    assert viewer.errors == []
    assert viewer._alert.object == '<div role="alert"></div>'


def test_the_sites_own_demo_comes_first(dist, monkeypatch):
    monkeypatch.setenv("PANEL_NEUROGLANCER_DEMO_STATE", "data/demo.json")
    monkeypatch.setenv("PANEL_NEUROGLANCER_SITE_URL", "https://h.org/site/")
    assert Neuroglancer(load_demo=True).state == {"#url": "https://h.org/site/data/demo.json"}
    monkeypatch.setenv("PANEL_NEUROGLANCER_DEMO_STATE", "")
    assert Neuroglancer(load_demo=True).state == KASTHURI2011


def test_the_state_card_follows(dist):
    viewer = Neuroglancer(STATE)
    assert viewer.json_pane not in viewer.select(pn.pane.JSON)
    viewer.show_state = True
    assert viewer.json_pane in viewer.select(pn.pane.JSON)
    viewer.layout = "3d"
    assert viewer.json_pane.object == viewer.state
    assert to_url(viewer.state).replace("&", "&amp;") in viewer.shareable_url_pane.object
    viewer.show_state = False
    assert viewer.json_pane not in viewer.select(pn.pane.JSON)


# Around


def test_the_official_state_class_comes_and_goes(viewer, tab):
    pytest.importorskip("neuroglancer")
    state = viewer.viewer_state()
    state.layers["seg"].segments.add(2**63)
    viewer.state = state
    assert viewer.selected_segments == {"seg": [1, 2**63]}


def test_without_the_official_package_it_is_said_how_to_get_it(viewer, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neuroglancer", None)
    with pytest.raises(ImportError, match="pip install neuroglancer"):
        viewer.viewer_state()
    monkeypatch.setattr("sys.platform", "emscripten")
    with pytest.raises(ImportError, match="not part of this site"):
        viewer.viewer_state()


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"sizing_mode": "stretch_width", "height": 600, "width": None}),
        ({"height": 300}, {"sizing_mode": "stretch_width", "height": 300}),
        ({"width": 400}, {"sizing_mode": "fixed", "width": 400, "height": 600}),
        ({"width": 400, "height": 300}, {"sizing_mode": "fixed", "width": 400, "height": 300}),
        ({"sizing_mode": "stretch_both"}, {"sizing_mode": "stretch_both", "height": None}),
        ({"sizing_mode": "stretch_both", "min_height": 350}, {"min_height": 350, "height": None}),
        ({"aspect_ratio": 2}, {"aspect_ratio": 2, "height": None}),
    ],
)
@pytest.mark.parametrize("mode", [None, "stretch_both"])
def test_panels_own_sizes_work(dist, params, expected, mode):
    with pn.config.set(sizing_mode=mode):
        viewer = Neuroglancer(STATE, **params)
        root = viewer.get_root()
    for name, value in expected.items():
        assert getattr(viewer, name) == value
        assert getattr(root, name) == value
    viewer.margin = 7
    assert root.margin == 7


@pytest.mark.parametrize("theme", ["default", "dark"])
def test_dark_follows_panels_theme(dist, theme):
    with pn.config.set(theme=theme):
        viewer = Neuroglancer(STATE)
        assert Page(viewer).data.dark is (theme == "dark")
        assert viewer.json_pane.theme == ("dark" if theme == "dark" else "light")


@pytest.mark.parametrize("theme", ["default", "dark"])
def test_dark_follows_a_templates_theme(dist, theme):
    viewer = Neuroglancer(STATE)
    template = pn.template.VanillaTemplate(theme=theme, main=[viewer])
    template.server_doc(Document())
    (model, _), *_ = viewer._view._models.values()
    assert model.data.dark is (theme == "dark")


def test_a_clone_shows_the_same(viewer):
    assert viewer.clone().state == STATE


def test_every_parameter_says_what_it_is():
    own = [name for name in Neuroglancer.param if Neuroglancer.param[name].owner is Neuroglancer]
    assert {"state", "url", "hover"} < set(own)
    for name in own:
        assert Neuroglancer.param[name].doc, name
    assert isinstance(Neuroglancer.param.url, param.String)


def test_the_page_knows_the_same_options():
    source = Path(__file__).parents[1] / "js" / "src" / "ui.ts"
    code = "\n".join(line for line in source.read_text().splitlines() if not line.lstrip().startswith("/*"))
    assert set(re.findall(r"\bshow[A-Z]\w+", code)) == set(UI_OPTIONS)
    presets = re.search(r"preset\?: (.*);", code)
    assert tuple(re.findall(r'"(\w+)"', presets[1])) == UI_PRESETS


def test_all_changes_of_a_notebooks_message_arrive(monkeypatch):
    # As where there are no threads, in the browser.
    monkeypatch.setattr(type(pn.state), "_thread_id", property(lambda state: state._current_thread))
    viewer = Neuroglancer({"layout": "3d"})
    doc = Document()
    root = viewer.get_root(doc, Comm())
    add_to_doc(root, doc)
    ((model, _),) = viewer._view._models.values()
    report = {"view": "a", "n": 1, "ack": viewer._view.command["seq"], "state": {"layout": "xy"}}
    # As Panel takes in a message.
    doc.hold()
    doc.apply_json_patch(
        {
            "events": [
                {"kind": "ModelChanged", "model": {"id": model.data.id}, "attr": name, "new": new}
                for name, new in (
                    ("hover", {"position": [1, 2, 3], "values": {}}),
                    ("report", report),
                    ("ready", True),
                )
            ]
        }
    )
    doc.unhold()
    assert viewer.hover["position"] == [1, 2, 3]
    assert viewer.layout == "xy"
    assert viewer.ready
    viewer._cleanup(root)


async def test_a_message_that_panel_still_takes_in_is_answered_afterwards(viewer, monkeypatch):
    page, received = Page(viewer), []
    monkeypatch.setattr(
        viewer._view.channel, "receive", lambda carrier, text, data=None: received.append(text)
    )
    page.doc.add_root(page.root)
    event = DataEvent(model=page.model, data=[{"text": "hello"}])
    page.doc.hold()
    viewer._view._process_event(event)
    assert received == []
    page.doc.unhold()
    await asyncio.sleep(0)
    assert received == ["hello"]
    viewer._view._process_event(event)
    assert received == ["hello", "hello"]


def test_a_page_may_tell_over_the_channel_what_it_else_sets():
    viewer = Neuroglancer({"layout": "3d"})
    view = viewer._view
    view._take_told({"name": "hover", "value": {"position": [1, 2, 3], "values": {}}}, None)
    view._take_told({"name": "ready", "value": True}, None)
    report = {"view": "a", "n": 1, "ack": view.command["seq"], "state": {"layout": "xy"}}
    view._take_told({"name": "report", "value": report}, None)
    assert (viewer.hover["position"], viewer.ready, viewer.layout) == ([1, 2, 3], True, "xy")
    with pytest.raises(ChannelError, match="does not tell 'command'"):
        view._take_told({"name": "command", "value": {}}, None)
