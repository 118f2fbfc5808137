"""Every encoding of the precomputed format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import compresso
import imagecodecs
import numpy as np
import pytest
import tensorstore as ts
from numpy.typing import NDArray

CHUNK = [16, 12, 8]  # 2 by 2 by 2 of them


def write(folder: Path, values: NDArray[Any], encoding: str, **scale: Any) -> None:
    """Write a precomputed volume with tensorstore; `values` are ``[x, y, z]`` or ``[x, y, z, channel]``."""
    values = values.reshape(values.shape + (1,) * (4 - values.ndim))
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": str(folder)},
        "multiscale_metadata": {
            "type": "image",
            "data_type": str(values.dtype),
            "num_channels": values.shape[3],
        },
        "scale_metadata": {
            "size": values.shape[:3],
            "resolution": [1, 1, 1],
            "chunk_size": CHUNK,
            "encoding": encoding,
            **scale,
        },
    }
    ts.open(spec, create=True).result().write(values).result()


def write_by_hand(folder: Path, values: NDArray[Any], encoding: str, encode: Any) -> None:
    """Write a precomputed volume in an encoding that tensorstore lacks; `encode` gets a chunk ``[x, y, z]``."""
    scale = {
        "key": "s0",
        "size": values.shape,
        "resolution": [1, 1, 1],
        "chunk_sizes": [CHUNK],
        "encoding": encoding,
        "voxel_offset": [0, 0, 0],
    }
    info = {
        "@type": "neuroglancer_multiscale_volume",
        "type": "image",
        "data_type": str(values.dtype),
        "num_channels": 1,
        "scales": [scale],
    }
    (folder / "s0").mkdir(parents=True)
    (folder / "info").write_text(json.dumps(info))
    for corner in np.ndindex(*(n // c for n, c in zip(values.shape, CHUNK, strict=True))):
        box = [slice(i * c, (i + 1) * c) for i, c in zip(corner, CHUNK, strict=True)]
        name = "_".join(f"{b.start}-{b.stop}" for b in box)
        (folder / "s0" / name).write_bytes(encode(values[tuple(box)]))


SHARDING = {
    "@type": "neuroglancer_uint64_sharded_v1",
    "preshift_bits": 1,
    "hash": "murmurhash3_x86_128",
    "minishard_bits": 1,
    "shard_bits": 1,
    "minishard_index_encoding": "gzip",
    "data_encoding": "gzip",
}


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32"]
)
def test_raw(client: Any, server: str, data_folder: Path, known: Any, dtype: str) -> None:
    values = known.voxels(dtype)
    write(data_folder / f"raw-{dtype}", values, "raw")
    known.check_volume(client, f"precomputed://{server}/data/raw-{dtype}/", values)


@pytest.mark.parametrize("encoding", ["raw", "compressed_segmentation"])
@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_sharded(client: Any, server: str, data_folder: Path, known: Any, encoding: str, dtype: str) -> None:
    values = known.labels(dtype)
    extra = {"compressed_segmentation_block_size": [4, 4, 4]} if encoding != "raw" else {}
    write(data_folder / f"sharded-{encoding}-{dtype}", values, encoding, sharding=SHARDING, **extra)
    known.check_volume(client, f"precomputed://{server}/data/sharded-{encoding}-{dtype}/", values)


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_compressed_segmentation(client: Any, server: str, data_folder: Path, known: Any, dtype: str) -> None:
    values = known.voxels(dtype)  # no two voxels alike: every block needs its full table
    write(
        data_folder / f"cseg-{dtype}",
        values,
        "compressed_segmentation",
        compressed_segmentation_block_size=[8, 4, 2],
    )
    known.check_volume(client, f"precomputed://{server}/data/cseg-{dtype}/", values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png(client: Any, server: str, data_folder: Path, known: Any, dtype: str) -> None:
    values = known.voxels(dtype)
    write(data_folder / f"png-{dtype}", values, "png")
    known.check_volume(client, f"precomputed://{server}/data/png-{dtype}/", values)


def test_jpeg(client: Any, server: str, data_folder: Path, known: Any) -> None:
    values = known.smooth()
    write(data_folder / "jpeg", values, "jpeg", jpeg_quality=100)
    known.check_volume(client, f"precomputed://{server}/data/jpeg/", values, tolerance=3)


def _jxl(chunk: NDArray[np.uint8]) -> bytes:
    # Like jpeg and png: x is a row, (y, z) the rows.
    return imagecodecs.jpegxl_encode(chunk.transpose(2, 1, 0).reshape(-1, chunk.shape[0]), lossless=True)


def test_jxl(client: Any, server: str, data_folder: Path, known: Any) -> None:
    values = known.voxels("uint8")
    write_by_hand(data_folder / "jxl", values, "jxl", _jxl)
    known.check_volume(client, f"precomputed://{server}/data/jxl/", values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_compresso(client: Any, server: str, data_folder: Path, known: Any, dtype: str) -> None:
    # Ids stay below 2**32: neuroglancer's own compresso.wasm (2.41.2) drops the upper half of some voxels of larger ones.
    values = known.labels("uint32").astype(dtype) if dtype == "uint64" else known.labels(dtype)
    write_by_hand(
        data_folder / f"compresso-{dtype}",
        values,
        "compresso",
        lambda chunk: compresso.compress(np.asfortranarray(chunk)),
    )
    known.check_volume(client, f"precomputed://{server}/data/compresso-{dtype}/", values)


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_segmentation_layer(client: Any, server: str, data_folder: Path, known: Any, dtype: str) -> None:
    """Ids as they reach the segmentation shader and the state: each selected one in its own colour, the others dark."""
    values = known.labels(dtype)
    write(
        data_folder / f"segmentation-{dtype}",
        values,
        "compressed_segmentation",
        compressed_segmentation_block_size=[8, 8, 8],
    )
    plane = values[:, :, known.DEPTH].T
    ids = np.unique(plane[plane != 0])[::2]
    colours = {str(id): [255 - 5 * i, 3 * i, 7 * i] for i, id in enumerate(ids)}
    client.show(
        {
            "dimensions": {d: [1e-9, "m"] for d in "xyz"},
            "position": [known.SHAPE[0] / 2, known.SHAPE[1] / 2, known.DEPTH + 0.5],
            "crossSectionScale": 1 / known.ZOOM,
            "layers": [
                {
                    "type": "segmentation",
                    "name": "v",
                    "source": f"precomputed://{server}/data/segmentation-{dtype}/",
                    "segments": list(colours),
                    "segmentColors": {id: "#{:02x}{:02x}{:02x}".format(*rgb) for id, rgb in colours.items()},
                    "selectedAlpha": 1,
                    "notSelectedAlpha": 0,
                }
            ],
        }
    )
    wanted = np.zeros((*plane.shape, 3), "uint8")
    for id, rgb in colours.items():
        wanted[plane == int(id)] = rgb
    known.check_plane(client.picture(), wanted, tolerance=1)
    assert (client.voxels("v") == values).all()
