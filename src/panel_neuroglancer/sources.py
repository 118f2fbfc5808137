"""What a Python viewer serves to the page: the official package's volumes, skeletons and meshes, by path.

The paths are those of the official server, which Neuroglancer's own ``python://`` data source asks for; only the carrier
is ours. Voxels go as raw bytes, the first dimension fastest, since nothing is gained by compressing within one machine.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import heap
from .channel import Data, Reply
from .downsampling import mean
from .errors import DataError, ReadError
from .volumes import check_volume

log = logging.getLogger(__name__)

_PATH = re.compile(r"/neuroglancer/(?P<kind>[^/]+)/(?P<key>[^/]+)(?:/(?P<rest>.*))?$")
_SUBVOLUME = re.compile(r"(?P<scale>[0-9,]+)/(?P<start>[0-9,]+)/(?P<end>[0-9,]+)$")


@dataclass
class NotServedError(Exception):
    """A request that gets an HTTP status instead of data, because that is what Neuroglancer understands."""

    status: int
    reason: str


def read(volumes: Callable[[str], Any], path: str) -> Reply:
    """Answer a request of the page.

    Parameters
    ----------
    volumes
        Gives the ``LocalVolume`` or ``SkeletonSource`` for a key, or None.
    path
        For example ``/neuroglancer/info/KEY`` or ``/neuroglancer/raw/KEY/1,1,1/0,0,0/64,64,64``.
    """
    try:
        data = _read(volumes, path)
    except NotServedError as error:
        return Reply({"status": error.status, "reason": error.reason})
    except DataError as error:
        log.error("%s", error)
        return Reply({"status": 400, "reason": str(error)})
    except Exception as error:
        # A user's source may fail in any way; the other layers go on.
        failure = error if isinstance(error, ReadError) else _failure(path, error)
        log.error("%s", failure, exc_info=error)
        return Reply({"status": 500, "reason": f"{failure.what} {failure.expected}"})
    return Reply({"status": 200, "reason": "OK"}, data)


def _read(volumes: Callable[[str], Any], path: str) -> Data:
    match = _PATH.match(path)
    if match is None:
        raise NotServedError(400, f"No data has the path {path}")
    kind, key, rest = match["kind"], match["key"], match["rest"] or ""
    volume = volumes(key)
    if volume is None:
        raise NotServedError(404, f"The viewer has no volume {key} any more")
    if kind in ("info", "skeletoninfo"):
        return _info(volume)
    if kind == "mesh":
        return _mesh(volume, _object_id(rest))
    if kind == "skeleton":
        return _skeleton(volume, _object_id(rest))
    return _subvolume(volume, kind, rest)


def _failure(path: str, error: Exception) -> ReadError:
    match = _PATH.match(path)
    assert match is not None, path
    kind, rest = match["kind"], match["rest"] or ""
    part = _SUBVOLUME.match(rest)
    if part is not None:
        what = f"the voxels {part['start']} to {part['end']} at the scale {part['scale']}"
    else:
        what = f"the {kind} of object {rest}" if rest else "what the source says of itself"
    name, fix = type(error).__name__, "Mend the source, then call invalidate() of the volume."
    if isinstance(error, MemoryError):
        name, fix = "MemoryError", "Ask for smaller parts with the volume's max_voxels_per_chunk_log2."
    expected = "Expected an array." if part is not None else "Expected an answer."
    return ReadError(f"Reading {what} raised {name}: {error}.", expected, fix)


def _object_id(text: str) -> int:
    if not text.isdecimal():
        raise NotServedError(400, f"{text!r} is no object id")
    return int(text)


def _info(volume: Any) -> bytes:
    from neuroglancer.json_utils import encode_json

    info = volume.info()
    check_volume(info)
    if info.get("encoding") == "npz" and not is_overridden(volume, "get_encoded_subvolume"):
        info["encoding"] = "raw"
    return str(encode_json(info)).encode()


def _subvolume(volume: Any, encoding: str, rest: str) -> Data:
    scale, start, end = span(rest)
    if is_overridden(volume, "get_encoded_subvolume"):
        data, _ = volume.get_encoded_subvolume(encoding, start, end, ",".join(map(str, scale)))
        return bytes(data)
    if encoding not in _ENCODERS:
        raise NotServedError(400, f"There is no encoding {encoding!r}")
    array = array_of(volume) if encoding == "raw" else None
    if array is not None and heap.can_cut(array):
        checked(volume, start, end, scale)
        return heap.chunk(array, rest, mean=volume.volume_type == "image")
    return _ENCODERS[encoding](cut(volume, start, end, scale))


def span(text: str) -> tuple[Any, Any, Any]:
    """Return the factor, the first voxel and the one beyond the last of a part such as ``1,1,1/0,0,0/64,64,64``."""
    match = _SUBVOLUME.match(text)
    if match is None:
        raise NotServedError(400, f"{text!r} is no part of a volume")
    scale, start, end = (np.array(match[name].split(","), np.int64) for name in ("scale", "start", "end"))
    return scale, start, end


def _raw(part: Any) -> bytes:
    data: bytes = part.tobytes("F")
    return data


def _npz(part: Any) -> bytes:
    from neuroglancer.chunks import encode_npz

    return bytes(encode_npz(part))


def _jpeg(part: Any) -> bytes:
    from neuroglancer.chunks import encode_jpeg

    # The package's encoder keeps the last dimension as the picture's rows; the page wants the first to run fastest.
    return bytes(encode_jpeg(part.T.reshape(1, -1, part.shape[0])))


_ENCODERS: dict[str, Callable[[Any], bytes]] = {"raw": _raw, "npz": _npz, "jpeg": _jpeg}


def array_of(volume: Any) -> NDArray[Any] | None:
    """Return the array that a volume serves as it is, if there is one in memory."""
    data = getattr(getattr(volume, "data", None), "_data", None)
    if not isinstance(data, np.ndarray) or isinstance(data, np.memmap) or data.ndim == 0:
        return None
    if volume.encoding == "jpeg" or any(
        is_overridden(volume, name) for name in ("get_encoded_subvolume", "info")
    ):
        return None
    return np.asarray(data)


def is_overridden(volume: Any, method: str) -> bool:
    """Whether a volume's class has its own way to do something that ``LocalVolume`` does."""
    from neuroglancer import LocalVolume

    return getattr(type(volume), method) is not getattr(LocalVolume, method)


