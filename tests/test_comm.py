"""Panel's own messages: what goes together, and in which order."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from bokeh.document import Document
from panel.io import document as panel_document

from panel_neuroglancer.carriers.comm import PART_BYTES, Comm


@pytest.fixture
def sent():
    return []


@pytest.fixture
def comm(sent):
    return Comm(sent.append)


def channel(receive=lambda *args: None):
    return SimpleNamespace(receive=receive)


def test_without_a_loop_everything_goes_at_once(comm, sent):
    comm.receive(channel(), [])
    comm.send("a", None)
    comm.send("b", b"1")
    assert sent == [[{"text": "a"}], [{"text": "b", "data": b"1"}]]


def test_answers_to_one_message_go_in_one(comm, sent):
    comm.receive(
        channel(lambda carrier, text, data: carrier.send(f"{text}!", data)), [{"text": "a"}, {"text": "b"}]
    )
    assert sent == [[{"text": "a!"}, {"text": "b!"}]]


def test_what_threads_send_while_the_loop_is_busy_goes_in_one(comm, sent):
    async def main():
        comm.receive(channel(), [])
        with ThreadPoolExecutor(1) as pool:
            for n in range(20):
                pool.submit(comm.send, str(n), None)
        assert sent == []
        await asyncio.sleep(0)

    asyncio.run(main())
    assert sent == [[{"text": str(n)} for n in range(20)]]


def test_the_loops_own_thread_waits_for_nobody_and_keeps_the_order(comm, sent):
    async def main():
        comm.receive(channel(), [])
        with ThreadPoolExecutor(1) as pool:
            pool.submit(comm.send, "first", None)
        comm.send("second", None)
        assert sent == [[{"text": "first"}, {"text": "second"}]]
        await asyncio.sleep(0)

    asyncio.run(main())
    assert len(sent) == 1


def test_only_the_loops_own_thread_sends_and_large_parts_go_apart():
    sent, threads = [], set()

    def send(messages):
        sent.append([message["text"] for message in messages])
        threads.add(threading.get_ident())

    comm = Comm(send)

    async def main():
        comm.receive(channel(), [])
        with ThreadPoolExecutor(1) as pool:
            for text in "abcd":
                pool.submit(comm.send, text, bytes(PART_BYTES // 2))
        await asyncio.sleep(0)

    asyncio.run(main())
    assert sent == [["a", "b"], ["c", "d"]]
    assert threads == {threading.get_ident()}


def test_a_loop_that_has_ended_is_not_waited_for(comm, sent):
    async def main():
        comm.receive(channel(), [])

    asyncio.run(main())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(comm.send, "late", None)
    assert sent == [[{"text": "late"}]]


class WatchedLock:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self):
        self._lock, self.awaited = threading.RLock(), threading.Event()

    def acquire(self, blocking=True):
        if self._lock.acquire(blocking=False):
            return True
        self.awaited.set()
        return blocking and self._lock.acquire()

    def release(self):
        self._lock.release()

    __enter__ = acquire

    def __exit__(self, *args):
        self.release()


def test_who_waits_for_its_turn_keeps_nobody_else_waiting(sent):
    """A notebook's two outputs, each with a thread: one handles a message and sends to both, the other one answers."""
    turn = WatchedLock()
    comm = Comm(sent.append, turn=turn)

    def answer():
        comm.receive(
            channel(lambda carrier, text, data: carrier.send("answer", None)), [{"text": "question"}]
        )

    with ThreadPoolExecutor(2) as pool:
        with turn:
            answering = pool.submit(answer)
            assert turn.awaited.wait(60)
            # With the turn in hand, and the other thread in the middle of its answer.
            sending = pool.submit(comm.touch)
            sending.result(60)
        answering.result(60)
    assert sent == [[{"text": "answer"}]]


def test_the_loop_sends_later_what_it_cannot_send_now(sent):
    turn = WatchedLock()
    comm = Comm(sent.append, turn=turn)
    held, free = threading.Event(), threading.Event()

    def hold():
        with turn:
            held.set()
            free.wait(60)

    async def main():
        comm.receive(channel(), [])
        with ThreadPoolExecutor(1) as pool:
            pool.submit(hold)
            assert held.wait(60)
            comm.send("a", None)
            comm.send("b", None)
            assert sent == []
            free.set()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert sent == [[{"text": "a"}, {"text": "b"}]]


def test_when_nothing_was_sent_for_a_moment_panel_is_made_to_send_what_it_left(sent):
    settled, told = [], asyncio.Event()

    def settle():
        settled.append(len(sent))
        told.set()

    comm = Comm(sent.append, settle)

    async def main():
        comm.receive(channel(), [])
        for n in range(4):
            comm.send(str(n), None)
            await asyncio.sleep(0)
        assert settled == []
        await told.wait()
        told.clear()
        comm.touch()
        await told.wait()

    asyncio.run(main())
    assert (len(sent), settled) == (4, [4, 4])


def test_what_panel_leaves_lying_is_sent_with_the_next_message():
    """The fault of Panel's that `settle` is for; once this fails, it may go."""
    doc, written = Document(), []
    first: asyncio.Future[None]

    def write(connection, msg):
        written.append(msg)
        return [first if len(written) == 1 else asyncio.get_running_loop().create_future()]

    class Socket:
        """What Panel is told to write to with `write`."""

    class Connection:
        _socket = Socket()
        protocol = SimpleNamespace(create=lambda kind, events: events)

    connection = Connection()
    panel_document.extra_socket_handlers[Socket] = write

    async def main():
        nonlocal first
        first = asyncio.get_running_loop().create_future()
        panel_document.schedule_write_events(doc, [connection], ["one"])
        await asyncio.sleep(0)
        # The first write ends while the second message comes.
        first.set_result(None)
        panel_document.schedule_write_events(doc, [connection], ["two"])
        for _ in range(20):
            await asyncio.sleep(0)
        assert written == [["one"]]
        panel_document.schedule_write_events(doc, [connection], [])
        await asyncio.sleep(0)

    try:
        asyncio.run(main())
    finally:
        del panel_document.extra_socket_handlers[Socket]
    assert written == [["one"], ["two"], []]
