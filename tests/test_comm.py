"""Panel's own messages: what goes together, and in which order."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

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


def test_large_parts_do_not_wait(comm, sent):
    async def main():
        comm.receive(channel(), [])
        with ThreadPoolExecutor(1) as pool:
            pool.submit(comm.send, "large", bytes(PART_BYTES))
        assert len(sent) == 1

    asyncio.run(main())


def test_a_loop_that_has_ended_is_not_waited_for(comm, sent):
    async def main():
        comm.receive(channel(), [])

    asyncio.run(main())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(comm.send, "late", None)
    assert sent == [[{"text": "late"}]]
