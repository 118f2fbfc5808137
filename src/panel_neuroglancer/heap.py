"""Chunks cut by JavaScript out of Python's own memory, in the browser; see js/src/worker/heap.ts.

NumPy in WebAssembly takes several times as long for it, and what it makes would have to be copied twice more on its way out.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from . import _runtime
from .link import Data

DTYPES = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32")
_CODE = Path(__file__).parent / "dist" / "heap.js"


@functools.cache
def _functions() -> Any:
    return _runtime.javascript(_CODE.read_text("utf-8"))


def memory_order(array: NDArray[Any]) -> list[int]:
    """Return the dimensions as they are nested in memory, the slowest first."""
    return sorted(range(array.ndim), key=lambda d: -abs(array.strides[d]))


def can_cut(array: NDArray[Any]) -> bool:
    """Whether `chunk` can be asked for parts of an array: it is packed, aligned, and of a type that is sent as it is.

    Examples
    --------
    >>> import numpy as np
    >>> can_cut(np.zeros((4, 4), ">u2")), can_cut(np.zeros((4, 4), "uint8")[::2])
    (False, False)
    """
    return (
        _runtime.in_pyodide()
        and array.dtype.name in DTYPES
        and array.dtype.isnative
        and array.flags.aligned
        and array.transpose(memory_order(array)).flags.c_contiguous
    )


def chunk(array: NDArray[Any], rest: str, *, mean: bool) -> Data:
    """Return a part of an array, the first dimension fastest, as a ``Uint8Array`` of JavaScript's.

    Parameters
    ----------
    array
        One that `can_cut` approves.
    rest
        Factor, first voxel, and one beyond the last, which the array must have; after a ``#`` the size of the blocks in which
        labels are to be compressed.
    mean
        Whether to downsample by averaging.
    """
    layout = {"dtype": array.dtype.name, "shape": array.shape, "order": memory_order(array)}
    cut: Data = _functions().chunk(array, json.dumps(layout), rest, mean)
    return cut
