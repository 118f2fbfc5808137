"""Resident arrays: the same voxels as the official server's, at every scale; without Python; given back."""

from __future__ import annotations

import threading
from typing import Any

import neuroglancer
import numpy as np
import pytest
from neuroglancer import downsample
from numpy.typing import NDArray

from panel_neuroglancer import Neuroglancer, invalidate, resident

SHAPE = (21, 18, 13)


def noise(dtype: str, shape: tuple[int, ...] = SHAPE) -> NDArray[Any]:
    """Return an array whose values use the whole range of their type."""
    random = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        return random.normal(0, 1e3, shape).astype(dtype)
    info = np.iinfo(dtype)
    # 64-bit means would depend on the machine's rounding beyond the range.
    low, high = max(info.min, -(2**62)), min(info.max, 2**62)
    return random.integers(low, high, shape, dtype=np.dtype(dtype).newbyteorder("="), endpoint=True).astype(
        dtype
    )


def strided() -> NDArray[Any]:
    """Return a view with steps, backwards along one dimension, that is contiguous in none."""
    return noise("uint16", (40, 18, 30))[::2, ::-1, 3:16]


ARRAYS = {
    **{
        dtype: noise(dtype)
        for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")
    },
    "float64": noise("float64"),
    "big-endian": noise(">i4"),
    "fortran": np.asfortranarray(noise("uint8")),
    "turned": noise("float32").transpose(1, 2, 0),
    "strided": strided(),
    "broadcast": np.broadcast_to(noise("uint8", (1, 18, 13)), SHAPE),
    "nan": np.where(noise("float32") > 500, np.nan, noise("float32")),
    "rank 2": noise("uint8", (40, 33)),
    "rank 4": noise("uint16", (20, 9, 8, 3)),
    "rank 5": noise("uint8", (9, 8, 7, 2, 3)),
}
CASES = [
    *[(name, "image", "3d") for name in ARRAYS],
    *[(name, "segmentation", "3d") for name in ("uint32", "uint64", "fortran", "strided", "int32")],
    ("uint8", "image", "2d"),
    ("uint64", "segmentation", "2d"),
    ("uint8", "image", None),
]


def volume_of(data: NDArray[Any], kind: str, downsampling: str | None) -> neuroglancer.LocalVolume:
    """Return a volume with many small chunks and many scales."""
    space = neuroglancer.CoordinateSpace(
        names=list("xyztc")[: data.ndim], units="nm", scales=[4, 4, 6, 1, 1][: data.ndim]
    )
    options = {} if downsampling is None else {"max_downsampled_size": 2}
    if downsampling is None:
        options["max_downsampling"] = 1
    return neuroglancer.LocalVolume(
        data,
        space,
        volume_type=kind,
        downsampling=downsampling or "3d",
        max_voxels_per_chunk_log2=9,
        **options,
    )


def expected(data: NDArray[Any], kind: str, factor: tuple[int, ...]) -> list[str]:
    """Return what the official server sends, as text."""
    data = data.astype("float32") if data.dtype == np.float64 else data
    if max(factor) > 1:
        reduce = (
            downsample.downsample_with_averaging if kind == "image" else downsample.downsample_with_striding
        )
        data = reduce(data, factor)
    return [text(x) for x in data.flatten("F").tolist()]


def text(value: float) -> str:
    """Write a number so that two texts are equal when the numbers are."""
    return str(float(value)) if isinstance(value, float) else str(value)


def layer_of(kind: str, volume: Any) -> Any:
    return (neuroglancer.ImageLayer if kind == "image" else neuroglancer.SegmentationLayer)(source=volume)


