"""Arrays that are sent to the page whole, once, so that it can cut and downsample them without Python.

An array goes in the order in which it lies in memory, so that sending it is copying it, however its dimensions are nested.
"""

from __future__ import annotations

import hashlib
import operator
import weakref
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _runtime, heap
from .channel import Channel, ChannelError, Reply
from .heap import DTYPES, memory_order
from .sources import array_of, checked, cut, is_overridden, span

Volumes = Callable[[str], Any]
Array = NDArray[Any]

Box = tuple[tuple[int, ...], tuple[int, ...]]

_SAMPLE = 1 << 16
_LITTLE = 1 << 18
_HASHED = 1 << 22
_REMEMBERED_CHANGES = 64
# The last changes of each volume: the generation that each made, and the first voxels and those beyond the last.
_changes: weakref.WeakKeyDictionary[Any, list[tuple[int, Box]]] = weakref.WeakKeyDictionary()
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")


def invalidate(volume: Any, region: slice | Sequence[slice] | None = None) -> None:
    """Let the pages know that an array has changed.

    With a region, only its voxels are sent again to the pages that keep the array.

    Parameters
    ----------
    volume
        A ``neuroglancer.LocalVolume``.
    region
        What has changed: one slice per dimension, as for the array. By default everything, as
        ``volume.invalidate()`` says it.

    Examples
    --------
    >>> import neuroglancer, numpy as np
    >>> array = np.zeros((64, 64, 64), "uint8")
    >>> volume = neuroglancer.LocalVolume(array, neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1] * 3))
    >>> array[8:16, :, 30] = 255
    >>> invalidate(volume, np.s_[8:16, :, 30:31])
    """
    if region is not None:
        known = _changes.setdefault(volume, [])
        parts = (region,) if isinstance(region, slice) else region
        known.append((volume.change_count + 1, _box(parts, volume.shape)))
        del known[:-_REMEMBERED_CHANGES]
    volume.invalidate()


def serve(channel: Channel, volumes: Volumes) -> None:
    """Answer what the pages ask about whole arrays.

    Parameters
    ----------
    channel
        The channel of a component.
    volumes
        Gives the ``LocalVolume`` for a key, or None.
    """

    def describe_one(params: dict[str, Any], data: bytes | None) -> Reply:
        volume, limit = volumes(_text(params, "key")), _number(params, "limit")
        return Reply(describe(volume, params["key"], limit, digest=bool(params.get("digest"))))

    def send_slab(params: dict[str, Any], data: bytes | None) -> Any:
        volume = volumes(_text(params, "key"))
        generation, start, end = (_number(params, name) for name in ("generation", "start", "end"))
        return _runtime.in_background(slab, volume, generation, start, end, packed=bool(params.get("packed")))

    def tell_changes(params: dict[str, Any], data: bytes | None) -> Reply:
        volume, known = volumes(_text(params, "key")), params.get("digest")
        array = array_of(volume) if known else None
        if array is not None and _digest_of(array) == known:
            return Reply({"boxes": []})
        return Reply({"boxes": changes(volume, _number(params, "since"), _number(params, "generation"))})

    def send_box(params: dict[str, Any], data: bytes | None) -> Any:
        volume, packed = volumes(_text(params, "key")), bool(params.get("packed"))
        start, end = (tuple(map(int, params[name])) for name in ("start", "end"))
        return _runtime.in_background(box, volume, _number(params, "generation"), (start, end), packed=packed)

    def send_chunk(params: dict[str, Any], data: bytes | None) -> Any:
        volume, rest = volumes(_text(params, "key")), _text(params, "rest")
        return _runtime.in_background(
            chunk, volume, _number(params, "generation"), rest, packed=bool(params.get("packed"))
        )

    channel.on("source.resident", describe_one)
    channel.on("source.chunk", send_chunk)
    channel.on("source.changes", tell_changes)
    channel.on("source.box", send_box)
    channel.on("source.slab", send_slab)


