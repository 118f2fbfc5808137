"""What a Python viewer's arrays must be to be drawn; the official package finds out late, or in the browser only."""

from __future__ import annotations

import math
import re
from typing import Any

from .errors import DataError

# What Neuroglancer draws.
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")
ENCODINGS = ("raw", "npz", "jpeg")

_NAME = re.compile(r"[a-zA-Z][a-zA-Z_0-9]*['^]?")
# Of numbers further out JavaScript does not know every whole one.
_FAR = 2**53
_CASTS = {
    "bool": "Cast it with .astype('uint8').",
    "int64": "Cast it with .astype('int32'), or labels with .astype('uint64').",
    "float16": "Cast it with .astype('float32').",
    "object": "Make it an array of numbers, for example with .astype('float32').",
}


def check_volume(info: dict[str, Any]) -> None:
    """Raise DataError unless Neuroglancer can draw what a ``LocalVolume`` says of itself.

    Parameters
    ----------
    info
        What its method ``info()`` returns.
    """
    if "shape" not in info:  # a user's own form of it
        return
    shape = [int(n) for n in info["shape"]]
    _check_dtype(str(info["dataType"]), str(info.get("encoding")))
    if not shape:
        raise DataError(
            "The volume has no dimensions.",
            "Expected an array of rank 1 or more.",
            "Give a single value as np.full((1, 1, 1), value).",
        )
    if 0 in shape:
        raise DataError(
            f"The volume is empty: its shape is {shape}.",
            "Expected at least one voxel along each dimension.",
            "Check how it was cut out.",
        )
    _check_space(info["coordinateSpace"], shape)
    offset = [int(n) for n in info["voxelOffset"]]
    if any(low < -_FAR or low + n > _FAR for low, n in zip(offset, shape, strict=True)):
        raise DataError(
            f"The volume lies too far out: voxel_offset is {offset}.",
            "Expected voxels between -2**53 and 2**53.",
            "Use a smaller voxel_offset.",
        )


def _check_dtype(dtype: str, encoding: str) -> None:
    if dtype not in DTYPES:
        complex_ = "Show its .real, its .imag or np.abs(...) of it, each with .astype('float32')."
        raise DataError(
            f"{dtype} cannot be shown.",
            f"Expected one of {', '.join(DTYPES)}, float64.",
            complex_ if dtype.startswith("complex") else _CASTS.get(dtype, _CASTS["float16"]),
        )
    if encoding not in ENCODINGS:
        raise DataError(
            f"The encoding is {encoding!r}.", f"Expected one of {', '.join(ENCODINGS)}.", "Leave it out."
        )
    if encoding == "jpeg" and dtype != "uint8":
        raise DataError(
            f"{dtype} has no JPEG form.",
            "Expected uint8.",
            "Use encoding='raw', or cast with .astype('uint8').",
        )


def _check_space(space: dict[str, Any], shape: list[int]) -> None:
    if len(space) != len(shape):
        raise DataError(
            f"The volume has {len(shape)} dimensions, and its coordinate space names {', '.join(space)}.",
            "Expected one different name for each dimension.",
            "Give CoordinateSpace as many names, units and scales as the array has dimensions.",
        )
    for name, measure in space.items():
        scale = measure[0] if isinstance(measure, list | tuple) else None
        if not _NAME.fullmatch(name):
            raise DataError(
                f"A dimension is called {name!r}.",
                "Expected a letter, then letters, digits and underscores, and perhaps ' or ^ at the end.",
                "Rename it in the CoordinateSpace.",
            )
        if scale is not None and not (math.isfinite(scale) and scale > 0):
            raise DataError(
                f"A voxel measures {scale} along {name}.",
                "Expected a finite number above 0.",
                "Correct the scales of the CoordinateSpace.",
            )
