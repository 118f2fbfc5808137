"""The other volume formats, and the key-value stores that a folder of static files can hold."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagecodecs
import nibabel as nib
import numpy as np
import pytest
import tensorstore as ts
from playwright.sync_api import Route


@pytest.mark.parametrize("codec", ["raw", "gzip", "zlib", "blosc", "zstd"])
def test_n5(client: Any, server: str, data_folder: Path, known: Any, codec: str) -> None:
    values = known.voxels("uint16")
    compression = {
        "zlib": {"type": "gzip", "useZlib": True},
        "blosc": {"type": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1},
    }.get(codec, {"type": codec})
    metadata = {
        "dimensions": values.shape,
        "blockSize": [16, 12, 8],
        "dataType": "uint16",
        "compression": compression,
        "axes": ["x", "y", "z"],
        "units": ["nm", "nm", "nm"],
        "resolution": [1, 1, 1],
    }
    spec = {
        "driver": "n5",
        "kvstore": {"driver": "file", "path": str(data_folder / f"n5-{codec}")},
        "metadata": metadata,
    }
    ts.open(spec, create=True).result().write(values).result()
    known.check_volume(client, f"n5://{server}/data/n5-{codec}/", values)


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_nifti(client: Any, server: str, data_folder: Path, known: Any, suffix: str, dtype: str) -> None:
    """Neuroglancer uses the qform and puts the *corner* of voxel (0, 0, 0) on its origin (google/neuroglancer#730)."""
    values = known.voxels(dtype)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [-10, 6, 4]
    image = nib.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, data_folder / f"{dtype}.{suffix}")
    known.check_volume(
        client, f"nifti://{server}/data/{dtype}.{suffix}", values, unit=(2e-3, "m"), corner=(-5, 3, 2)
    )


def test_replaced_source(client: Any, server: str, data_folder: Path, known: Any) -> None:
    """A layer whose source alone is changed is drawn at the place and scale that the state gives, not at its own."""
    for number, dtype in enumerate(("uint16", "uint8")):
        values = known.voxels(dtype)
        image = nib.Nifti1Image(values, np.diag([2.0, 2.0, 2.0, 1.0]))
        image.header.set_xyzt_units("mm")
        nib.save(image, data_folder / f"replaced-{dtype}.nii")
        known.check_volume(
            client, f"nifti://{server}/data/replaced-{dtype}.nii", values, unit=(2e-3, "m"), fresh=number == 0
        )


def test_npz(client: Any, known: Any) -> None:
    """The npy decoder is reached by ``boss:`` (here) and ``python:`` alone; neuroglancer opens no npy file as such."""
    values = known.voxels("uint16")
    extent = {f"{d}_stop": n for d, n in zip("xyz", values.shape, strict=True)}
    channel = {
        "type": "image",
        "description": "",
        "datatype": "uint16",
        "name": "c",
        "base_resolution": 0,
        "downsample_status": "",
    }
    answers = {
        "collection/a/experiment/e": {
            "channels": ["c"],
            "num_hierarchy_levels": 1,
            "coord_frame": "f",
            "name": "e",
            "collection": "a",
        },
        "collection/a/experiment/e/channel/c": channel,
        "coord/f": {
            "voxel_unit": "nanometers",
            **{f"{d}_voxel_size": 1 for d in "xyz"},
            **{f"{d}_start": 0 for d in "xyz"},
            **extent,
        },
        "downsample/a/e/c": {
            "voxel_size": {"0": [1, 1, 1]},
            "extent": {"0": values.shape},
            "num_hierarchy_levels": 1,
        },
    }
    npy = io.BytesIO()
    np.save(npy, np.ascontiguousarray(values.T))
    files = {path: json.dumps(answer).encode() for path, answer in answers.items()}
    files["cutout/a/e/c/0/" + "/".join(f"0:{n}" for n in values.shape)] = zlib.compress(npy.getvalue())
    site = f"{known.STAND_IN}latest/"

    def answer(route: Route) -> None:
        content = files.get(unquote(route.request.url).removeprefix(site).rstrip("/"))
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        route.fulfill(status=404 if content is None else 200, headers=headers, body=content or b"")

    client.page.context.route(f"{site}**", answer)
    known.check_volume(client, f"boss://{known.STAND_IN}a/e/c?encoding=npz", values)
    client.page.context.unroute(f"{site}**")


