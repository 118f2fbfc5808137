"""Zarr 2 and 3, with every codec neuroglancer has for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tensorstore as ts
from numpy.typing import NDArray

CHUNK = [16, 12, 8]
INNER = [8, 6, 4]
LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
GZIP = {"name": "gzip", "configuration": {"level": 5}}
ZSTD = {"name": "zstd", "configuration": {"level": 3}}
BLOSC = {
    "name": "blosc",
    "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0},
}
CRC = {"name": "crc32c"}


def write2(folder: Path, values: NDArray[Any], compressor: dict[str, Any] | None, **metadata: Any) -> None:
    """Write a zarr 2 array ``[x, y, z]`` with its dimensions named as xarray does."""
    spec = {
        "driver": "zarr",
        "kvstore": {"driver": "file", "path": str(folder)},
        "metadata": {
            "shape": values.shape,
            "chunks": CHUNK,
            "dtype": values.dtype.str,
            "compressor": compressor,
            **metadata,
        },
    }
    ts.open(spec, create=True).result().write(values).result()
    (folder / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["x", "y", "z"]}))


def write3(
    kvstore: dict[str, Any], values: NDArray[Any], codecs: list[Any], chunk: list[int] = CHUNK
) -> None:
    """Write a zarr 3 array ``[x, y, z]`` with named dimensions."""
    metadata = {
        "shape": values.shape,
        "data_type": str(values.dtype),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "codecs": codecs,
        "dimension_names": ["x", "y", "z"],
    }
    ts.open({"driver": "zarr3", "kvstore": kvstore, "metadata": metadata}, create=True).result().write(
        values
    ).result()


ZARR2 = {
    "raw": None,
    "gzip": {"id": "gzip", "level": 5},
    "zlib": {"id": "zlib", "level": 5},
    "zstd": {"id": "zstd", "level": 3},
    "blosc-lz4": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1},
    "blosc-zstd": {"id": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 2},
    "blosc-zlib": {"id": "blosc", "cname": "zlib", "clevel": 5, "shuffle": 0},
}


@pytest.mark.parametrize("name", ZARR2)
def test_zarr2(client: Any, server: str, data_folder: Path, known: Any, name: str) -> None:
    values = known.voxels("uint16")
    write2(data_folder / f"zarr2-{name}", values, ZARR2[name])
    known.check_volume(client, f"zarr2://{server}/data/zarr2-{name}/", values, unit=(1, ""))


@pytest.mark.parametrize(("order", "endian"), [("F", "<"), ("C", ">")])
def test_zarr2_layout(
    client: Any, server: str, data_folder: Path, known: Any, order: str, endian: str
) -> None:
    values = known.voxels("float32")
    name = f"zarr2-{order}-{'big' if endian == '>' else 'little'}"
    write2(data_folder / name, values, {"id": "gzip", "level": 5}, order=order, dtype=f"{endian}f4")
    known.check_volume(client, f"zarr2://{server}/data/{name}/", values, unit=(1, ""))


ZARR3 = {
    "raw": [LITTLE],
    "big-endian": [{"name": "bytes", "configuration": {"endian": "big"}}],
    "gzip": [LITTLE, GZIP],
    "blosc": [LITTLE, BLOSC],
    "zstd": [LITTLE, ZSTD],
    "crc32c": [LITTLE, CRC],
    "transpose": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}}, LITTLE, GZIP],
}


@pytest.mark.parametrize("name", ZARR3)
def test_zarr3(client: Any, server: str, data_folder: Path, known: Any, name: str) -> None:
    values = known.voxels("uint16")
    write3({"driver": "file", "path": str(data_folder / f"zarr3-{name}")}, values, ZARR3[name])
    known.check_volume(client, f"zarr3://{server}/data/zarr3-{name}/", values, unit=(1, ""))


@pytest.mark.parametrize("place", ["start", "end"])
@pytest.mark.parametrize("name", ["raw", "gzip", "blosc", "zstd"])
def test_zarr3_sharding(
    client: Any, server: str, data_folder: Path, known: Any, name: str, place: str
) -> None:
    values = known.voxels("uint16")
    inner = {
        "chunk_shape": INNER,
        "codecs": ZARR3[name],
        "index_codecs": [LITTLE, CRC],
        "index_location": place,
    }
    path = f"zarr3-sharded-{name}-{place}"
    write3(
        {"driver": "file", "path": str(data_folder / path)},
        values,
        [{"name": "sharding_indexed", "configuration": inner}],
    )
    known.check_volume(client, f"zarr3://{server}/data/{path}/", values, unit=(1, ""))


def test_zarr3_in_ocdbt(client: Any, server: str, data_folder: Path, known: Any) -> None:
    """At the root: neuroglancer 2.41.2 finds nothing in a database whose keys all share a prefix."""
    values = known.voxels("uint16")
    base = {"driver": "file", "path": str(data_folder / "ocdbt") + "/"}
    write3({"driver": "ocdbt", "base": base}, values, ZARR3["gzip"])
    known.check_volume(client, f"{server}/data/ocdbt/|ocdbt:|zarr3:", values, unit=(1, ""))


def test_ome_zarr(client: Any, server: str, data_folder: Path, known: Any) -> None:
    """Two scales, axes ``[z, y, x]``, micrometres; the finer scale is drawn, its first voxel *centred* on the origin."""
    values = known.voxels("uint16")
    folder = data_folder / "ome"
    datasets = []
    for level in range(2):
        step = 2**level
        write2(
            folder / str(level), values[::step, ::step, ::step].T, ZARR2["blosc-lz4"], dimension_separator="/"
        )
        scale = {"type": "scale", "scale": [step] * 3}
        shift = {"type": "translation", "translation": [(step - 1) / 2] * 3}
        datasets.append({"path": str(level), "coordinateTransformations": [scale, shift]})
    axes = [{"name": d, "type": "space", "unit": "micrometer"} for d in "zyx"]
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / ".zattrs").write_text(
        json.dumps({"multiscales": [{"version": "0.4", "axes": axes, "datasets": datasets}]})
    )
    known.check_volume(
        client, f"zarr2://{server}/data/ome/", values, unit=(1e-6, "m"), corner=(-0.5, -0.5, -0.5)
    )
