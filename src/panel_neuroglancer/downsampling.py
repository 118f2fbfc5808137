"""The mean over blocks of voxels, equal to the official package's and many times faster for images of 8 and 16 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The official package adds up in float32, which knows all whole numbers up to here: then the order does not matter.
_EXACT = 2**24


def mean(part: NDArray[Any], factor: Sequence[int]) -> NDArray[Any]:
    """Return the mean over blocks of voxels, as ``neuroglancer.downsample.downsample_with_averaging`` does.

    Parameters
    ----------
    part
        The voxels.
    factor
        Voxels per block, per dimension; the last block of a dimension may be smaller.

    Returns
    -------
    numpy.ndarray
        One voxel per block, of the same dtype, cut off to a whole number where that is one of integers.

    Examples
    --------
    >>> mean(np.array([[1, 3, 8], [5, 7, 9]], "uint8"), (2, 2))
    array([[4, 8]], dtype=uint8)
    """
    from neuroglancer import downsample

    kind, largest = part.dtype.kind, _largest(part.dtype)
    if kind not in "iu" or largest * int(np.prod(factor)) > _EXACT:
        return np.asarray(downsample.downsample_with_averaging(part, factor))
    sums = part
    # The dimension that is nested outermost first: that adds up whole stretches of memory, and leaves little to the rest.
    for axis in sorted(range(part.ndim), key=lambda d: -abs(part.strides[d])):
        largest *= int(factor[axis])
        sums = _sum(sums, axis, int(factor[axis]), f"{kind}{2 if largest < 2**15 else 4}")
    counts: Any = int(np.prod(factor))
    if any(n % f for n, f in zip(part.shape, factor, strict=True)):
        each = [np.minimum(f, n - np.arange(0, n, f)) for n, f in zip(part.shape, factor, strict=True)]
        counts = np.prod(np.meshgrid(*each, indexing="ij"), axis=0)
    # Whole numbers are divided in half the time; but it is towards 0 that the official package cuts off.
    return np.asarray((sums // counts if kind == "u" else sums / counts).astype(part.dtype))


def _largest(dtype: np.dtype[Any]) -> float:
    """Return the largest magnitude of a voxel."""
    return 2.0 ** (8 * dtype.itemsize - (dtype.kind == "i"))


def _sum(sums: NDArray[Any], axis: int, factor: int, dtype: str) -> NDArray[Any]:
    """Add up each ``factor`` elements along a dimension."""
    if factor == 1:
        return sums
    along = np.moveaxis(sums, axis, 0)
    total = along[::factor].astype(dtype)
    for offset in range(1, factor):
        more = along[offset::factor]
        total[: len(more)] += more
    return np.moveaxis(total, 0, axis)
