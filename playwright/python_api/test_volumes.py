"""Arrays of every kind, read back voxel by voxel through the page, and as pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64", "float32", "float64")
ARRAY = "x, y, z = np.indices((32, 12, 8)); data = ((7*x + 31*y + 101*z) % 120)"

# On the page as in a worker: Python cuts chunks alike. test_resident.py and test_viewers.py run there, too.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="session")


def plane() -> Any:
    x, y = np.indices((32, 12))
    return (7 * x + 31 * y + 101 * 4) % 120


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(lab: Any, dtype: str) -> None:
    got = lab.run(f"""
        {ARRAY}
        data = data.astype({dtype!r})
        if {dtype!r} == "uint64":
            data += np.uint64(2**33)
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(data, s.dimensions, volume_type="image"))
        show(viewer)
        back = await png.read_volume(viewer, "a")
        result = [str(back.dtype), bool((back == data).all())]
    """)
    assert got == ["float32" if dtype == "float64" else dtype, True]


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5, 6])
def test_every_rank_and_an_offset(lab: Any, rank: int) -> None:
    got = lab.run(f"""
        shape = (37, 5, 4, 3, 3, 2)[:{rank}]
        data = np.arange(np.prod(shape), dtype="uint16").reshape(shape)
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space({rank})
            volume = neuroglancer.LocalVolume(data, s.dimensions, volume_type="image", voxel_offset=[10, -20, 30, 0, 5, 1][:{rank}])
            s.layers["a"] = neuroglancer.ImageLayer(source=volume)
        show(viewer)
        info = await viewer.volume_info("a")
        back = await png.read_volume(viewer, "a")
        result = [info.lower_bound.tolist(), info.upper_bound.tolist(), back.shape == shape and bool((back == data).all())]
    """)
    low, shape = [10, -20, 30, 0, 5, 1][:rank], (37, 5, 4, 3, 3, 2)[:rank]
    assert got == [low, [a + n for a, n in zip(low, shape, strict=True)], True]


@pytest.mark.parametrize("layout", ["C", "F", "view", "big-endian"])
@pytest.mark.parametrize("encoding", ["raw", "npz"])
def test_exact_pixels(lab: Any, encoding: str, layout: str) -> None:
    lab.run(f"""
        {ARRAY}
        data = data.astype("uint16")
        data = {{"C": data.copy(), "F": np.asfortranarray(data), "view": np.repeat(data, 2, 1)[:, ::2], "big-endian": data.astype(">u2")}}[{layout!r}]
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            volume = neuroglancer.LocalVolume(data, s.dimensions, volume_type="image", encoding={encoding!r})
            s.layers["a"] = neuroglancer.ImageLayer(source=volume, shader=GREY, opacity=1)
            plain(s)
        show(viewer)
    """)
    np.testing.assert_array_equal(lab.voxels((32, 12)), plane())


def test_jpeg_is_close(lab: Any) -> None:
    lab.run("""
        x, y, z = np.indices((32, 12, 8)); data = (20 + 4*x + 3*y + 5*z).astype("uint8")
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(
                source=neuroglancer.LocalVolume(data, s.dimensions, encoding="jpeg"), shader=GREY, opacity=1)
            plain(s)
        show(viewer)
    """)
    x, y = np.indices((32, 12))
    assert np.abs(lab.voxels((32, 12)).astype(int) - (20 + 4 * x + 3 * y + 20)).max() < 12


@pytest.mark.parametrize(("kind", "downsampling"), [("image", "3d"), ("image", "2d"), ("segmentation", "3d")])
def test_downsampling(lab: Any, kind: str, downsampling: str) -> None:
    lab.run(f"""
        x, y, z = np.indices((64, 64, 64)); data = ((x * 5 + y * 3 + z * 7) % 200).astype("uint8")
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            volume = neuroglancer.LocalVolume(data, s.dimensions, volume_type={kind!r}, downsampling={downsampling!r}, max_downsampled_size=16)
            layer = neuroglancer.ImageLayer(source=volume, shader=GREY, opacity=1)
            s.layers["a"] = layer
            plain(s)
            s.position, s.cross_section_scale = [32, 32, 33], 2
        show(viewer)
    """)
    x, y, z = np.indices((64, 64, 64))
    data = (x * 5 + y * 3 + z * 7) % 200
    depth = slice(32, 34) if downsampling == "3d" else slice(33, 34)
    if kind == "image":
        part = data[:, :, depth].reshape(32, 2, 32, 2, -1)
        expected = part.mean((1, 3, 4)).astype(int)
    else:
        expected = data[::2, ::2, 32]
    np.testing.assert_array_equal(lab.voxels((32, 32), (16, 16), 1), expected)


def test_invalidate(lab: Any) -> None:
    lab.run("""
        data = np.full((32, 12, 8), 40, "uint8")
        viewer = neuroglancer.Viewer()
        volume = neuroglancer.LocalVolume(data, space())
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(source=volume, shader=GREY, opacity=1)
            plain(s)
        show(viewer)
    """)
    assert set(lab.voxels((32, 12)).flat) == {40}
    lab.run("data[:16] = 90; volume.invalidate(); result = volume.change_count")
    lab.run("while (await png.read_volume(viewer, 'a'))[0, 0, 0] != 90: pass")
    assert set(lab.voxels((32, 12))[:16].flat) == {90}


def test_coordinate_arrays(lab: Any) -> None:
    got = lab.run("""
        viewer = neuroglancer.Viewer()
        dimensions = neuroglancer.CoordinateSpace(
            names=["x", "y", "c"], units=["nm", "nm", ""], scales=[1, 1, None],
            coordinate_arrays=[None, None, neuroglancer.CoordinateArray(labels=["red", "grün", "blue"])])
        with viewer.txn() as s:
            s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(np.zeros((4, 5, 3), "uint8"), dimensions))
        show(viewer)
        info = await viewer.volume_info("a")
        result = [info.dimensions.names, info.upper_bound.tolist()]
    """)
    assert got == [["x", "y", "c"], [4, 5, 3]]
    arrays = lab.page.evaluate(
        "viewer().neuroglancerViewer.coordinateSpace.value.coordinateArrays.map((a) => a && a.labels)"
    )
    assert ["red", "grün", "blue"] in arrays


def test_anything_sliceable(lab: Any) -> None:
    lab.run(f"""
        class Lazy:
            shape, dtype = (32, 12, 8), np.dtype("uint8")
            def __getitem__(self, key):
                {ARRAY}
                return data.astype("uint8")[key]
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(Lazy(), s.dimensions), shader=GREY, opacity=1)
            plain(s)
        show(viewer)
    """)
    np.testing.assert_array_equal(lab.voxels((32, 12)), plane())


def test_a_subclass_that_encodes_itself(lab: Any) -> None:
    lab.run(f"""
        class Twice(neuroglancer.LocalVolume):
            def get_encoded_subvolume(self, data_format, start, end, scale_key):
                asked.append(data_format)
                return super().get_encoded_subvolume(data_format, start, end, scale_key)
            def info(self):
                return {{**super().info(), "maxDownsamplingScales": 1}}
        asked = []
        {ARRAY}
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(source=Twice(data.astype("uint8"), s.dimensions), shader=GREY, opacity=1)
            plain(s)
        show(viewer)
    """)
    np.testing.assert_array_equal(lab.voxels((32, 12)), plane())
    assert set(lab.run("result = asked")) == {"npz"}


def test_a_streamed_array_comes_nearest_first_and_not_where_nobody_looks_any_more(lab: Any) -> None:
    lab.run("""
        import asyncio
        import time

        class Slow:
            dtype, shape = np.dtype("uint8"), (2**16, 2**16, 1)
            def __init__(self):
                self.read = []
            def __getitem__(self, box):
                time.sleep(0.02)
                self.read.append([(part.start + part.stop) / 2 for part in box[:2]])
                return np.full([part.stop - part.start for part in box], 99, "uint8")

        slow = Slow()
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(opacity=1, shader=GREY, source=neuroglancer.LocalVolume(
                slow, s.dimensions, volume_type="image", max_downsampling=1))
            plain(s)
            s.position, s.cross_section_scale = [10_000, 10_000, 0.5], 24
        show(viewer)
        while len(slow.read) < 12:
            await asyncio.sleep(0.005)
        viewer.set_state({**viewer.state.to_json(), "position": [50_000, 50_000, 0.5]})
        before = len(slow.read)
    """)
    lab.until("v.position.value[0] === 50000")
    assert (lab.pixels() == 99).all()
    before, read = lab.run("result = [before, slow.read]")
    read, middle = np.array(read), np.array([50_000, 50_000])
    far = (read > 30_000).all(1)
    seen = 240 * 220 * (24 / 512) ** 2
    assert far.sum() >= seen
    # What was under way when the viewer moved on may still be read.
    assert np.flatnonzero(far)[0] <= before + 40, (before, far.tolist())
    assert (~far).sum() <= before + 40 < seen
    away = np.linalg.norm(read[far] - middle, axis=1)
    assert away[:4].max() < 1100 < 2000 < away[-16:].min(), away.tolist()
    assert away[:16].max() < away[-16:].min()
