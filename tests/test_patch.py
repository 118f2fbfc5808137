import copy
import json
import random
import re
from pathlib import Path

import pytest

from panel_neuroglancer.patch import diff, middle, patch, share
from panel_neuroglancer.state import read, write
from panel_neuroglancer.sync import Incoming, Outgoing

CASES = json.loads((Path(__file__).parents[1] / "js/tests/fixtures/patches.json").read_text("utf-8"))


def text(value):
    """JSON that tells true from 1, but not 1.0, and the order of dimensions."""
    written = json.dumps(value, sort_keys=True), json.dumps(value.get("dimensions"))
    return tuple(re.sub(r"(\d)\.0\b", r"\1", part) for part in written)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_patch_is_the_pages(case):
    before, after = case["before"], case["after"]
    frozen = copy.deepcopy(before)
    assert diff(before, after) == case["patch"]
    assert text(patch(before, case["patch"])) == text(after)
    assert text(before) == text(frozen)
    assert text(patch(after, diff(after, before))) == text(before)


def test_a_patch_makes_any_state_of_any_other():
    states = [case[name] for case in CASES for name in ("before", "after")]
    rng = random.Random(1)
    for _ in range(2000):
        a, b = rng.choice(states), rng.choice(states)
        assert text(patch(a, diff(a, b))) == text(b)


def test_one_long_list_is_not_sent_for_an_item():
    before = list(map(str, range(50_000)))
    after = [*before[:30_000], "x", *before[30_000:]]
    assert diff({"a": before}, {"a": after}) == [{"path": ["a"], "at": 30_000, "drop": 0, "insert": ["x"]}]
    assert diff({"a": before}, {"a": [*before]}) == []


def test_what_is_the_same_is_shared():
    before = {"a": {"x": [1]}, "b": {"y": 1}}
    after = share(before, {"a": {"x": [1]}, "b": {"y": 2}})
    assert after == {"a": {"x": [1]}, "b": {"y": 2}}
    assert after["a"] is before["a"]
    assert share(before, copy.deepcopy(before)) is before


def test_the_middle_of_random_lists():
    rng = random.Random(2)
    for _ in range(500):
        size = rng.choice([3, 10, 200])
        before = [rng.randrange(4) for _ in range(size)]
        after = list(before)
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(after) + 1)
            after[at : at + rng.randrange(3)] = [rng.randrange(4) for _ in range(rng.randrange(3))]
        start, old, new = middle(before, after)
        assert before[:start] + new + before[start + len(old) :] == after
        if old and new:
            assert old[0] != new[0]
            assert old[-1] != new[-1]


def test_segments_read_and_written_by_difference_are_those_read_and_written_whole():
    rng = random.Random(3)
    state = {"layers": [{"name": "a", "type": "segmentation", "segments": []}]}
    parts = read(state)
    for _ in range(400):
        if rng.random() < 0.5:  # Python's turn
            shown = list(parts["selected_segments"]["a"])
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(shown) + 1)
                shown[at : at + rng.randrange(3)] = [rng.randrange(40) for _ in range(rng.randrange(3))]
            new = write(state, {"selected_segments": {"a": shown}}, parts)
            assert set(read(new)["selected_segments"]["a"]) == set(shown)
            hidden = {s[1:] for s in state["layers"][0]["segments"] if s[0] == "!"} - set(map(str, shown))
            assert {s[1:] for s in new["layers"][0]["segments"] if s[0] == "!"} == hidden
        else:  # the page's
            ids = {s.strip("!"): s for s in state["layers"][0]["segments"]}
            for _ in range(rng.randrange(5)):
                number = str(rng.randrange(40))
                ids.pop(number, None)
                ids |= rng.choice([{}, {number: number}, {number: f"!{number}"}])
            new = {"layers": [{**state["layers"][0], "segments": list(ids.values())}]}
        ids = new["layers"][0]["segments"]
        assert len({s.strip("!") for s in ids}) == len(ids)
        parts = read(new, state, parts)
        assert sorted(parts["selected_segments"]["a"]) == sorted(read(new)["selected_segments"]["a"])
        state = new


def test_states_arrive_whatever_is_lost():
    rng = random.Random(4)
    states = [case["after"] for case in CASES]
    outgoing, incoming, lost = Outgoing(), Incoming(), 0
    for number in range(1, 1000):
        state = rng.choice(states)
        message = json.loads(json.dumps(outgoing.message(number, state)))
        if rng.random() < 0.4:
            continue
        taken = incoming.take(number, message)
        if rng.random() < 0.05:
            incoming = Incoming()  # a reloaded page
        if taken is None:
            lost += 1
            outgoing.forget()
            taken = incoming.take(number, {"state": state})
        elif rng.random() < 0.5:
            outgoing.arrived(number)
        assert text(taken) == text(state)
    assert 0 < lost < 100
