"""Meshes, skeletons and annotations: what is drawn must lie exactly where the file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import DracoPy
import numpy as np
import pytest
from neuroglancer.coordinate_space import CoordinateSpace
from neuroglancer.write_annotations import AnnotationWriter
from numpy.typing import NDArray

LOW, HIGH = np.array([4, 6, 3]), np.array([25, 20, 15])  # a box, off centre on every axis
CENTRE = np.array([16, 12, 8])
ZOOM = 6
# Orientation; axes to the right and down.
VIEWS = {"xy": ([0, 0, 0, 1], [0, 1]), "xz": ([0.5**0.5, 0, 0, 0.5**0.5], [0, 2])}


def box(low: Any = LOW, high: Any = HIGH) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return the corners and triangles of a box."""
    corners = np.array([[(low, high)[c >> axis & 1][axis] for axis in range(3)] for c in range(8)], "float32")
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return corners, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], "uint32")


def write_draco(folder: Path) -> None:
    """Write the box as segment 7 in two fragments, left and right of x = 16."""
    bits, chunk = 16, np.array([16, 24, 16], "float32")
    top = 2**bits - 1
    fragments = []
    for index, (low, high) in enumerate([(LOW, [16, *HIGH[1:]]), ([16, *LOW[1:]], HIGH)]):
        corners, triangles = box(low, high)
        stored = np.round((corners / chunk - [index, 0, 0]) * top).astype("float32")
        fragments.append(
            DracoPy.encode(
                stored,
                triangles,
                quantization_bits=bits,
                quantization_range=top,
                quantization_origin=[0, 0, 0],
            )
        )
    manifest = [
        chunk,
        np.zeros(3, "<f4"),
        np.array([1], "<u4"),
        np.ones(1, "<f4"),
        np.zeros(3, "<f4"),
        np.array([2], "<u4"),
    ]
    manifest += [np.array([[0, 1], [0, 0], [0, 0]], "<u4"), np.array([len(f) for f in fragments], "<u4")]
    folder.mkdir()
    info = {
        "@type": "neuroglancer_multilod_draco",
        "lod_scale_multiplier": 1,
        "vertex_quantization_bits": bits,
    }
    (folder / "info").write_text(json.dumps(info | {"transform": np.eye(3, 4).ravel().tolist()}))
    (folder / "7.index").write_bytes(b"".join(part.tobytes() for part in manifest))
    (folder / "7").write_bytes(b"".join(fragments))


def write_legacy(folder: Path) -> None:
    corners, triangles = box()
    folder.mkdir()
    (folder / "info").write_text('{"@type": "neuroglancer_legacy_mesh"}')
    (folder / "7:0").write_text('{"fragments": ["piece"]}')
    (folder / "piece").write_bytes(
        np.uint32(len(corners)).tobytes() + corners.tobytes() + triangles.tobytes()
    )


def write_obj(file: Path) -> None:
    corners, triangles = box()
    lines = [f"v {x} {y} {z}" for x, y, z in corners] + [f"f {a} {b} {c}" for a, b, c in triangles + 1]
    file.write_text("\n".join(lines) + "\n")


def write_vtk(file: Path) -> None:
    corners, triangles = box()
    lines = ["# vtk DataFile Version 3.0", "box", "ASCII", "DATASET POLYDATA", f"POINTS {len(corners)} float"]
    lines += [f"{x} {y} {z}" for x, y, z in corners]
    lines += [
        f"POLYGONS {len(triangles)} {4 * len(triangles)}",
        *(f"3 {a} {b} {c}" for a, b, c in triangles),
        "",
    ]
    file.write_text("\n".join(lines))


def state(layer: dict[str, Any], orientation: list[float]) -> dict[str, Any]:
    return {
        "dimensions": {d: [1e-9, "m"] for d in "xyz"},
        "position": CENTRE.tolist(),
        "layout": {"type": "3d", "orthographicProjection": True},
        "projectionOrientation": orientation,
        "projectionScale": 192 / ZOOM,  # the height of the page
        "showSlices": False,
        "layers": [layer],
    }