def cut(volume: Any, start: Any, end: Any, factor: Any) -> Any:
    """Return a part of a ``LocalVolume``, downsampled as the official server does it.

    Parameters
    ----------
    volume
        A ``neuroglancer.LocalVolume``.
    start, end
        First voxel, and one beyond the last, per dimension, at the reduced resolution.
    factor
        Voxels of the full resolution per voxel, per dimension.

    Raises
    ------
    NotServedError
        If the part does not lie in the volume or the factor is larger than the volume allows.
    """
    from neuroglancer import downsample

    box = checked(volume, start, end, factor)
    part = np.asarray(volume.data[box])
    wanted = tuple(s.stop - s.start for s in box)
    if part.shape != wanted:
        raise ReadError(
            f"The source gave an array of shape {part.shape} for the part {_span(box)}.",
            f"Expected the shape {wanted}.",
            "Correct what its __getitem__ returns.",
        )
    if part.dtype == np.float64:
        part = part.astype(np.float32)
    if part.dtype.name != volume.data_type:
        raise ReadError(
            f"The source gave {part.dtype.name} for the part {_span(box)}.",
            f"Expected {volume.data_type}, as its dtype says.",
            "Correct its dtype, or what its __getitem__ returns.",
        )
    if np.any(factor != 1):
        reduce = mean if volume.volume_type == "image" else downsample.downsample_with_striding
        part = reduce(part, factor)
    # The page reads little-endian whatever the array was made as.
    return part.astype(part.dtype.newbyteorder("<"), copy=False)


def checked(volume: Any, start: Any, end: Any, factor: Any) -> tuple[slice, ...]:
    """Return which voxels of the full resolution a part is made of, or raise NotServedError; see `cut`."""
    rank = volume.rank
    if not len(start) == len(end) == len(factor) == rank:
        raise NotServedError(400, f"The volume has {rank} dimensions")
    if np.any(factor < 1) or np.prod(factor) > volume.max_downsampling:
        raise NotServedError(400, f"The volume is not downsampled by {factor.tolist()}")
    shape = -(-np.asarray(volume.shape) // factor)
    if np.any(end < start) or np.any(start < 0) or np.any(end > shape):
        raise NotServedError(400, f"The volume has the shape {shape.tolist()} at this scale")
    return tuple(
        slice(int(s * f), int(min(n, e * f)))
        for s, e, f, n in zip(start, end, factor, volume.shape, strict=True)
    )


def _span(box: tuple[slice, ...]) -> str:
    return "[" + ", ".join(f"{s.start}:{s.stop}" for s in box) + "]"


def _mesh(volume: Any, object_id: int) -> bytes:
    from neuroglancer import local_volume

    try:
        return bytes(volume.get_object_mesh(object_id))
    except local_volume.MeshImplementationNotAvailable:
        raise NotServedError(
            501,
            "Python makes no meshes in the browser, and the page has not got this array: raise the component's resident_limit "
            "above its size in bytes, and give it as a NumPy array",
        ) from None
    except local_volume.MeshesNotSupportedForVolume:
        raise NotServedError(405, "Only 3-D arrays of unsigned integers have meshes") from None
    except local_volume.InvalidObjectIdForMesh:
        raise NotServedError(404, f"The volume has no object {object_id}") from None


def _skeleton(source: Any, object_id: int) -> bytes:
    skeleton = source.get_skeleton(object_id)
    if skeleton is None:
        raise NotServedError(404, f"There is no skeleton of object {object_id}")
    return bytes(skeleton.encode(source))