def describe(volume: Any, key: str, limit: int, *, digest: bool = False) -> dict[str, Any]:
    """Say how a volume's array lies in memory, if all of it may be sent.

    That is so for NumPy arrays of up to ``limit`` bytes which are in memory (not mapped from a file) and which are
    served as they are: no JPEG, no method of the user's own in between. A page that has files of the array (baking.py)
    asks for its ``digest``, to know whether they are of this one.

    Returns
    -------
    dict
        ``array`` is None or what the page needs to know of the array, ``voxel`` the bytes of one voxel, ``bytes`` of all.
    """
    array = array_of(volume)
    if array is None:
        return {"array": None}
    dtype = _sent_as(array.dtype)
    size = dtype.itemsize * array.size
    if dtype.name not in DTYPES or not 0 < size <= limit:
        return {"array": None}
    shape = [int(n) for n in array.shape]
    array_json = {
        "key": key,
        "generation": volume.change_count,
        "dtype": dtype.name,
        "shape": shape,
        "order": memory_order(array),
        "mean": volume.volume_type == "image",
        "meshes": _meshes(volume, dtype),
    }
    known = {"digest": _digest_of(array)} if digest else {}
    return {"array": array_json, "voxel": dtype.itemsize, "bytes": size, **known}


def digest(data: bytes) -> str:
    """Return what tells some bytes from all others."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _digest_of(array: Array) -> str:
    """Return what tells an array from all others: its voxels, and how they lie in memory, but not where."""
    order, dtype = memory_order(array), _sent_as(array.dtype)
    turned, step = array.transpose(order), max(1, _HASHED // dtype.itemsize)
    known = hashlib.blake2b(repr((dtype.str, array.shape, order)).encode(), digest_size=16)
    for start in range(0, array.size, step):
        part = voxels(turned, start, min(array.size, start + step))
        known.update(np.ascontiguousarray(part.astype(dtype, copy=False)).data.cast("B"))
    return known.hexdigest()


def slab(volume: Any, generation: int, start: int, end: int, *, packed: bool = False) -> Reply:
    """Return some voxels of a volume's array, in the order of memory.

    With ``packed`` they are made smaller where that is soon done, and the result says how: a browser takes messages from a
    server a little at a time, between the pictures it draws. ``runs`` is the number of runs of equal voxels, whose starts
    (``uint32``) come first, then their values; 0 where the voxels are sent one by one. ``deflated`` says whether all that
    is compressed with zlib.

    Raises
    ------
    ChannelError
        If the array is gone, or changed since the page asked for it, or has no such voxels.
    """
    array = _current(volume, generation)
    if not 0 <= start < end <= array.size:
        raise ChannelError("bad-params", f"The array has no voxels {start} to {end}; it has {array.size}.")
    part = voxels(array.transpose(memory_order(array)), start, end)
    return _pack(part.astype(_sent_as(array.dtype), copy=False), packed)


def chunk(volume: Any, generation: int, rest: str, *, packed: bool = False) -> Reply:
    """Return a chunk that is needed before the whole array is sent, the first dimension fastest, packed as in `slab`.

    ``rest`` says which, as in the paths of the official server: factor, first voxel, and one beyond the last. After a ``#``
    comes the size of the blocks in which labels may be compressed; the result says whether they are.
    """
    array = _current(volume, generation)
    part, _, blocks = rest.partition("#")
    factor, start, end = span(part)
    if not packed and heap.can_cut(array):
        checked(volume, start, end, factor)
        mean = volume.volume_type == "image"
        compressed = bool(blocks) and not mean
        data = heap.chunk(array, rest if compressed else part, mean=mean)
        return Reply({"runs": 0, "deflated": False, "compressed": compressed}, data)
    return _pack(cut(volume, start, end, factor).ravel("F"), packed)


def _current(volume: Any, generation: int) -> Array:
    array = array_of(volume)
    if array is None or volume.change_count != generation:
        raise ChannelError("stale", "The array was changed or removed while it was sent.")
    return array


def changes(volume: Any, since: int, generation: int) -> list[Box] | None:
    """Return what has changed from one generation to another, or None if that may be everything."""
    known = {made: box for made, box in _changes.get(volume, []) if since < made <= generation}
    return list(known.values()) if volume is not None and len(known) == generation - since else None


def box(volume: Any, generation: int, part: Box, *, packed: bool = False) -> Reply:
    """Return the voxels of a part of a volume's array, in the order of memory, packed as in `slab`."""
    array = _current(volume, generation)
    start, end = part
    if _box([slice(a, b) for a, b in zip(start, end, strict=True)], array.shape) != part:
        raise ChannelError("bad-params", f"The array has no part {part}; its shape is {array.shape}.")
    return _pack(_inside(array, part), packed)


