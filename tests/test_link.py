import json
import random

import pytest

from panel_neuroglancer import link as module
from panel_neuroglancer.link import ChannelError, Link

PEER = "p" * 32


class Wire:
    """Carries to another end, at once or when it is told, in any order, once or twice."""

    name, part = "wire", None

    def __init__(self, part=None):
        self.part, self.sent = part, []

    def send(self, text, data):
        self.sent.append((text, None if data is None else bytes(data)))

    def numbers(self):
        return [json.loads(text).get("n") for text, _ in self.sent]


class End:
    def __init__(self, part=None):
        self.got, self.broke, self.wire = [], [], Wire(part)
        self.link = Link(
            self.wire, PEER, lambda message, data: self.got.append((message["x"], data)), self.broke.append
        )

    def take(self, sent):
        for text, data in sent:
            self.link.receive(json.loads(text), data)


def send(end, count, data=None):
    for x in range(count):
        end.link.send({"kind": "event", "x": x}, data)


def exchange(one, two):
    """Carry everything both ways until nothing is left."""
    while one.wire.sent or two.wire.sent:
        sent, one.wire.sent = one.wire.sent, []
        two.take(sent)
        sent, two.wire.sent = two.wire.sent, []
        one.take(sent)


def test_messages_come_in_order_and_once_whatever_the_wire_does():
    one, two, chance = End(), End(), random.Random(1)
    send(one, 200, b"data")
    sent = one.wire.sent * 2
    chance.shuffle(sent)
    two.take(sent)
    assert two.got == [(x, b"data") for x in range(200)]
    assert two.link.refused == 200


def test_no_more_is_under_way_than_the_other_end_takes():
    one, two = End(), End()
    send(one, 1000)
    assert one.wire.numbers() == list(range(1, module.WINDOW_MESSAGES + 1))
    exchange(one, two)
    assert [x for x, _ in two.got] == list(range(1000))


def test_large_messages_wait_for_each_other():
    one, two = End(), End()
    send(one, 3, bytes(module.WINDOW_BYTES))
    assert one.wire.numbers() == [1]
    exchange(one, two)
    assert [(x, len(data)) for x, data in two.got] == [(x, module.WINDOW_BYTES) for x in range(3)]


def test_a_large_message_does_not_wait_for_small_ones():
    one, two = End(), End()
    send(one, 3, b"small")
    two.take(one.wire.sent)
    assert two.wire.sent == []  # too little to be acknowledged
    one.link.send({"kind": "event", "x": 3}, bytes(2 * module.WINDOW_BYTES))
    two.take(one.wire.sent[3:])
    assert [x for x, _ in two.got] == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [0, 9, 10, 11, 30, 31])
def test_a_carrier_gets_no_more_at_once_than_it_takes(size):
    one, two = End(part=10), End()
    data = bytes(range(size))
    one.link.send({"kind": "event", "x": 1}, data)
    one.link.send({"kind": "event", "x": 2})
    assert max(len(part or b"") for _, part in one.wire.sent) <= 10
    two.take(one.wire.sent)
    assert two.got == [(1, data), (2, None)]


def test_a_lost_message_breaks_the_link_and_does_not_hang_it(monkeypatch):
    one, two = End(), End()
    send(one, 3)
    two.take(one.wire.sent[1:2])
    monkeypatch.setattr(module, "GAP_SECONDS", -1)
    two.take(one.wire.sent[2:])
    (error,) = two.broke
    assert error.kind == "lost"
    two.take(one.wire.sent)
    assert two.got == []


def test_what_comes_too_early_is_held_only_up_to_a_limit():
    two = End()
    two.take([(json.dumps({"n": n, "kind": "event", "x": n}), None) for n in range(2, 3000)])
    assert [error.kind for error in two.broke] == ["lost"]


def test_too_much_is_refused_where_it_is_sent(monkeypatch):
    monkeypatch.setattr(module, "PAYLOAD_BYTES", 10)
    one = End()
    with pytest.raises(ChannelError, match="does not keep up"):
        send(one, 100_000)
    with pytest.raises(ChannelError, match="too many"):
        End().link.send({"kind": "event", "x": 1}, bytes(11))


def test_a_message_in_endless_parts_breaks_the_link(monkeypatch):
    monkeypatch.setattr(module, "PAYLOAD_BYTES", 25)
    two = End()
    two.take([(json.dumps({"n": n, "kind": "part"}), bytes(10)) for n in range(1, 4)])
    assert [error.kind for error in two.broke] == ["too-large"]


def test_what_is_no_json_is_refused_and_takes_no_number():
    one = End()
    with pytest.raises(TypeError):
        one.link.send({"kind": "event", "x": object()})
    send(one, 1)
    assert one.wire.numbers() == [1]


def test_numbers_that_json_does_not_have_become_null():
    one, two = End(), End()
    one.link.send({"kind": "event", "x": [1.5, float("nan"), {"y": (float("inf"), 2)}]})
    exchange(one, two)
    assert two.got == [([1.5, None, {"y": [None, 2]}], None)]


def test_a_carrier_that_fails_breaks_the_link():
    one = End()
    one.wire.send = lambda text, data: 1 / 0
    send(one, 2)
    assert [error.kind for error in one.broke] == ["lost"]


@pytest.mark.parametrize("message", [{}, {"n": "1"}, {"n": 1.5}, {"n": None}, {"n": 0}, {"n": -1}, {"ack": "x"}, {"ack": 7}, {"ack": -1}])  # fmt: skip
def test_wrong_numbers_are_dropped_and_counted(message):
    two = End()
    two.link.receive(message, None)
    assert (two.got, two.broke, two.link.refused) == ([], [], 1)