def extent(mask: NDArray[np.bool_]) -> NDArray[np.int_]:
    """Return the first and last + 1 column and row of `mask`."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    assert rows.size, "nothing is drawn"
    return np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]])


def wanted(picture: NDArray[np.uint8], low: Any, high: Any, axes: list[int]) -> NDArray[np.float64]:
    middle = np.array([picture.shape[1], picture.shape[0]]) / 2
    return middle + (np.array([low, high])[:, axes] - CENTRE[axes]) * ZOOM


SEGMENT = {
    "type": "segmentation",
    "name": "s",
    "segments": ["7"],
    "segmentColors": {"7": "#ff0000"},
    "meshSilhouetteRendering": 0,
}
WRITERS = {"draco": write_draco, "legacy": write_legacy}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", WRITERS)
def test_segment_mesh(client: Any, server: str, data_folder: Path, name: str, view: str) -> None:
    if not (folder := data_folder / f"mesh-{name}").exists():
        WRITERS[name](folder)
    orientation, axes = VIEWS[view]
    client.show(state({**SEGMENT, "source": f"precomputed://{server}/data/mesh-{name}/"}, orientation))
    check_box(client.picture(), axes)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["obj", "vtk"])
def test_single_mesh(client: Any, server: str, data_folder: Path, name: str, view: str) -> None:
    {"obj": write_obj, "vtk": write_vtk}[name](data_folder / f"box.{name}")
    orientation, axes = VIEWS[view]
    layer = {
        "type": "mesh",
        "name": "m",
        "source": f"{name}://{server}/data/box.{name}",
        "shader": "void main() { emitRGB(vec3(1.0, 0.0, 0.0)); }",
    }
    client.show(state(layer, orientation))
    check_box(client.picture(), axes)


def check_box(picture: NDArray[np.uint8], axes: list[int]) -> None:
    red = picture[..., 0] > 40
    assert picture[..., 1:].max() == 0, "only red is drawn"
    seen = extent(red)
    assert np.abs(seen - wanted(picture, LOW, HIGH, axes)).max() <= 1
    (left, top), (right, bottom) = seen
    assert red[top + 1 : bottom - 1, left + 1 : right - 1].all(), "the box has holes"


def test_skeleton(client: Any, server: str, data_folder: Path) -> None:
    folder = data_folder / "skeletons"
    folder.mkdir()
    (folder / "info").write_text(
        json.dumps({"@type": "neuroglancer_skeletons", "transform": np.eye(3, 4).ravel().tolist()})
    )
    points, edges = np.array([[4, 6, 8], [25, 6, 8], [25, 20, 8]], "<f4"), np.array([[0, 1], [1, 2]], "<u4")
    (folder / "7").write_bytes(np.array([3, 2], "<u4").tobytes() + points.tobytes() + edges.tobytes())
    layer = {
        **SEGMENT,
        "source": f"precomputed://{server}/data/skeletons/",
        "skeletonRendering": {"mode3d": "lines", "lineWidth3d": 4},
    }
    client.show(state(layer, VIEWS["xy"][0]))
    picture = client.picture()
    red = picture[..., 0] > 128
    assert np.abs(extent(red) - wanted(picture, points[0], points[2], [0, 1])).max() <= 4
    (left, top), (right, bottom) = extent(red)
    assert red[top : top + 6, left:right].any(0).all(), "the first edge runs along the top"
    assert red[top:bottom, right - 6 : right].any(1).all(), "the second edge runs down on the right"
    assert not red[top + 12 : bottom, left : right - 12].any(), "there is no third edge"


def test_annotations(client: Any, server: str, data_folder: Path) -> None:
    space = CoordinateSpace(names=["x", "y", "z"], scales=[1, 1, 1], units="nm")
    points = [(5, 7, 8), (20, 7, 8), (25, 18, 8)]
    writer = AnnotationWriter(coordinate_space=space, annotation_type="point")
    for point in points:
        writer.add_point(point)
    writer.write(str(data_folder / "annotations"))
    shader = "void main() { setColor(vec3(0.0, 1.0, 0.0)); setPointMarkerSize(8.0); setPointMarkerBorderWidth(0.0); }"
    layer = {
        "type": "annotation",
        "name": "a",
        "source": f"precomputed://{server}/data/annotations/",
        "shader": shader,
    }
    client.show(state(layer, VIEWS["xy"][0]))
    picture = client.picture()
    green = picture[..., 1] > 200
    for point in points:
        (x, y), _ = wanted(picture, point, point, [0, 1]).astype(int)
        assert green[y - 2 : y + 2, x - 2 : x + 2].all()
        green[y - 6 : y + 6, x - 6 : x + 6] = False
    assert not green.any(), "there is no other point"
