"""Saved pages: arrays, meshes and skeletons are inside, and are drawn from disk with no Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import neuroglancer
import numpy as np
import pytest
from neuroglancer import downsample
from neuroglancer.skeleton import Skeleton, SkeletonSource
from numpy.typing import NDArray
from playwright.sync_api import Page

from panel_neuroglancer import Neuroglancer, baking

HERE = Path(__file__).parent
SHAPE = (40, 30, 20)
# The colours of the pixels in the middle of a panel, one below the other.
PIXELS = """
window.pixels = (index, count = 1) => {
  const { display } = upstream();
  display.draw();
  const { left, top, width, height } = [...display.panels][index].element.getBoundingClientRect();
  const canvas = display.canvas.getBoundingClientRect();
  const context = new OffscreenCanvas(1, count).getContext("2d");
  const [x, y] = [left - canvas.left + width / 2, top - canvas.top + height / 2 - (count - 1) / 2];
  context.drawImage(display.canvas, -Math.floor(x), -Math.floor(y));
  const { data } = context.getImageData(0, 0, 1, count);
  return Array.from({ length: count }, (_, i) => [...data.slice(4 * i, 4 * i + 3)]);
};
"""


def space(rank: int = 3) -> Any:
    return neuroglancer.CoordinateSpace(names=list("xyzt")[:rank], units="nm", scales=[4, 4, 12, 1][:rank])


def image() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, SHAPE, "uint8")


def labels() -> NDArray[np.uint64]:
    """Return two boxes and nothing around them, nested in memory the other way round."""
    volume = np.zeros(SHAPE, "uint64", order="F")
    volume[4:16, 4:26, 4:16] = 5
    volume[20:36, 4:26, 4:16] = 2**40 + 1
    return volume


class Line(SkeletonSource):  # type: ignore[misc]
    """A line along x, for object 7 only."""

    def get_skeleton(self, object_id: int) -> Skeleton | None:
        return Skeleton([[0, 15.5, 10.5], [40, 15.5, 10.5]], [[0, 1]]) if object_id == 7 else None


@pytest.fixture
def open_saved(page: Page, tmp_path: Path) -> Callable[..., Page]:
    """Save a viewer and open the file."""
    page.add_init_script(path=HERE / "page.js")
    page.add_init_script(PIXELS)

    def save(viewer: Any, change: Callable[[str], str] = str, **options: Any) -> Page:
        file = tmp_path / "view.html"
        Neuroglancer(viewer, width=500, height=400, ui="none").save(file, **options)
        file.write_text(change(file.read_text("utf-8")), "utf-8")
        page.goto(file.as_uri())
        page.wait_for_function("upstream() !== undefined")
        return page

    return save


def levels(page: Page, layer: str) -> list[tuple[tuple[int, ...], list[int]]]:
    """Read a layer at every scale: the factors, and all voxels, the first dimension fastest."""
    page.wait_for_function("name => hasVolume(name)", arg=layer)
    return [
        (tuple(map(int, level["factor"])), list(map(int, level["values"])))
        for level in page.evaluate("name => levels(name)", layer)
    ]


def test_all_voxels_at_all_scales(
    open_saved: Callable[..., Page], watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baking, "_BRICK", 1 << 11)
    monkeypatch.setattr(baking, "_LEVELS_FROM", 0)
    series = np.random.default_rng(4).integers(0, 60000, (12, 10, 6, 3), "uint16")
    arrays = {
        "image": (image(), "image", {}),
        "labels": (labels(), "segmentation", {}),
        "planes": (image()[::2, ::-1], "image", {"downsampling": "2d"}),
        "series": (series, "image", {}),
    }
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.dimensions = space(4)
        for name, (array, kind, options) in arrays.items():
            volume = neuroglancer.LocalVolume(
                array,
                space(array.ndim),
                volume_type=kind,
                max_downsampled_size=4,
                max_voxels_per_chunk_log2=9,
                **options,
            )
            layer = neuroglancer.ImageLayer if kind == "image" else neuroglancer.SegmentationLayer
            state.layers[name] = layer(source=volume)
    page = open_saved(viewer)
    for name, (array, kind, _) in arrays.items():
        read = levels(page, name)
        assert len(read) > 1
        for factor, values in read:
            reduce = (
                downsample.downsample_with_averaging
                if kind == "image"
                else downsample.downsample_with_striding
            )
            wanted = reduce(array, factor) if max(factor) > 1 else array
            assert values == wanted.flatten("F").tolist(), (name, factor)
    assert [url for url in watch.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_picture_meshes_and_skeletons(open_saved: Callable[..., Page]) -> None:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.dimensions = space()
        state.position = [10.5, 15.5, 10.5]
        state.cross_section_scale = 0.2
        state.projection_scale = 60
        state.show_axis_lines = False
        state.show_default_annotations = False
        state.layers["image"] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(image(), space()),
            shader="void main() { emitGrayscale(toNormalized(getDataValue())); }",
            opacity=1,
        )
        state.layers["cells"] = neuroglancer.SegmentationLayer(
            source=neuroglancer.LocalVolume(labels(), space()), segments=[5, 2**40 + 1], selected_alpha=0
        )
        state.layers["lines"] = neuroglancer.SegmentationLayer(
            source=Line(space()), segments=[7, 8], segment_colors={7: "#ff0000"}
        )
        state.layout = neuroglancer.row_layout(
            [
                neuroglancer.LayerGroupViewer(layout="xy", layers=["image", "cells"]),
                neuroglancer.LayerGroupViewer(layout="3d", layers=["cells"]),
                neuroglancer.LayerGroupViewer(layout="3d", layers=["lines"]),
            ]
        )
    page = open_saved(viewer)
    value = int(image()[10, 15, 10])
    page.wait_for_function("value => pixels(0)[0].every((x) => x === value)", arg=value)
    page.wait_for_function(
        "ids => ids.every((id) => meshOf('cells')[id]?.indices.length)", arg=["5", str(2**40 + 1)]
    )
    corners = 1e9 * np.reshape(page.evaluate("meshOf('cells')['5'].positions"), (-1, 3))
    # Half a voxel from the outermost ones, as the official generator makes them.
    np.testing.assert_allclose(corners.min(0), [14, 14, 42], atol=0.1)
    np.testing.assert_allclose(corners.max(0), [62, 102, 186], atol=0.1)
    page.wait_for_function("pixels(1)[0].some((x) => x > 40)")
    page.wait_for_function("pixels(2, 21).some(([r, g, b]) => r > 100 && g < 60 && b < 60)")


def test_what_is_not_inside_is_told(open_saved: Callable[..., Page], watch: Any) -> None:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.dimensions = space()
        state.layers["image"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(image(), space()))
    watch.expect("is not in this page")
    page = open_saved(viewer, bake_limit=0)
    page.wait_for_function(
        """deep(".panel-neuroglancer-viewer")[0].shadowRoot.textContent.includes("not in this page: it was left out")"""
    )
