import re

import nibabel
import numpy as np
import pytest
from nilearn.datasets.struct import MNI152_FILE_PATH


def counts(brain):
    return {name: np.asarray(values) for name, values in brain.counts.data.items()}


def expected_counts(t1, tissue, z):
    """Count plainly: T1 values of a slice in bins of four, per tissue."""
    plane, kinds = t1[:, :, z + 72].ravel() // 4, tissue[:, :, z + 72].ravel()
    return {str(kind): np.bincount(plane[kinds == kind], minlength=64) for kind in (1, 2, 3)}


@pytest.fixture(scope="session")
def volumes(mni152):
    """T1 and tissue as x, y, z."""
    return np.asanyarray(nibabel.load(MNI152_FILE_PATH).dataobj), mni152.labels(mni152.probabilities())


async def test_reads_the_zarr_it_shows(brain, site, volumes):
    values, origin = await brain.read_zarr((site / "data/mni152/tissue.zarr").as_uri())
    np.testing.assert_array_equal(values.T, volumes[1])
    np.testing.assert_array_equal(origin, [-72, -134, -98])


async def test_missing_voxels_are_an_error(brain, site):
    with pytest.raises(OSError, match=r"nothing\.zarr"):
        await brain.read_zarr((site / "nothing.zarr").as_uri())


def test_histogram_counts_the_first_slice(brain, volumes):
    for tissue, expected in expected_counts(*volumes, 16).items():
        np.testing.assert_array_equal(counts(brain)[tissue], expected)


def test_histogram_follows_the_viewer(brain, volumes):
    brain.viewer.position = [3, 4, -30.4]
    assert brain.axial.value == -30
    for tissue, expected in expected_counts(*volumes, -30).items():
        np.testing.assert_array_equal(counts(brain)[tissue], expected)


def test_histogram_of_a_known_slice(brain):
    t1 = np.array([[[0, 3, 4, 255]]], np.uint8)
    tissue = np.array([[[0, 1, 1, 2]]], np.uint8)
    found = brain.slice_histogram(t1, tissue, 0)
    assert list(found["intensity"][[0, 1, -1]]) == [2, 6, 254]
    assert list(found["1"][:3]) == [1, 1, 0]
    assert found["2"][-1] == found["2"].sum() == 1
    assert found["3"].sum() == 0


@pytest.mark.parametrize("index", [-1, 1])
def test_histogram_beyond_the_volume_is_empty(brain, index):
    t1 = tissue = np.ones((1, 2, 2), np.uint8)
    found = brain.slice_histogram(t1, tissue, index)
    assert sum(found[str(kind)].sum() for kind in (1, 2, 3)) == 0


def test_slider_moves_the_viewer(brain):
    brain.axial.value = 40
    assert brain.viewer.position == [-18, -20, 40]


def test_viewer_between_slices_is_not_pulled_to_one(brain):
    brain.viewer.position = [-18, -20, 20.4]
    assert brain.axial.value == 20
    assert brain.viewer.position == [-18, -20, 20.4]


def test_slider_stops_where_the_template_does(brain):
    brain.viewer.position = [0, 0, 500]
    assert brain.axial.value == brain.axial.end == 116
    assert brain.viewer.position == [0, 0, 500]


def tissue_layer(brain):
    return next(layer for layer in brain.viewer.state["layers"] if layer["name"] == "Tissue")


def test_opacity_both_ways(brain):
    brain.opacity.value = 0.75
    assert tissue_layer(brain)["selectedAlpha"] == 0.75
    brain.viewer.state = brain.with_opacity(brain.viewer.state, 0.1)
    assert brain.opacity.value == 0.1


def test_opacity_left_to_neuroglancer_is_its_default(brain):
    state = brain.viewer.state
    layers = [{k: v for k, v in layer.items() if k != "selectedAlpha"} for layer in state["layers"]]
    brain.viewer.state = {**state, "layers": layers}
    assert brain.opacity.value == 0.5


def test_tissues_both_ways(brain):
    brain.shown.value = [2, 3]
    assert brain.viewer.selected_segments == {"Tissue": [2, 3]}
    assert [bar.glyph.fill_alpha for bar in brain.bars] == [0.25, 1, 1]
    brain.viewer.selected_segments = {"Tissue": [1]}
    assert brain.shown.value == [1]


@pytest.mark.parametrize(
    ("hover", "words"),
    [
        ({"position": None, "values": {}}, "x — y — z — T1 — Point at a slice"),
        (
            {"position": [-0.2, 20.6, 16], "values": {"T1": 214, "Tissue": 2}},
            "x 0 y 21 z 16 T1 214 White matter",
        ),
        ({"position": [1, 2, 3], "values": {"T1": 0, "Tissue": 0}}, "x 1 y 2 z 3 T1 0 Outside the brain"),
        ({"position": [1, 2, 3], "values": {}}, "x 1 y 2 z 3 T1 — Outside the brain"),
    ],
)
def test_readout(brain, hover, words):
    assert re.sub(r"(<[^>]*>|\s)+", " ", brain.readout(hover)).strip() == words


def test_names_agree_with_the_data(brain, mni152):
    assert brain.TISSUES == mni152.TISSUES
    assert brain.COLORS == mni152.COLORS


@pytest.mark.parametrize(
    ("window", "quarter"),
    [((400, 800), (190, 200)), ((1280, 800), (477, 359)), ((1920, 1080), (748, 499))],
)
def test_slices_fit_their_quarter_of_the_viewer(brain, window, quarter):
    # The brain is 178 mm long.
    assert 178 < brain.scale_for(*window) * min(quarter) < 210


def test_zoom_follows_the_window_until_somebody_zooms(brain):
    brain.fit("tags", [], [400, 800])
    narrow = brain.viewer.cross_section_scale
    brain.fit("tags", [], [1280, 800])
    assert brain.viewer.cross_section_scale < narrow
    brain.viewer.cross_section_scale = 0.1
    brain.fit("tags", [], [400, 800])
    assert brain.viewer.cross_section_scale == 0.1