@pytest.fixture
def precomputed(data_folder: Path, known: Any) -> Path:
    """Return the folder of a raw precomputed volume."""
    folder = data_folder / "plain"
    if not folder.exists():
        spec = {
            "driver": "neuroglancer_precomputed",
            "kvstore": {"driver": "file", "path": str(folder)},
            "multiscale_metadata": {"type": "image", "data_type": "uint16", "num_channels": 1},
            "scale_metadata": {
                "size": known.SHAPE,
                "resolution": [1, 1, 1],
                "chunk_size": [16, 12, 8],
                "encoding": "raw",
            },
        }
        ts.open(spec, create=True).result().write(known.voxels("uint16")[..., np.newaxis]).result()
    return folder


@pytest.mark.parametrize("method", ["stored", "deflated"])
def test_zip(client: Any, server: str, data_folder: Path, known: Any, precomputed: Path, method: str) -> None:
    with zipfile.ZipFile(
        data_folder / f"{method}.zip", "w", getattr(zipfile, f"ZIP_{method.upper()}")
    ) as archive:
        for file in precomputed.rglob("*"):
            archive.write(file, Path("inside") / file.relative_to(precomputed))
    known.check_volume(
        client, f"{server}/data/{method}.zip|zip:inside/|neuroglancer-precomputed:", known.voxels("uint16")
    )


def test_gzip_store(client: Any, server: str, data_folder: Path, known: Any) -> None:
    values = known.voxels("int16")
    (data_folder / "packed.nii.gz").write_bytes(gzip.compress(nib.Nifti1Image(values, np.eye(4)).to_bytes()))
    known.check_volume(client, f"{server}/data/packed.nii.gz|gzip:|nifti:", values, unit=(1, ""))


def test_byte_range_store(client: Any, server: str, data_folder: Path, known: Any) -> None:
    values = known.voxels("int16")
    nii = nib.Nifti1Image(values, np.eye(4)).to_bytes()
    (data_folder / "within.bin").write_bytes(b"before" + nii + b"after")
    known.check_volume(
        client, f"{server}/data/within.bin|byte-range:6-{6 + len(nii)}|nifti:", values, unit=(1, "")
    )


@pytest.mark.parametrize("store", ["precomputed", "zip"])
def test_auto_detection(
    client: Any, server: str, data_folder: Path, known: Any, precomputed: Path, store: str
) -> None:
    """A bare address is enough."""
    with zipfile.ZipFile(data_folder / "auto.zip", "w") as archive:
        for file in precomputed.rglob("*"):
            archive.write(file, file.relative_to(precomputed))
    source = {"precomputed": f"{server}/data/plain/", "zip": f"{server}/data/auto.zip"}[store]
    known.check_volume(client, source, known.voxels("uint16"))


RGB = "void main() { emitRGB(vec3(toNormalized(getDataValue(0)), toNormalized(getDataValue(1)), toNormalized(getDataValue(2)))); }"


def test_deepzoom(client: Any, server: str, data_folder: Path, known: Any) -> None:
    """JPEG tiles of a colour image, with an overlap (neuroglancer 2.41.2 scrambles the channels of PNG tiles)."""
    x, y = np.indices((32, 24))
    image = np.stack([8 * x, 10 * y, 255 - 4 * x - 4 * y], -1).astype("uint8").transpose(1, 0, 2)
    tile, overlap = 16, 1
    level = data_folder / "image_files" / "5"  # 2 ** 5 is the first power not below 32
    level.mkdir(parents=True)
    for column, row in np.ndindex(2, 2):
        part = tuple(slice(max(0, i * tile - overlap), (i + 1) * tile + overlap) for i in (row, column))
        jpeg = imagecodecs.jpeg_encode(np.ascontiguousarray(image[part]), level=100, subsampling="444")
        (level / f"{column}_{row}.jpg").write_bytes(jpeg)
    image_tag = (
        '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="jpg" Overlap="1" TileSize="16">'
    )
    (data_folder / "image.dzi").write_text(image_tag + '<Size Width="32" Height="24"/></Image>')
    client.show(
        {
            "dimensions": {d: [1e-9, "m"] for d in "xyz"},
            "position": [16, 12, 0.5],
            "crossSectionScale": 1 / known.ZOOM,
            "layers": [
                {
                    "type": "image",
                    "name": "v",
                    "source": f"deepzoom://{server}/data/image.dzi",
                    "opacity": 1,
                    "shader": RGB,
                }
            ],
        }
    )
    known.check_plane(client.picture(), image, tolerance=6)
