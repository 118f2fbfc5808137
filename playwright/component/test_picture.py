"""What is drawn: exact colours of every voxel, which axis is which, and the units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

APP = "one"


@pytest.fixture(autouse=True)
def start(app: Any) -> None:
    """Begin each test with the same state."""
    if not hasattr(app, "first"):
        app.first = app.until("p.ready")["state"]
    app.set(state=app.first, ui="none")


def plane(picture: np.ndarray, columns: tuple[int, int], rows: tuple[int, int]) -> np.ndarray:
    """Return the grey values in the middle of `picture`, one per voxel; `columns` and `rows` are (count, zoom)."""
    (nx, zx), (ny, zy) = columns, rows
    left, top = (picture.shape[1] - nx * zx) // 2, (picture.shape[0] - ny * zy) // 2
    cells = picture[top : top + ny * zy, left : left + nx * zx].reshape(ny, zy, nx, zx, 3)
    assert (cells == cells[:, :1, :, :1, :1]).all(), "a voxel is not one grey"
    return cells[:, 0, :, 0, 0].T


@pytest.mark.parametrize(("layout", "axes"), [("xy", (0, 1)), ("xz", (0, 2)), ("yz", (2, 1))])
def test_every_voxel_has_its_colour_and_its_place(
    app: Any, known: Any, layout: str, axes: tuple[int, int]
) -> None:
    app.set(layout=layout, position=[16, 6, 4])
    at: list[Any] = [16, 6, 4]
    for axis in axes:
        at[axis] = slice(None)
    wanted = known.voxels()[tuple(at)]
    if layout == "yz":
        wanted = wanted.T[::-1]  # Neuroglancer looks along -x there: z grows to the left
    columns, rows = ((known.SHAPE[axis], known.ZOOM[axis]) for axis in axes)
    assert (plane(app.picture(0), columns, rows) == wanted).all()


def test_nothing_lies_over_the_canvas(app: Any) -> None:
    import io

    from PIL import Image

    seen = np.asarray(Image.open(io.BytesIO(app.box().screenshot())).convert("RGB"))
    assert (seen == app.picture()).all()


@pytest.mark.parametrize("voxel", [(3, 4), (16, 6), (25, 9)])
def test_the_value_under_the_mouse_is_the_voxels(app: Any, known: Any, voxel: tuple[int, int]) -> None:
    x, y = voxel
    app.page.mouse.move(*app.at(120 + (x + 0.5 - 16) * known.ZOOM[0], 110 + (y + 0.5 - 6) * known.ZOOM[1]))
    values = {"image": int(known.voxels()[x, y, 4]), "cells": int(known.labels()[x, y, 4])}
    got = app.until(
        "p.hover.position && p.hover.values.image === x.image && p.hover.values.cells === x.cells", values
    )
    assert [int(v) for v in got["hover"]["position"]] == [x, y, 4]
    app.page.mouse.move(5, 590)
    app.until("p.hover.position === null && !Object.keys(p.hover.values).length")


def test_segments_have_their_colours_in_slices_and_meshes(app: Any) -> None:
    cells = {**app.first["layers"][1], "selectedAlpha": 1}
    app.set(state={**app.first, "layers": [cells]}, selected_segments={"cells": [1, 3]})
    picture = app.picture(0)
    row = picture[110]
    # x from 0 at pixel 24, six pixels a voxel.
    assert [tuple(row[24 + 6 * x + 3]) for x in (0, 5, 15, 25)] == [
        (0, 0, 0),
        (255, 0, 0),
        (0, 0, 0),
        (0, 0, 255),
    ]
    app.set(layout="3d")
    picture = app.picture(0).astype(int)
    red, blue = (picture[..., c] - picture[..., 1] > 60 for c in (0, 2))
    assert red.sum() > 300
    assert blue.sum() > 300
    assert np.argwhere(red)[:, 1].mean() < np.argwhere(blue)[:, 1].mean() - 30, "x does not grow to the right"


def test_the_readout_names_axes_position_and_units(app: Any) -> None:
    app.set(ui="full")
    dimensions = app.page.locator(".neuroglancer-position-dimension:visible")
    texts = [
        (d.locator(".neuroglancer-position-dimension-name").input_value(),
         float(d.locator(".neuroglancer-position-dimension-coordinate").input_value()),
         d.locator(".neuroglancer-position-dimension-scale").input_value())
        for d in dimensions.all()
    ]  # fmt: skip
    assert texts == [("x", 16, "4nm"), ("y", 6, "8nm"), ("z", 4, "12nm")]