def part(volume: Any, box: Box) -> Array:
    """Return the voxels of a part of a volume's array as it is now, in the order of memory."""
    return _inside(_current(volume, volume.change_count), box)


def _inside(array: Array, box: Box) -> Array:
    inside = array[tuple(map(slice, *box))].transpose(memory_order(array))
    return inside.astype(_sent_as(array.dtype), copy=False).reshape(-1)


def _box(region: Sequence[slice], shape: Sequence[int]) -> Box:
    if len(region) != len(shape):
        raise ValueError(
            f"The region has {len(region)} slices, the array {len(shape)} dimensions: give one for each."
        )
    spans = [part.indices(operator.index(n)) for part, n in zip(region, shape, strict=True)]
    if any(step != 1 for _, _, step in spans):
        raise ValueError("The region's slices have steps: give the box around what has changed.")
    return tuple(a for a, _, _ in spans), tuple(max(a, b) for a, b, _ in spans)


def _pack(part: Array, packed: bool) -> Reply:
    if not packed:
        return Reply({"runs": 0, "deflated": False}, part.tobytes())
    runs, data = in_runs(part)
    # Little is not worth the time that both sides take for it.
    deflated = len(data) > _LITTLE and len(zlib.compress(data[:_SAMPLE], 1)) < _SAMPLE / 2
    return Reply({"runs": runs, "deflated": deflated}, zlib.compress(data, 1) if deflated else data)


def in_runs(part: Array) -> tuple[int, bytes]:
    """Return the number of runs of equal voxels with their starts and values, or 0 and the voxels if runs are short.

    Examples
    --------
    >>> runs, data = in_runs(np.repeat(np.array([7, 0, 9], "uint8"), [30, 50, 20]))
    >>> runs, np.frombuffer(data, "<u4", runs).tolist(), list(data[4 * runs :])
    (3, [0, 30, 80], [7, 0, 9])
    """
    # Bits are compared, not numbers: NaN equals itself, and -0 is not 0.
    bits = np.ascontiguousarray(part).view(f"u{part.itemsize}")
    changes = bits[1:] != bits[:-1]
    runs = 1 + int(np.count_nonzero(changes))
    if runs * (4 + part.itemsize) > part.nbytes / 4:
        return 0, part.tobytes()
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1]).astype("<u4")
    return runs, starts.tobytes() + bits[starts].astype(bits.dtype.newbyteorder("<")).tobytes()


def voxels(array: Array, start: int, end: int) -> Array:
    """Return elements of an array, counted with the last dimension fastest; a view where that is possible.

    Examples
    --------
    >>> voxels(np.arange(24).reshape(2, 3, 4)[:, ::-1], 3, 6)
    array([11,  4,  5])
    """
    if array.flags.c_contiguous or array.ndim == 1:
        return array.reshape(-1)[start:end]
    plane = array[0].size
    first, last = start // plane, (end - 1) // plane
    start, end = start - first * plane, end - first * plane
    # Planes may be large: only those parts are copied that are asked for.
    return (
        voxels(array[first], start, end) if first == last else array[first : last + 1].reshape(-1)[start:end]
    )


def _sent_as(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("<f4") if dtype == np.float64 else dtype.newbyteorder("<")


def _meshes(volume: Any, dtype: np.dtype[Any]) -> dict[str, Any] | None:
    """Return the options for making meshes in the browser, or None where it cannot or Python has its own way."""
    if volume.rank != 3 or dtype.name not in _UNSIGNED or is_overridden(volume, "get_object_mesh"):
        return None
    return {**volume._mesh_options, "scales": [float(scale) for scale in volume.dimensions.scales]}


def _text(params: dict[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise ChannelError("bad-params", f"{name} is {value!r}; expected a text.")
    return value


def _number(params: dict[str, Any], name: str) -> int:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ChannelError("bad-params", f"{name} is {value!r}; expected a whole number.")
    return int(value)
