"""Several pages, differences between states, and the channel."""

import json

from panel.models.esm import DataEvent
from stand_ins import STATE, Page, TalkingPage, with_segments

from panel_neuroglancer.sync import Incoming

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
