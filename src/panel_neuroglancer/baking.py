"""The data of Python viewers as files, for pages that have no Python, or none yet; the page reads them (js/src/baked.ts).

An array in memory becomes bricks, so that the page can begin with those in view; a large one also at each coarser level that
the page asks for, the same voxels as the page would make of the whole array. All else that Python would answer, it answers
once here: what a source says of itself, meshes of its own, skeletons. Each file is compressed with zlib and named after what
is in it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
from bokeh.model import Model
from numpy.typing import NDArray

from . import resident, session, sources
from .errors import BakeLimitError, size

# The id of the element that holds a file inside a page, before the file's name.
ELEMENT = "panel-neuroglancer-baked-"
# Compressed bytes of all that one page carries, by default.
LIMIT = 64_000_000
# Arrays beyond this a page would hardly keep.
_RAW_LIMIT = 1 << 30
_BRICK = 1 << 20
_LEVELS_FROM = 1 << 22
_MOST_OBJECTS = 1000


class _FullError(Exception):
    """There is no room for more."""


@dataclass
class Bakery:
    """Makes the files of one page.

    Attributes
    ----------
    limit
        Bytes that the files may have together; 0 for none, without further ado.
    files
        Their contents, by name.
    left_out
        A sentence for each source that is not in them: which, and why.
    too_large
        Those of the sentences that a higher limit would mend.
    """

    limit: float = LIMIT
    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    _baked: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    def bake(self, models: Iterable[Model], url: str = "") -> None:
        """Tell the models of Python viewers what is baked of their data, and that it lies at ``url``; "": in the page."""
        for model in models:
            python = getattr(getattr(model, "data", None), "python", None)
            if not isinstance(python, dict) or "token" not in python:
                continue
            found = session.find(python["token"])
            if found is not None:
                model.data.python = {**python, "baked": {"url": url, "sources": self._viewer(found)}}

    def check(self) -> None:
        """Raise BakeLimitError where something was left out because it is too large."""
        if self.too_large:
            raise BakeLimitError(
                " ".join(self.too_large),
                f"Expected that what a page carries takes at most {size(self.limit)} when it is compressed.",
                "Save a smaller part of the data, raise bake_limit (in bytes), or leave the data out with bake_limit=0.",
            )

    def _viewer(self, viewer: session.Session) -> dict[str, Any]:
        if not self.limit:
            return {}
        # The small ones first, so that many find room.
        volumes = sorted(viewer.volumes.items(), key=lambda item: _bytes(item[1]))
        return {
            key: self._baked[key]
            for key, volume in volumes
            if key in self._baked or self._keep(viewer, key, volume)
        }

    def _keep(self, viewer: session.Session, key: str, volume: Any) -> bool:
        layers = [layer for layer in viewer.state.get("layers", []) if key in json.dumps(layer.get("source"))]
        name = ", ".join(repr(layer.get("name")) for layer in layers) or key
        files = dict(self.files)
        try:
            self._baked[key] = self._source(viewer, key, volume, name, layers)
        except _FullError:
            self.files = files
            self.too_large.append(
                f"The data of layer {name} ({size(_bytes(volume))} in memory) goes beyond the limit of {size(self.limit)}."
            )
            self.left_out.append(self.too_large[-1])
        return key in self._baked

    def _source(
        self, viewer: session.Session, key: str, volume: Any, name: str, layers: list[dict[str, Any]]
    ) -> dict[str, Any]:
        is_volume = hasattr(volume, "get_object_mesh")
        kind = "info" if is_volume else "skeletoninfo"
        info = sources.read(viewer.volume, f"/neuroglancer/{kind}/{key}")
        if info.data is None:
            self.left_out.append(f"Layer {name} cannot be drawn: {info.result['reason']}")
            return {"refused": info.result}
        entry: dict[str, Any] = {"info": json.loads(bytes(info.data)), "objects": {}}
        if is_volume:
            entry |= self._array(volume, key, name)
        if not is_volume or sources.is_overridden(volume, "get_object_mesh"):
            kind = "mesh" if is_volume else "skeleton"
            for object_id in self._objects(viewer, layers, name):
                found = sources.read(viewer.volume, f"/neuroglancer/{kind}/{key}/{object_id}")
                if found.data is not None:
                    entry["objects"][str(object_id)] = self._add_object(bytes(found.data))
        return entry

    def _array(self, volume: Any, key: str, name: str) -> dict[str, Any]:
        found = resident.describe(volume, key, _RAW_LIMIT, digest=True)
        if found["array"] is None:
            why = "it is not in memory, or has methods of its own"
            if _bytes(volume) > _RAW_LIMIT:
                why = f"it has {size(_bytes(volume))}, and a page keeps at most {size(_RAW_LIMIT)}"
            self.left_out.append(f"The array of layer {name} needs Python: {why}.")
            return {"needs": why}
        digest, shape, voxel = found["digest"], found["array"]["shape"], found["voxel"]
        brick = brick_size(shape, voxel)
        parts = (resident.part(volume, box) for box in bricks(shape, brick))
        entry = {**found, "array": {**found["array"], "brick": brick, "digest": digest}}
        entry["runs"] = self._add_bricks(digest, parts)
        if found["bytes"] > _LEVELS_FROM:
            way = "mean" if found["array"]["mean"] else "pick"
            entry["levels"] = [
                self._level(volume, f"{digest}.{way}", voxel, factor) for factor in levels(volume)
            ]
        return entry

    def _level(self, volume: Any, name: str, voxel: int, factor: NDArray[Any]) -> dict[str, Any]:
        """Add an array's copy that is smaller by a factor, in bricks whose first dimension runs fastest."""
        shape = (-(-np.asarray(volume.shape) // factor)).tolist()
        brick, name = brick_size(shape, voxel), f"{name}{'x'.join(map(str, factor))}"
        boxes = (np.array(box) for box in bricks(shape, brick))
        parts = (sources.cut(volume, start, end, factor).ravel("F") for start, end in boxes)
        runs = self._add_bricks(name, parts)
        return {"factor": factor.tolist(), "shape": shape, "brick": brick, "name": name, "runs": runs}

    def _add_bricks(self, name: str, parts: Iterable[NDArray[Any]]) -> list[int]:
        """Add the bricks of an array; return of each how many runs of equal voxels it is stored as."""
        found = []
        for i, part in enumerate(parts):
            runs, data = resident.in_runs(part)
            self._add(f"{name}.{i}", data)
            found.append(runs)
        return found

    def _objects(self, viewer: session.Session, layers: list[dict[str, Any]], name: str) -> list[int]:
        """Return the objects that a layer may show: those selected, and the labels of arrays beside the source."""
        found: dict[int, None] = {}
        for layer in layers:
            found |= dict.fromkeys(int(str(text).lstrip("!")) for text in layer.get("segments", []))
            for key, volume in viewer.volumes.items():
                array = sources.array_of(volume) if key in json.dumps(layer.get("source")) else None
                if array is not None and array.dtype.kind == "u" and len(found) < _MOST_OBJECTS:
                    found |= dict.fromkeys(int(label) for label in np.unique(array) if label)
        if len(found) > _MOST_OBJECTS:
            self.left_out.append(
                f"Of the {len(found)} objects of layer {name}, the first {_MOST_OBJECTS} are there."
            )
        return list(found)[:_MOST_OBJECTS]

    def _add_object(self, data: bytes) -> str:
        return self._add(resident.digest(data), data)

    def _add(self, name: str, data: bytes) -> str:
        if name not in self.files:
            self.files[name] = zlib.compress(data, 6)
            if self.size > self.limit:
                raise _FullError
        return name


def brick_size(shape: list[int], voxel: int) -> list[int]:
    """Return the shape of the bricks in which an array is stored, about a megabyte each.

    They are cubes, as far as the array is; of several times or channels, one first.

    Examples
    --------
    >>> brick_size([300, 300, 20], 1), brick_size([256, 256, 64, 9], 2), brick_size([8, 8, 8, 500], 1)
    ([256, 128, 20], [128, 64, 64, 1], [8, 8, 8, 500])
    """
    size = [1] * len(shape)
    for dimensions in (range(min(3, len(shape))), range(3, len(shape))):
        while True:
            open_ = [d for d in dimensions if size[d] < shape[d]]
            if not open_ or 2 * prod(size) * voxel > _BRICK:
                break
            d = min(open_, key=lambda d: size[d])
            size[d] = min(2 * size[d], shape[d])
    return size


def bricks(shape: list[int], brick: list[int]) -> Iterator[resident.Box]:
    """Yield the bricks of an array, the last dimension fastest: first voxels and those beyond the last.

    Examples
    --------
    >>> list(bricks([3, 2], [2, 2]))
    [((0, 0), (2, 2)), ((2, 0), (3, 2))]
    """
    for start in product(*(range(0, n, step) for n, step in zip(shape, brick, strict=True))):
        yield start, tuple(min(n, a + step) for a, n, step in zip(start, shape, brick, strict=True))


def levels(volume: Any) -> list[NDArray[Any]]:
    """Return by how much the copies are smaller that the page asks for, the finest first; none where that is not known.

    Examples
    --------
    >>> import neuroglancer
    >>> space = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 2])
    >>> [f.tolist() for f in levels(neuroglancer.LocalVolume(np.zeros((500, 500, 300), "uint8"), space))]
    [[2, 2, 1], [4, 4, 2]]
    """
    from neuroglancer.downsample_scales import compute_near_isotropic_downsampling_scales

    if volume.downsampling_layout != "3d":
        return []  # it depends on how the volume is looked at
    factors = compute_near_isotropic_downsampling_scales(
        np.asarray(volume.shape),
        np.asarray(volume.dimensions.scales),
        list(range(min(3, volume.rank))),
        volume.max_downsampling_scales,
        volume.max_downsampling,
        volume.max_downsampled_size,
    )
    return [np.array(factor) for factor in factors if 1 < np.prod(factor) <= volume.max_downsampling]


def _bytes(volume: Any) -> int:
    return prod(volume.shape) * np.dtype(volume.data_type).itemsize if hasattr(volume, "data_type") else 0
