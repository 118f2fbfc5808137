import logging

import pytest

from panel_neuroglancer.channel import Channel, ChannelError, Reply


@pytest.fixture
def sent():
    return []


@pytest.fixture
def channel(sent):
    channel = Channel(sent.append)
    channel.on("echo", lambda params: Reply(params, b"\x00\xff"))
    channel.on("tagged", lambda params: (_ for _ in ()).throw(ChannelError("not-found", "There is none.")))
    channel.on("broken", lambda params: 1 / 0)
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
