"""Transactions on large states give what they gave before, quicker."""

from __future__ import annotations

import copy
from typing import Any

import neuroglancer
import numpy as np
import pytest
from neuroglancer import viewer_base, viewer_state

from panel_neuroglancer import large

TOP = 2**64 - 1


class Odd:
    """Something that is no JSON; copies of it are counted."""

    copies = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Odd:
        Odd.copies += 1
        return Odd()


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, "2", 3.5, None, True], "b": {"c": [[1], {"d": []}], "e": {}}},
        [np.uint64(TOP), {"n": np.int8(3)}],
        {"t": (1, [2])},
        {1: "not a text"},
        [],
        "text",
        None,
    ],
)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(value: Any) -> None:
    after = large.copied(value, {})
    assert after == copy.deepcopy(value) == value
    assert repr(after) == repr(value)

    def containers(value: Any) -> set[int]:
        inside = (
            value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        )
        mine = {id(value)} if isinstance(value, dict | list) else set()
        return mine.union(*map(containers, inside))

    assert not containers(value) & containers(after)


def test_what_is_no_json_is_copied_as_python_copies_it() -> None:
    Odd.copies = 0
    array = np.arange(3)
    after = large.copied({"odd": [Odd(), 1], "array": array}, {})
    assert Odd.copies == 1
    assert after["array"] is not array
    assert (after["array"] == array).all()


@pytest.mark.parametrize(
    "segments",
    [
        ["1", "2", str(TOP), "2"],
        ["1", "!2", "3"],
        ["!1", "1"],
        [1, np.uint64(TOP), 3],
        [(1, True), (2, False)],
        {1: True, 2: False},
        [],
    ],
)
def test_segments_are_read_and_written_as_before(segments: Any) -> None:
    found = viewer_state.StarredSegments(segments)
    expected: dict[int, bool] = {}
    for item in segments.items() if isinstance(segments, dict) else segments:
        number, visible = item if isinstance(item, tuple) else (item, True)
        if isinstance(number, str):
            number, visible = number.lstrip("!"), not number.startswith("!")
        expected[int(number)] = visible
    assert dict(found) == expected
    assert all(type(number) is np.uint64 for number in found)
    assert found.to_json() == [f"{n}" if visible else f"!{n}" for n, visible in expected.items()]
    assert set(found.visible) == {n for n, visible in expected.items() if visible}


@pytest.mark.parametrize("wrong", [["1", "x"], ["-1"], [str(TOP + 1)], ["1", 2.5], [[]]])
def test_wrong_segments_are_refused(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        viewer_state.StarredSegments(wrong)


def test_segments_are_added_to_those_that_are_there() -> None:
    found = viewer_state.StarredSegments(["1", "!2"])
    found.update(["2", "3"])
    assert found.to_json() == ["1", "2", "3"]


def test_volumes_that_the_state_names_no_more_are_forgotten() -> None:
    manager = viewer_base.LocalVolumeManager("viewer.")
    space = neuroglancer.CoordinateSpace(names=["x"], units="nm", scales=[1])
    kept, lost = (neuroglancer.LocalVolume(np.zeros(4, "uint8"), space) for _ in range(2))
    urls = [manager.register_volume(volume) for volume in (kept, lost)]
    count = manager.change_count
    manager.update(f'{{"a": "{urls[0]}", "b": "{urls[1]}"}}')
    assert manager.change_count == count
    manager.update(f'{{"a": "{urls[0]}"}}')
    assert list(manager.volumes.values()) == [kept]
    assert manager.change_count == count + 1


def test_a_transaction_leaves_the_state_before_as_it_was() -> None:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.layers["a"] = neuroglancer.SegmentationLayer(
            source="precomputed://gs://none", segments=range(10_000)
        )
        s.layers["b"] = neuroglancer.ImageLayer(
            source="precomputed://gs://none", shader_controls={"c": {"range": [0, 1]}}
        )
    before = viewer.state
    with viewer.txn() as s:
        s.layers["a"].segments.add(10_000)
        s.layers["b"].shader_controls["c"].range = [0, 2]
    assert len(before.layers["a"].segments) == 10_000
    assert len(viewer.state.layers["a"].segments) == 10_001
    assert list(before.layers["b"].shader_controls["c"].range) == [0, 1]
