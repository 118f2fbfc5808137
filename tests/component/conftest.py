"""A viewer, and a page that shows it."""

import pytest
from stand_ins import STATE, Page

from panel_neuroglancer import Neuroglancer


@pytest.fixture
def viewer(dist):
    return Neuroglancer(STATE)


@pytest.fixture
def tab(viewer):
    return Page(viewer)


@pytest.fixture
def official(dist):
    neuroglancer = pytest.importorskip("neuroglancer")
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.layout = "xy"
    return viewer
