import json
import logging
import random
import threading
from concurrent.futures import Future

import pytest

from panel_neuroglancer import exchange
from panel_neuroglancer.channel import PEERS, Channel, ChannelError, Reply
from panel_neuroglancer.exchange import IN_FLIGHT, RUNNING, Exchange
from panel_neuroglancer.link import HELD_MESSAGES, Link


class Page:
    """A page with its end of the conversation: the other language's is the same."""

    name, part = "fake", None

    def __init__(self, channel, peer="a" * 32):
        self.channel, self.peer, self.greetings = channel, peer, []
        self.exchange = Exchange(lambda deliver: Link(_Back(self), peer, deliver, self._broken), {})
        self.exchange.link.send({"kind": "open", "token": channel.token})

    def send(self, text, data):
        message = json.loads(text)
        if "welcome" in message or "broken" in message:
            self.greetings.append(message)
        else:
            self.exchange.link.receive(message, None if data is None else bytes(data))

    def _broken(self, reason):
        self.exchange.close(reason)

    def ask(self, method, params=None, data=None):
        return self.exchange.ask(method, params, data)

    def post(self, **message):
        self.channel.receive(self, json.dumps({"peer": self.peer, **message}))


class _Back:
    name, part = "fake", None

    def __init__(self, page):
        self.page = page

    def send(self, text, data):
        self.page.channel.receive(self.page, text, None if data is None else bytes(data))


@pytest.fixture
def channel():
    channel = Channel()
    channel.on("echo", lambda params, data: Reply(params, data))
    channel.on(
        "refuse", lambda params, data: (_ for _ in ()).throw(ChannelError("not-found", "There is none."))
    )
    channel.on("broken", lambda params, data: 1 / 0)
    channel.on("odd", lambda params, data: Reply({"x": object()}))
    channel.due = []
    channel.on("later", lambda params, data: channel.due.append(Future()) or channel.due[-1])
    return channel


@pytest.fixture
def page(channel):
    return Page(channel)


def error_of(answer):
    error = answer.exception(0)
    return (error.kind, str(error))


def test_a_request_gets_its_result_and_its_bytes(page):
    assert page.ask("echo", {"x": [1, None, "é"]}, b"\x00\xff").result(0) == Reply(
        {"x": [1, None, "é"]}, b"\x00\xff"
    )


def test_a_tagged_error_keeps_its_tag(page):
    assert error_of(page.ask("refuse")) == ("not-found", "There is none.")


@pytest.mark.parametrize("method", ["broken", "odd"])
def test_a_failing_handler_is_answered_and_logged(page, method, caplog):
    kind, text = error_of(page.ask(method))
    assert kind == "internal"
    assert "Error" in text
    assert caplog.records[0].exc_info


def test_what_cannot_be_answered_says_what_can(page):
    kind, text = error_of(page.ask("nope"))
    assert kind == "unknown-method"
    assert "it answers: broken, echo" in text


def test_params_must_be_an_object(page, channel):
    page.post(n=2, kind="request", id=7, method="echo", params=[1])
    page.post(n=3, kind="request", id=8, method="echo")
    assert page.exchange.link.refused == 2  # the page asked neither
    assert channel.peers[0].link.refused == 0


def test_an_answer_may_come_later_and_from_another_thread(page, channel):
    first, second = page.ask("later"), page.ask("echo", {"x": 2})
    assert second.done()
    assert not first.done()
    thread = threading.Thread(target=channel.due[0].set_result, args=(Reply({"x": 1}),))
    thread.start()
    thread.join()
    assert first.result(0).result == {"x": 1}


def test_a_question_can_be_taken_back(page, channel):
    answers = [page.ask("later") for _ in range(IN_FLIGHT + 1)]
    assert len(channel.due) == IN_FLIGHT
    assert answers[-1].cancel()  # not even asked yet
    assert answers[0].cancel()
    assert channel.due[0].cancelled()
    assert len(channel.due) == IN_FLIGHT
    page.ask("later")
    assert len(channel.due) == IN_FLIGHT + 1


