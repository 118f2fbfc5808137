"""What a Python viewer serves when its volumes, or what is asked of them, make no sense."""

from __future__ import annotations

import logging
from typing import Any

import neuroglancer
import numpy as np
import pytest

from panel_neuroglancer import NeuroglancerError, sources
from panel_neuroglancer.errors import DataError
from panel_neuroglancer.volumes import check_volume


def space(rank: int = 3, **wrong: Any) -> neuroglancer.CoordinateSpace:
    given = {"names": list("xyzt")[:rank], "units": "nm", "scales": [1] * rank, **wrong}
    return neuroglancer.CoordinateSpace(**given)


def read(data: Any, path: str, **options: Any) -> dict[str, Any]:
    volume = neuroglancer.LocalVolume(data, space(), **options)
    return sources.read(lambda key: volume, f"/neuroglancer/{path}").result


class Source:
    shape, dtype = (4, 4, 4), np.dtype("uint8")

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __getitem__(self, key: Any) -> Any:
        return self.answer()


def fail(error: Exception) -> Any:
    def answer() -> Any:
        raise error

    return Source(answer)


@pytest.mark.parametrize(
    ("dtype", "cast"),
    [
        ("complex64", "np.abs"),
        ("complex128", "astype('float32')"),
        ("object", "astype('float32')"),
        ("bool", "astype('uint8')"),
        ("int64", "astype('int32')"),
        ("float16", "astype('float32')"),
        ("datetime64[s]", "astype('float32')"),
        ("U3", "astype('float32')"),
    ],
)
def test_a_dtype_says_what_to_cast_to(dtype: str, cast: str) -> None:
    volume = neuroglancer.LocalVolume(np.zeros((2, 2, 2), dtype), space())
    with pytest.raises(DataError, match="cannot be shown") as refused:
        check_volume(volume.info())
    assert cast in refused.value.fix
    assert isinstance(refused.value, NeuroglancerError)


@pytest.mark.parametrize("offset", [2**53, -(2**53) - 1, 2**53 - 1])
def test_the_offset_has_an_end(offset: int) -> None:
    volume = neuroglancer.LocalVolume(np.zeros((2, 2, 2)), space(), voxel_offset=[0, 0, offset])
    with pytest.raises(DataError, match="too far out"):
        check_volume(volume.info())
    near = neuroglancer.LocalVolume(np.zeros((2, 2, 2)), space(), voxel_offset=[-(2**53), 0, 2**53 - 2])
    check_volume(near.info())


def test_what_can_be_drawn_passes() -> None:
    arrays = neuroglancer.CoordinateSpace(
        names=["x", "c^"],
        units=["nm", ""],
        scales=[1, None],
        coordinate_arrays=[None, neuroglancer.CoordinateArray(labels=["ü", "b"])],
    )
    check_volume(neuroglancer.LocalVolume(np.zeros((4, 2), "float64"), arrays).info())
    check_volume(neuroglancer.LocalVolume(np.zeros(3, "uint8")).info())
    check_volume({"anything": "of a user's own"})


def test_a_bad_volume_is_refused_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer = read(np.zeros((0, 2, 2), "uint8"), "info/a.b")
    assert answer["status"] == 400
    assert "empty" in answer["reason"]
    assert answer["reason"] in caplog.text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (fail(OSError("the disk is gone")), "OSError: the disk is gone"),
        (fail(MemoryError("1 TB")), "MemoryError: 1 TB"),
        (Source(lambda: np.zeros((1, 2), "uint8")), "shape (1, 2)"),
        (Source(lambda: np.zeros((4, 4, 4), "int32")), "gave int32"),
        (Source(lambda: "text"), "shape ()"),
    ],
)
def test_a_source_that_fails_is_told_and_logged(
    source: Source, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "panel_neuroglancer"):
        answer = read(source, "raw/a.b/1,1,1/0,0,0/4,4,4")
    assert answer["status"] == 500
    assert words in answer["reason"]
    (record,) = caplog.records
    assert words in record.getMessage()
    assert record.exc_info


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("raw/a.b/1,1/0,0,0/4,4,4", 400),
        ("raw/a.b/1,1,1/0,0,0/5,4,4", 400),
        ("raw/a.b/0,1,1/0,0,0/4,4,4", 400),
        ("raw/a.b/1,1,1/2,0,0/1,4,4", 400),
        ("raw/a.b/-1,1,1/0,0,0/4,4,4", 400),
        ("raw/a.b/nonsense", 400),
        ("zip/a.b/1,1,1/0,0,0/4,4,4", 400),
        ("mesh/a.b/7", 404),
        ("mesh/a.b/x", 400),
        ("mesh/a.b/-7", 400),
    ],
)
def test_requests_that_make_no_sense(path: str, status: int) -> None:
    assert read(np.zeros((4, 4, 4), "uint8"), path)["status"] == status


def test_too_large_an_offset_in_a_request() -> None:
    answer = read(np.zeros((4, 4, 4), "uint8"), f"raw/a.b/1,1,1/0,0,0/{2**70},4,4")
    assert answer["status"] in (400, 500)
