"""What lies behind a ``LocalVolume``: arrays of other libraries, read part by part as a page asks for them."""

from __future__ import annotations

import json

import dask.array
import h5py
import neuroglancer
import numpy as np
import pytest
import tensorstore
import xarray
import zarr
from neuroglancer.json_utils import encode_json

from panel_neuroglancer import resident, sources

SHAPE = (70, 50, 30)
X, Y, Z = np.indices(SHAPE)
DATA = (X + 3 * Y + 7 * Z).astype("uint16")
SPACE = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[1, 1, 1])


class Counted:
    """An array of the user's own that notes what is read."""

    shape, dtype = SHAPE, DATA.dtype

    def __init__(self):
        self.read = []

    def __getitem__(self, key):
        self.read.append(key)
        return DATA[key]


def in_hdf5(folder):
    file = h5py.File(folder / "data.h5", "w")
    return file.create_dataset("data", data=DATA, chunks=(16, 16, 16))


def in_zarr(folder):
    array = zarr.create_array(
        store=str(folder / "data.zarr"), shape=SHAPE, chunks=(16, 16, 16), dtype="uint16"
    )
    array[...] = DATA
    return array


def in_a_file(folder):
    array = np.memmap(folder / "data.raw", "uint16", "w+", shape=SHAPE)
    array[...] = DATA
    return array


KINDS = {
    "numpy": lambda folder: DATA,
    "a view of numpy": lambda folder: np.repeat(DATA, 2, 0)[::2],
    "Fortran order": lambda folder: np.asfortranarray(DATA),
    "memmap": in_a_file,
    "dask": lambda folder: dask.array.from_array(DATA, chunks=(16, 16, 16)),
    "h5py": in_hdf5,
    "zarr": in_zarr,
    "xarray": lambda folder: xarray.DataArray(DATA, dims=["x", "y", "z"]),
    "xarray of dask": lambda folder: xarray.DataArray(
        dask.array.from_array(DATA, chunks=16), dims=["x", "y", "z"]
    ),
    "tensorstore": lambda folder: tensorstore.array(DATA),
    "a user's class": lambda folder: Counted(),
}


def ask(volume, path):
    reply = sources.read({"key": volume}.get, f"/neuroglancer/{path}")
    assert reply.result["status"] == 200, reply.result
    return reply.data


def part(volume, scale, start, end):
    def text(numbers):
        return ",".join(map(str, numbers))

    raw = ask(volume, f"raw/key/{text(scale)}/{text(start)}/{text(end)}")
    return np.frombuffer(raw, "<u2").reshape(np.subtract(end, start), order="F")


@pytest.mark.parametrize("kind", KINDS)
def test_parts_of_any_array(kind, tmp_path):
    volume = neuroglancer.LocalVolume(KINDS[kind](tmp_path), SPACE, volume_type="image")
    np.testing.assert_array_equal(part(volume, [1, 1, 1], [5, 6, 7], [69, 50, 30]), DATA[5:69, 6:50, 7:30])
    small = part(volume, [2, 2, 2], [0, 0, 0], [35, 25, 15])
    np.testing.assert_array_equal(small, DATA.reshape(35, 2, 25, 2, 15, 2).mean((1, 3, 5)).astype("uint16"))


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_in_memory_is_sent_whole(kind, tmp_path):
    volume = neuroglancer.LocalVolume(KINDS[kind](tmp_path), SPACE)
    described = resident.describe(volume, "key", 2**30)["array"]
    assert (described is not None) == (kind in ("numpy", "a view of numpy", "Fortran order"))


def test_only_what_is_asked_for_is_read():
    array = Counted()
    part(neuroglancer.LocalVolume(array, SPACE), [1, 1, 1], [0, 0, 0], [8, 8, 8])
    assert array.read == [(slice(0, 8), slice(0, 8), slice(0, 8))]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"downsampling": None},
        {"downsampling": "2d", "max_downsampled_size": 16},
        {"downsampling": "3d", "max_downsampling": float("inf"), "max_downsampling_scales": 3},
        {"chunk_layout": "flat", "max_voxels_per_chunk_log2": 12},
        {"chunk_layout": "isotropic", "downsampling": "2d"},
        {"volume_type": "image", "voxel_offset": [5, -6, 7]},
    ],
)
def test_the_description_is_the_official_one(options):
    volume = neuroglancer.LocalVolume(DATA, SPACE, **options)
    official = json.loads(encode_json(volume.info()))
    # Nothing is gained by compressing what does not leave the machine.
    assert json.loads(ask(volume, "info/key")) == {**official, "encoding": "raw"}