def test_voxels_are_those_of_the_official_server(served: Any) -> None:
    viewer = neuroglancer.Viewer()
    volumes = {case: volume_of(ARRAYS[case[0]], *case[1:]) for case in CASES}
    with viewer.txn() as state:
        for case, volume in volumes.items():
            state.layers["-".join(map(str, case))] = layer_of(case[1], volume)
    served.open(lambda: Neuroglancer(source=viewer, height=300))
    for volume in volumes.values():
        served.wait_resident(viewer, volume)
    served.wait("isReady()")
    served.paths.clear()
    wrong = []
    for case in CASES:
        name, kind, downsampling = case
        data = ARRAYS[name]
        levels = served.levels("-".join(map(str, case)))
        if len(levels) < (2 if downsampling else 1):
            wrong.append((case, "scales", len(levels)))
        for factor, values in levels:
            read = [text(float(v) if data.dtype.kind == "f" else int(v)) for v in values]
            if read != expected(data, kind, factor):
                wrong.append((case, factor))
    assert wrong == []
    assert served.reads("raw") == [], "chunks were asked from Python"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("uint8", "image"), ("rank 4", "image"), ("uint64", "segmentation"), ("fortran", "segmentation"), ("strided", "segmentation")],
)  # fmt: skip
def test_chunks_do_not_wait_for_the_whole_array(
    served: Any, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    data, viewer = ARRAYS[name], neuroglancer.Viewer()
    volume = volume_of(data, kind, "3d")
    with viewer.txn() as state:
        state.layers["a"] = layer_of(kind, volume)
    go, slab = threading.Event(), resident.slab
    monkeypatch.setattr(resident, "slab", lambda *args, **options: go.wait(60) and slab(*args, **options))
    served.open(lambda: Neuroglancer(source=viewer, height=300))
    try:
        served.wait("isReady()")
        for factor, values in served.levels("a"):
            read = [text(float(v) if data.dtype.kind == "f" else int(v)) for v in values]
            assert read == expected(data, kind, factor)
        assert served.page.evaluate("announced") == {}
    finally:
        go.set()
    served.wait_resident(viewer, volume)
    assert served.reads("raw") == []


def test_larger_arrays_come_chunk_by_chunk_and_equal(served: Any) -> None:
    data = ARRAYS["strided"]
    viewer, volume = neuroglancer.Viewer(), volume_of(data, "image", "3d")
    with viewer.txn() as state:
        state.layers["a"] = layer_of("image", volume)
    served.open(lambda: Neuroglancer(source=viewer, height=300, resident_limit=data.nbytes - 1))
    for factor, values in served.levels("a"):
        assert [text(int(v)) for v in values] == expected(data, "image", factor)
    assert served.page.evaluate("announced") == {}
    assert served.reads("raw") != []


def test_busy_python_does_not_matter(served: Any) -> None:
    data = noise("uint8", (64, 64, 64))
    viewer, volume = neuroglancer.Viewer(), volume_of(data, "image", "3d")
    with viewer.txn() as state:
        state.layers["a"] = layer_of("image", volume)
        state.layout = "xy"
        state.position = [1, 1, 1]
        state.cross_section_scale = 0.01
    served.open(lambda: Neuroglancer(source=viewer, height=300))
    served.wait_resident(viewer, volume)
    served.wait("isReady()")
    served.paths.clear()
    with served.busy():
        for step in range(6):
            # Chunks and scales that have not been in view yet.
            served.page.evaluate(
                """([position, scale]) => {
                    upstream().position.value = Float32Array.from(position);
                    upstream().crossSectionScale.value = scale;
                }""",
                [[60 - 10 * step, 10 * step + 5, 10 * step + 5], 0.01 * 4**step],
            )
            served.wait("isReady()")
        for factor, values in served.levels("a"):
            assert list(map(str, values)) == expected(data, "image", factor)
    assert served.reads("raw") == []


def test_invalidate_sends_the_array_again(served: Any) -> None:
    data = ARRAYS["uint8"].copy()
    viewer, volume = neuroglancer.Viewer(), volume_of(data, "image", "3d")
    with viewer.txn() as state:
        state.layers["a"] = layer_of("image", volume)
    served.open(
        lambda: Neuroglancer(source=viewer, height=300), lambda: Neuroglancer(source=viewer, height=300)
    )
    served.wait_resident(viewer, volume)
    for change in (1, 2):
        data += change
        volume.invalidate()
        served.wait_resident(viewer, volume)
        for i in range(2):
            served.wait("i => isReady(i)", i)
            for level in served.page.evaluate("i => levels('a', i)", i):
                assert level["values"] == expected(data, "image", tuple(map(int, level["factor"])))


def test_invalidate_a_region_sends_that_region(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.asfortranarray(noise("uint32", (40, 30, 20)))
    viewer, volume = neuroglancer.Viewer(), volume_of(data, "segmentation", "3d")
    with viewer.txn() as state:
        state.layers["a"] = layer_of("segmentation", volume)
    served.open(lambda: Neuroglancer(source=viewer, height=300))
    served.wait_resident(viewer, volume)
    served.wait("isReady()")
    sent: list[tuple[str, int]] = []

    def note(name: str, send: Any) -> None:
        def noted(*args: Any, **options: Any) -> Any:
            reply = send(*args, **options)
            sent.append((name, len(reply.data)))
            return reply

        monkeypatch.setattr(resident, name, noted)

    note("slab", resident.slab)
    note("box", resident.box)
    for region in (np.s_[3:9, :, 4:5], np.s_[-2:, 7:8, :]):
        sent.clear()
        data[region] = 77
        invalidate(volume, region)
        served.wait_resident(viewer, volume)
        for factor, values in served.levels("a"):
            assert list(map(str, values)) == expected(data, "segmentation", factor)
        ((name, size),) = sent
        assert name == "box"
        assert size <= data[region].nbytes
    sent.clear()
    data += 1
    volume.invalidate()
    served.wait_resident(viewer, volume)
    assert {name for name, _ in sent} == {"slab"}
    for factor, values in served.levels("a"):
        assert list(map(str, values)) == expected(data, "segmentation", factor)


def test_memory_is_given_back(served: Any) -> None:
    one, other = (volume_of(ARRAYS[name], "image", "3d") for name in ("uint8", "int32"))
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.layers["a"], state.layers["b"] = layer_of("image", one), layer_of("image", other)
    served.open(
        lambda: Neuroglancer(source=viewer, height=300), lambda: Neuroglancer(source=viewer, height=300)
    )
    served.wait_resident(viewer, one)
    served.wait_resident(viewer, other)

    def workers() -> int:
        return sum("resident-worker" in worker.url for worker in served.page.workers)

    assert workers() == 1, "two views share one copy"
    with viewer.txn() as state:
        del state.layers["b"]
    served.wait("key => announced[key] === undefined", f"{viewer.token}.{other.token}")
    assert workers() == 1
    # What Python still has to say would find no one.
    served.page.wait_for_function(
        "[...Bokeh.documents[0]._all_models.values()].every((m) => !m.report?.view || m.received[m.report.view]?.n === m.report.n)"
    )
    with served.page.expect_event("console", lambda m: m.text == "ended"):
        worker = next(w for w in served.page.workers if "resident-worker" in w.url)
        worker.on("close", lambda _: served.page.evaluate("console.log('ended')"))
        served.page.evaluate("Bokeh.documents[0].clear()")
    assert workers() == 0
