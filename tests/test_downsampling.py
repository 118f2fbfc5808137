from __future__ import annotations

import numpy as np
import pytest
from neuroglancer import downsample

from panel_neuroglancer.downsampling import mean

RANDOM = np.random.default_rng(0)
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")


def some(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    if dtype == "float32":
        return RANDOM.normal(0, 100, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "factor"),
    [
        ((9,), (2,)),
        ((8, 16), (4, 1)),
        ((7, 5), (2, 8)),
        ((17, 9, 12), (8, 8, 8)),
        ((16, 8, 8), (4, 4, 2)),
        ((5, 4, 3, 2), (4, 1, 2, 2)),
    ],
)
def test_mean_equals_the_official_one(dtype: str, shape: tuple[int, ...], factor: tuple[int, ...]) -> None:
    for data in (some(dtype, shape), np.asfortranarray(some(dtype, shape)), some(dtype, shape[::-1]).T):
        found = mean(data, factor)
        assert found.dtype == data.dtype
        np.testing.assert_array_equal(found, downsample.downsample_with_averaging(data, factor))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16"])
def test_the_largest_and_the_smallest_voxels_do_not_overflow(dtype: str) -> None:
    info = np.iinfo(dtype)
    for value in (info.min, info.max):
        assert (mean(np.full((16, 16, 32), value, dtype), (8, 8, 4)) == value).all()
