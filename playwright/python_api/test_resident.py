"""Arrays that stay in the page, in each runtime: exact at every scale, and independent of Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neuroglancer import downsample
from numpy.typing import NDArray
from playwright.sync_api import Route

TOOLS = (Path(__file__).parents[1] / "resident" / "page.js").read_text("utf-8")
SHAPE = (40, 36, 33)
MAKE = f"""
    x, y, z = np.indices({SHAPE})
    data = ((x // 8 + 7 * (y // 9) + 31 * (z // 6)) % 199 + 1)
"""
SHOW = """
    viewer = neuroglancer.Viewer()
    volume = neuroglancer.LocalVolume(
        data, space(), volume_type=kind, max_downsampled_size=8, max_voxels_per_chunk_log2=12)
    with viewer.txn() as s:
        s.dimensions = space()
        layer = neuroglancer.ImageLayer if kind == "image" else neuroglancer.SegmentationLayer
        s.layers["a"] = layer(source=volume)
    show(viewer)
    result = f"{viewer.token}.{volume.token}"
"""

CUT = """
    import sys
    from panel_neuroglancer import heap, sources
    odd, here = [], sys.platform == "emscripten"
    for dtype in ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "float32"):
        for order in ("C", "F"):
            array = np.array(data - 99, dtype=dtype, order=order)
            for kind in ("image", "segmentation"):
                volume = neuroglancer.LocalVolume(array, space(), volume_type=kind)
                for rest in ("1,1,1/3,4,5/40,36,33", "2,2,1/0,1,2/20,18,30", "4,2,2/1,0,0/10,18,17"):
                    factor, start, end = sources.span(rest)
                    wanted = sources.cut(volume, start, end, factor).tobytes("F")
                    if here and heap.chunk(array, rest, mean=kind == "image").to_bytes() != wanted:
                        odd.append([dtype, order, kind, rest])
    views = [data.astype("uint8"), data[::2], data[:, ::-1], data.astype(">u2"), data.astype("float64")]
    result = [odd, [heap.can_cut(view) for view in views]]
"""


def array(dtype: str) -> NDArray[Any]:
    """Return what `MAKE` makes in the other Python."""
    x, y, z = np.indices(SHAPE)
    return ((x // 8 + 7 * (y // 9) + 31 * (z // 6)) % 199 + 1).astype(dtype)


def show(lab: Any, kind: str, dtype: str) -> None:
    """Show an array and wait until the page has all of it."""
    lab.page.evaluate(TOOLS)
    key = lab.run(f"{MAKE}\n    data, kind = data.astype({dtype!r}), {kind!r}\n{SHOW}")
    lab.page.wait_for_function("key => announced[key] !== undefined", arg=key, timeout=60_000)
    lab.page.wait_for_function("hasVolume('a')")


def assert_exact(lab: Any, kind: str, data: NDArray[Any]) -> None:
    """Compare every level with what the official package makes of the array."""
    reduce = downsample.downsample_with_averaging if kind == "image" else downsample.downsample_with_striding
    levels = lab.page.evaluate("levels('a')")
    assert len(levels) > 2
    for level in levels:
        factor = tuple(map(int, level["factor"]))
        expected = reduce(data, factor) if max(factor) > 1 else data
        assert list(map(int, level["values"])) == expected.flatten("F").tolist()


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("image", "uint8"), ("image", "uint16"), ("segmentation", "uint32"), ("segmentation", "uint64")],
)
def test_every_level_is_the_official_one(lab: Any, kind: str, dtype: str) -> None:
    show(lab, kind, dtype)
    assert_exact(lab, kind, array(dtype))


def test_chunks_cut_out_of_pythons_memory_are_numpys(lab: Any) -> None:
    in_browser = lab.runtime != "serve"
    assert lab.run(MAKE + CUT) == [[], [in_browser, False, False, False, False]]


def test_the_viewer_goes_on_while_python_computes(open_app: Callable[[str, str], Any]) -> None:
    lab = open_app("pyodide-worker", "lab")
    lab.page.wait_for_function("window.deep && python() !== null", timeout=90_000)
    show(lab, "segmentation", "uint32")
    held: list[Route] = []
    lab.page.context.route("**/held", lambda route: held.append(route))
    # Python stands still in this call until it is answered.
    with lab.page.expect_request("**/held"):
        lab.start("import pyodide.http; result = pyodide.http.open_url('held').read()")
    for step in range(5):
        lab.page.evaluate(
            """([position, scale]) => {
                upstream().position.value = Float32Array.from(position);
                upstream().crossSectionScale.value = scale;
            }""",
            [[35 - 7 * step, 6 * step + 2, 5 * step + 3], 0.02 * 4**step],
        )
        lab.page.wait_for_function("isReady()")
    assert_exact(lab, "segmentation", array("uint32"))
    lab.page.evaluate(
        "upstream().layerManager.getLayerByName('a').layer.displayState.segmentationGroupState.value"
        ".visibleSegments.add(1n)"
    )
    lab.page.wait_for_function("meshOf('a')[1]?.indices.length > 0")
    positions = 1e9 * np.reshape(lab.page.evaluate("meshOf('a')[1].positions"), (-1, 3))
    inside = np.argwhere(array("uint32") == 1)
    assert np.abs(positions.min(0) - (inside.min(0) - 0.5)).max() <= 0.5
    assert np.abs(positions.max(0) - (inside.max(0) + 0.5)).max() <= 0.5
    assert lab.page.evaluate("python().n") == lab.orders - 1, "Python was not held"
    while not held:
        lab.page.wait_for_function("true")
    held[0].fulfill(body="go")
    lab.page.wait_for_function("n => python()?.n === n", arg=lab.orders)
    assert lab.page.evaluate("python().result") == "go"
    lab.watch.check()
