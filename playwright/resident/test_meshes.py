"""Meshes made on the page: closed, in the right place, with Python busy."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

import neuroglancer
import numpy as np
import pytest
from neuroglancer import _neuroglancer
from numpy.typing import NDArray

from panel_neuroglancer import Neuroglancer

SHAPE = (24, 20, 16)
LARGE = 2**63 + 12345


def objects() -> NDArray[np.uint64]:
    """Return a box in the middle, two that touch, one in a corner, and a ball with a large id."""
    volume = np.zeros(SHAPE, np.uint64)
    volume[3:9, 4:9, 5:9] = 1
    volume[12:15, 3:6, 3:6] = 2
    volume[15:18, 3:6, 3:6] = 3
    volume[20:24, 16:20, 12:16] = 4
    x, y, z = np.indices(SHAPE)
    volume[(x - 13) ** 2 + (y - 13) ** 2 + (z - 8) ** 2 < 17] = LARGE
    return volume


Mesh = tuple[NDArray[np.float64], NDArray[np.int64]]


def volume_of_mesh(mesh: Mesh) -> float:
    """Return the volume inside a closed surface; positive if its triangles face outwards."""
    corners = mesh[0][mesh[1]]
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6)


def assert_closed(mesh: Mesh) -> None:
    """Every edge belongs to two triangles, which run along it in opposite directions."""
    faces = mesh[1]
    edges = Counter(
        map(tuple, np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).tolist())
    )
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)


def official(data: NDArray[Any], object_id: int, **options: Any) -> Mesh:
    """Return the official generator's mesh."""
    generator = _neuroglancer.OnDemandObjectMeshGenerator(
        data.transpose(), np.ones(3), np.zeros(3), **options
    )
    mesh = generator.get_mesh(object_id)
    (count,) = struct.unpack("<I", mesh[:4])
    positions = np.frombuffer(mesh, "<f4", 3 * count, 4).reshape(-1, 3).astype(float)
    return positions, np.frombuffer(mesh, "<u4", offset=4 + 12 * count).reshape(-1, 3).astype(np.int64)


def show(served: Any, volume: Any, ids: list[int]) -> Any:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.layers["s"] = neuroglancer.SegmentationLayer(source=volume, segments=ids)
        state.layout = "3d"
    served.open(lambda: Neuroglancer(source=viewer, height=300))
    return viewer


def meshes(served: Any, ids: list[int]) -> dict[int, Mesh]:
    """Wait for the meshes of some objects and return them."""
    served.wait("ids => ids.every((id) => meshOf('s')[id]?.indices.length > 0)", [str(i) for i in ids])
    found = served.page.evaluate("meshOf('s')")
    return {
        i: (np.reshape(found[str(i)]["positions"], (-1, 3)), np.reshape(found[str(i)]["indices"], (-1, 3)))
        for i in ids
    }


def space(scales: tuple[float, ...] = (1, 1, 1)) -> Any:
    return neuroglancer.CoordinateSpace(names=list("xyz"), units="", scales=scales)


@pytest.mark.parametrize("options", [{"max_quadrics_error": -1}, {}], ids=["full", "simplified"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_shapes_are_closed_and_in_place(served: Any, options: dict[str, Any], order: Any) -> None:
    data = np.array(objects(), order=order)
    ids = [1, 2, 3, 4, LARGE]
    show(
        served, neuroglancer.LocalVolume(data, space(), volume_type="segmentation", mesh_options=options), ids
    )
    found = meshes(served, ids)
    for object_id, mesh in found.items():
        assert_closed(mesh)
        reference = official(data, object_id, max_quadrics_error=-1.0)
        if object_id != 4:  # the official surface is open at the border, half a voxel short
            assert np.abs(mesh[0].min(0) - reference[0].min(0)).max() <= 0.5
            assert np.abs(mesh[0].max(0) - reference[0].max(0)).max() <= 0.5
            assert volume_of_mesh(mesh) == pytest.approx(
                volume_of_mesh(reference), rel=0.15 if not options else 1e-5
            )
    if options:
        np.testing.assert_array_equal(found[4][0].max(0), np.array(SHAPE) - 0.5)
        np.testing.assert_array_equal(found[2][0].max(0)[0], found[3][0].min(0)[0])
    assert served.reads("mesh") == []


def test_voxel_sizes_scale_the_mesh_and_busy_python_does_not_matter(served: Any) -> None:
    volume = neuroglancer.LocalVolume(objects(), space((4e-9, 4e-9, 4e-8)), volume_type="segmentation")
    viewer = show(served, volume, [2])
    served.wait_resident(viewer, volume)
    meshes(served, [2])
    with served.busy():
        served.page.evaluate(
            "upstream().layerManager.getLayerByName('s').layer.displayState.segmentationGroupState.value"
            ".visibleSegments.add(1n)"
        )
        mesh = meshes(served, [1])[1]
    assert_closed(mesh)
    size = np.array([4e-9, 4e-9, 4e-8])
    np.testing.assert_allclose(mesh[0].min(0) / size, [2.5, 3.5, 4.5], atol=0.5)
    np.testing.assert_allclose(mesh[0].max(0) / size, [8.5, 8.5, 8.5], atol=0.5)


class Own(neuroglancer.LocalVolume):  # type: ignore[misc]
    """A volume with meshes of its own."""

    def get_object_mesh(self, object_id: int) -> bytes:
        corners = np.array([[0, 0, 0], [object_id, 0, 0], [0, object_id, 0], [0, 0, object_id]], "<f4")
        faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], "<u4")
        return struct.pack("<I", 4) + corners.tobytes() + faces.tobytes()


def test_a_users_own_meshes_come_from_python(served: Any) -> None:
    show(served, Own(objects(), space(), volume_type="segmentation"), [3])
    mesh = meshes(served, [3])[3]
    assert volume_of_mesh(mesh) == pytest.approx(27 / 6)
    assert len(served.reads("mesh")) == 1