def test_what_is_cancelled_while_it_runs_is_not_answered(page, channel):
    answer = page.ask("later")
    channel.due[0].set_running_or_notify_cancel()
    answer.cancel()
    channel.due[0].set_result(Reply())
    assert page.exchange.link.refused == 0


def test_python_may_give_an_answer_up(page, channel):
    answer = page.ask("later")
    channel.due[0].cancel()
    assert error_of(answer)[0] == "cancelled"


def test_only_so_many_are_with_python_at_a_time(page, channel):
    answers = [page.ask("later") for _ in range(100)]
    assert len(channel.due) == IN_FLIGHT
    for n in range(100):
        channel.due[n].set_result(Reply({"n": n}))
    assert [answer.result(0).result["n"] for answer in answers] == list(range(100))


def test_a_page_that_asks_too_much_at_a_time_is_refused(page, channel):
    for n in range(RUNNING + 5):
        page.post(n=n + 2, kind="request", id=n, method="later")
    assert len(channel.due) == RUNNING


def test_ten_thousand_questions_with_delays_errors_and_cancels(page, channel):
    chance, due = random.Random(2), []
    channel.on("work", lambda params, data: due.append((params["n"], Future())) or due[-1][1])
    answers = {n: page.ask("work", {"n": n}) for n in range(10_000)}
    cancelled = set(chance.sample(range(10_000), 1000))
    while due:
        n, future = due.pop(chance.randrange(len(due)))
        for other in [m for m in cancelled if m % 10 == n % 10 and not answers[m].done()][:5]:
            answers[other].cancel()
        if future.cancelled():
            continue
        if n % 7:
            future.set_result(Reply({"n": n}))
        else:
            future.set_exception(ChannelError("sevenfold", str(n)))
    for n, answer in answers.items():
        if answer.cancelled():
            assert n in cancelled
        elif n % 7:
            assert answer.result(0).result == {"n": n}
        else:
            assert error_of(answer) == ("sevenfold", str(n))


def test_python_asks_and_tells_the_page(page, channel):
    told = []
    page.exchange._handlers["note"] = lambda params, data: told.append((params["n"], data)) or Reply()
    page.exchange._handlers["double"] = lambda params, data: Reply({"n": 2 * params["n"]})
    for n in range(1000):
        channel.tell("note", {"n": n}, b"x")
    assert told == [(n, b"x") for n in range(1000)]
    (peer,) = channel.peers
    answers = [peer.ask("double", {"n": n}) for n in range(1000)]
    assert [answer.result(0).result["n"] for answer in answers] == list(range(0, 2000, 2))


def test_who_does_not_answer_in_time_is_given_up(channel, monkeypatch):
    timers = []
    monkeypatch.setattr(
        exchange._runtime, "later", lambda seconds, call: timers.append(call) or (lambda: None)
    )
    page = Page(channel)
    answer = page.ask("later")
    timers[0]()
    assert error_of(answer)[0] == "timeout"
    assert channel.due[0].cancelled()


def test_a_page_that_goes_takes_its_questions_along(page, channel):
    other = Page(channel, "b" * 32)
    theirs, mine = page.ask("later"), channel.peers[0].ask("anything")
    kept = other.ask("later")
    page.exchange._handlers["anything"] = lambda params, data: Future()
    mine = channel.peers[0].ask("anything")
    page.post(close="reload")
    assert error_of(mine)[0] == "closed"
    assert channel.due[0].cancelled()
    assert not theirs.done()  # there is nobody to tell
    assert not kept.done()
    assert len(channel.peers) == 1


def test_a_lost_carrier_fails_all_at_once(page, channel):
    page.exchange._handlers["wait"] = lambda params, data: Future()
    asked = [channel.peers[0].ask("wait") for _ in range(100)]
    channel.lose(page, "The page has gone.")
    assert {error_of(answer) for answer in asked} == {("closed", "The page has gone.")}
    assert channel.peers == []


def test_a_page_is_told_that_one_of_its_messages_was_lost(page, channel):
    asked = page.ask("later")
    for n in range(HELD_MESSAGES + 1):
        page.post(n=n + 10, kind="event", method="any")
    assert page.greetings == [{"peer": page.peer, "broken": "Message 3 was lost on its way."}]
    assert channel.peers == []
    assert channel.due[0].cancelled()
    assert not asked.done()


