"""Notebooks with a volume whose every voxel is known, and what a viewer must show of it."""

from __future__ import annotations

from typing import Any

import nbformat
import numpy as np
from notebook_page import Cell, Notebook
from numpy.typing import NDArray

SHAPE = (32, 12, 8)  # x, y, z

# The first cells of every notebook. The plane z = 4 is drawn in grey, six pixels wide and high a voxel.
EXTENSION = "import panel as pn\npn.extension(inline=True)"
VOLUME = """
import numpy as np, neuroglancer
from panel_neuroglancer import Neuroglancer
x, y, z = np.indices((32, 12, 8))
voxels = ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")
space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[4, 4, 4])
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.layers["image"] = neuroglancer.ImageLayer(
        source=neuroglancer.LocalVolume(voxels, dimensions=space), opacity=1,
        shader="void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }")
    s.layout, s.position, s.cross_section_scale = "xy", [16, 6, 4.5], 1 / 6
    s.show_axis_lines = s.show_scale_bar = s.show_default_annotations = False
    s.cross_section_background_color = "#000000"
"""
SHOWN = 'view = Neuroglancer(viewer, height=300, ui="none")\nview'


def plane(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the grey values in the middle of a picture, ``[x, y]``, one per voxel."""
    nx, ny, _ = SHAPE
    left, top = (picture.shape[1] - 6 * nx) // 2, (picture.shape[0] - 6 * ny) // 2
    cells = picture[top : top + 6 * ny, left : left + 6 * nx].reshape(ny, 6, nx, 6, 3)
    assert (cells == cells[:, :1, :, :1, :1]).all(), "a voxel is not one grey"
    return cells[:, 0, :, 0, 0].T


def voxels(z: int = 4) -> NDArray[np.uint8]:
    """Return the plane that `VOLUME` shows."""
    x, y = np.indices(SHAPE[:2])
    return ((7 * x + 31 * y + 101 * z) % 251).astype("uint8")


def notebook_of(*cells: str) -> Any:
    """Return a notebook of these cells."""
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells],
        # No kernel is named, so that the one for Python is taken, here and in JupyterLite.
        metadata={"language_info": {"name": "python"}},
    )


def run_all(notebook: Notebook) -> Notebook:
    """Run all cells of a notebook."""
    for cell in range(len(notebook.cells())):
        notebook.run(cell)
    return notebook


def right(notebook: Notebook, cell: Cell, z: int = 4) -> None:
    """The viewer of a cell draws just the plane z."""
    assert (plane(notebook.panel(cell)) == voxels(z)).all()


def moved(notebook: Notebook, cell: Cell, z: float) -> None:
    """A change of the user's comes to Python."""
    notebook.view(cell, "v.position.value = Float32Array.of(16, 6, x)", z)
    notebook.until_python(f"viewer.state.position.tolist() == [16, 6, {z}]")
