import logging
from concurrent.futures import Future

import pytest

from panel_neuroglancer.channel import Channel, ChannelError, Reply


@pytest.fixture
def sent():
    return []


@pytest.fixture
def channel(sent):
    channel = Channel(sent.append)
    channel.on(
        "echo", lambda params, data: Reply({**params, **({"bytes": len(data)} if data else {})}, b"\x00\xff")
    )
    channel.on(
        "tagged", lambda params, data: (_ for _ in ()).throw(ChannelError("not-found", "There is none."))
    )
    channel.on("broken", lambda params, data: 1 / 0)
    return channel


def test_a_request_gets_its_result_and_its_bytes(channel, sent):
    channel.receive({"id": "a", "method": "echo", "params": {"x": 1}})
    assert sent == [{"id": "a", "ok": True, "result": {"x": 1}, "data": b"\x00\xff"}]


def test_params_may_be_left_out(channel, sent):
    channel.receive({"id": "a", "method": "echo"})
    assert sent[0]["result"] == {}


def test_a_tagged_error_keeps_its_tag(channel, sent):
    channel.receive({"id": "b", "method": "tagged", "params": {}})
    assert sent == [{"id": "b", "ok": False, "error": {"kind": "not-found", "message": "There is none."}}]


def test_bytes_go_both_ways(channel, sent):
    channel.receive({"id": "a", "method": "echo", "params": {}, "data": b"abc"})
    assert sent == [{"id": "a", "ok": True, "result": {"bytes": 3}, "data": b"\x00\xff"}]


@pytest.fixture
def later(channel):
    """The answer of a handler that takes its time."""
    future = Future()
    channel.on("later", lambda params, data: future)
    channel.receive({"id": "z", "method": "later"})
    return future


def test_an_answer_may_come_later(channel, sent, later):
    channel.receive({"id": "a", "method": "echo"})
    assert [message["id"] for message in sent] == ["a"]
    later.set_result(Reply({"x": 1}))
    assert sent[1] == {"id": "z", "ok": True, "result": {"x": 1}}


def test_a_later_failure_is_answered(sent, later):
    later.set_exception(ChannelError("not-found", "There is none."))
    assert sent == [{"id": "z", "ok": False, "error": {"kind": "not-found", "message": "There is none."}}]


def test_what_is_cancelled_is_not_answered(channel, sent, later):
    channel.receive({"id": "z", "cancel": True})
    assert later.cancelled()
    channel.receive({"id": "unknown", "cancel": True})
    assert sent == []


def test_what_is_cancelled_while_it_runs_is_not_answered(channel, sent, later):
    later.set_running_or_notify_cancel()
    channel.receive({"id": "z", "cancel": True})
    later.set_result(Reply())
    assert sent == []


def test_a_failing_handler_is_answered_and_logged(channel, sent, caplog):
    with caplog.at_level(logging.ERROR, "panel_neuroglancer.channel"):
        channel.receive({"id": "c", "method": "broken", "params": {}})
    assert sent[0]["ok"] is False
    assert sent[0]["error"]["kind"] == "internal"
    assert "ZeroDivisionError" in sent[0]["error"]["message"]
    assert caplog.records[0].exc_info


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"id": "d", "method": "nope"}, "unknown-method"),
        ({"id": "d"}, "unknown-method"),
        ({"id": "d", "method": "echo", "params": [1]}, "bad-params"),
    ],
)
def test_a_malformed_request_is_answered(channel, sent, message, kind):
    channel.receive(message)
    assert (sent[0]["id"], sent[0]["ok"], sent[0]["error"]["kind"]) == ("d", False, kind)


@pytest.mark.parametrize("message", ["text", None, {"method": "echo"}, {"id": 1, "method": "echo"}])
def test_what_cannot_be_answered_is_logged(channel, sent, message, caplog):
    channel.receive(message)
    assert sent == []
    assert "without an id" in caplog.text