def test_a_page_may_connect_anew(page, channel):
    again = Page.__new__(Page)
    again.__dict__ |= {"channel": channel, "peer": "c" * 32, "greetings": []}
    again.exchange = Exchange(lambda deliver: Link(_Back(again), again.peer, deliver, again._broken), {})
    again.exchange.link.send({"kind": "open", "token": channel.token, "former": page.peer})
    assert [peer.link.peer for peer in channel.peers] == ["c" * 32]
    assert again.ask("echo", {"x": 1}).result(0).result == {"x": 1}


# Hostile


def test_only_who_knows_the_token_is_greeted(channel):
    page = Page(channel)
    for token in ("", "0" * 32, channel.token[:-1], None, 5, [channel.token], "\ud800"):
        page.post(hello=token)
        page.post(kind="open", n=1, token=token)
    assert page.greetings == []
    assert channel.refused == 14
    page.post(hello=channel.token)
    assert page.greetings == [{"peer": page.peer, "welcome": {"life": None}}]


def test_a_peer_is_heard_only_over_its_own_carrier(page, channel):
    class Other:
        name, part, sent = "other", None, []

        def send(self, text, data):
            self.sent.append(text)

    answer = page.ask("later")
    for message in (
        {"n": 3, "kind": "request", "id": 2, "method": "echo"},
        {"n": 3, "kind": "cancel", "id": 1},
        {"close": "gone"},
        {"ack": 1},
        {"kind": "open", "n": 1, "token": channel.token},
    ):
        channel.receive(Other(), json.dumps({"peer": page.peer, **message}))
    assert Other.sent == []
    assert channel.refused == 5
    channel.due[0].set_result(Reply({"x": 1}))
    assert answer.result(0).result == {"x": 1}


@pytest.mark.parametrize(
    "text",
    [None, 5, b"{}", object(), "", "{", "[]", "null", "1" * 5000, "[" * 100_000, '{"peer": 1}', '{"peer": "short"}',
     '{"peer": "%s"}' % ("x" * 65), '{"peer": "%s"}' % ("\\u0000" * 32), '{"peer": "%s", "n": 1}' % ("z" * 32)],
)  # fmt: skip
def test_what_is_no_message_is_dropped_and_counted(page, channel, text, caplog):
    channel.receive(page, text)
    channel.receive(page, text)
    assert channel.refused == 2
    assert len(caplog.records) == 1
    assert page.ask("echo", {"x": 1}).result(0).result == {"x": 1}


@pytest.mark.parametrize(
    "message",
    [{"kind": "reply", "id": 99}, {"kind": "reply"}, {"kind": "error", "id": []}, {"kind": "error", "id": 1, "error": 5},
     {"kind": {}}, {}, {"kind": "cancel", "id": "x"}, {"kind": "request", "id": None}, {"kind": "event", "method": []},
     {"kind": "request", "id": True, "method": "echo", "params": 7}],
)  # fmt: skip
def test_a_wrong_message_of_a_page_does_no_harm(page, channel, message):
    page.post(n=2, **message)
    page.exchange.link._last = 2
    assert page.ask("echo", {"x": 1}).result(0).result == {"x": 1}


def test_pages_do_not_pile_up(channel, caplog):
    for n in range(PEERS + 10):
        channel.receive(
            Page.__new__(Page),
            json.dumps({"peer": f"{n:032}", "kind": "open", "n": 1, "token": channel.token}),
        )
    assert len(channel.peers) == PEERS
    assert channel.refused == 10


def test_a_page_that_takes_nothing_any_more_is_given_up(channel, caplog):
    silent = Page.__new__(Page)
    silent.send = lambda text, data: None
    channel.receive(silent, json.dumps({"peer": "s" * 32, "kind": "open", "n": 1, "token": channel.token}))
    with caplog.at_level(logging.CRITICAL):
        for n in range(30_000):
            message = {"peer": "s" * 32, "kind": "request", "n": n + 2, "id": n, "method": "nope"}
            channel.receive(silent, json.dumps(message))
    assert channel.peers == []
