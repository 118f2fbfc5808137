"""What the gallery's examples compute, and what the index says of them."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import ndimage

GALLERY = Path(__file__).parents[2] / "lite" / "gallery"


@pytest.fixture(scope="module")
def load():
    """Run an example as a program beside its modules."""
    loaded: dict[str, ModuleType] = {}

    def run(name: str) -> ModuleType:
        if name not in loaded:
            spec = importlib.util.spec_from_file_location(f"gallery_{name}", GALLERY / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            with pytest.MonkeyPatch.context() as patch:
                patch.syspath_prepend(GALLERY)
                spec.loader.exec_module(module)
            loaded[name] = module
        return loaded[name]

    return run


def test_parts_are_numbered_as_scipy_does_it(load):
    mask = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(30, 24, 18)), 1.2) > 0.02
    expected, count = ndimage.label(mask)
    got = load("filters").label(mask, smallest=1)
    assert got.max() == count > 3
    pairs = set(zip(expected[mask].tolist(), got[mask].tolist(), strict=True))
    assert len(pairs) == count  # one to one
    assert not got[~mask].any()


def test_small_parts_are_left_out(load):
    mask = np.zeros((9, 9, 9), bool)
    mask[1:4, 1:4, 1:4] = True
    mask[6, 6, 6] = True
    got = load("filters").label(mask, smallest=2)
    np.testing.assert_array_equal(got == 1, mask & (np.indices(mask.shape)[0] < 5))
    assert load("filters").label(mask, smallest=28).max() == 0


@pytest.mark.parametrize("sigma", [0, 1.5, 3])
def test_the_blur_is_scipys(load, sigma):
    volume = np.random.default_rng(1).uniform(0, 255, (24, 20, 16))
    expected = ndimage.gaussian_filter(volume, sigma, mode="wrap", truncate=8)
    np.testing.assert_allclose(load("filters").gaussian(volume, sigma), expected, atol=1)


def test_a_threshold_finds_what_was_put_there(load):
    nuclei = load("nuclei")
    counts = [int(nuclei.label(nuclei.gaussian(nuclei.image, 1) > level).max()) for level in (40, 70, 90)]
    assert counts == sorted(counts)
    assert counts[0] < 40 < 57 < counts[-1] <= nuclei.NUCLEI


def test_sliders_change_the_arrays_that_are_shown(load):
    nuclei = load("nuclei")
    before = int(nuclei.labels.max())
    nuclei.threshold.value = nuclei.threshold.end
    nuclei.update(nuclei.blur.value, nuclei.threshold.value)
    assert 0 < nuclei.labels.max() < before
    assert nuclei.view.selected_segments["nuclei"] == list(range(1, int(nuclei.labels.max()) + 1))
    assert nuclei.bars.data["count"].sum() == nuclei.labels.max()
    assert f"<b>{nuclei.labels.max()}</b> nuclei" in nuclei.summary.object


def test_denoising_comes_nearer_to_the_truth_and_keeps_the_mean(load):
    denoise = load("denoise")
    assert denoise.error(denoise.clean) < 0.6 * denoise.error(denoise.noisy)
    assert denoise.clean.mean() == pytest.approx(denoise.noisy.mean(), abs=1)
    np.testing.assert_array_equal(load("filters").diffuse(denoise.noisy, 0), denoise.noisy)


def test_an_edge_stays_an_edge(load):
    step = np.full((8, 8, 8), 40, "uint8")
    step[4:] = 220
    np.testing.assert_allclose(load("filters").diffuse(step, 3), step, atol=12)


def test_the_blood_that_is_drawn_is_the_blood_that_is_told(load):
    heart = load("heart")
    drawn = (heart.blood > 100).sum(axis=(0, 1, 2)) * heart.VOXEL**3 / 1e6
    told = heart.volumes.sum(axis=0)
    # Blood fills a chamber up to six sevenths of its radius.
    assert np.corrcoef(drawn, told)[0, 1] > 0.99
    assert drawn.min() < 0.75 * drawn.max()


def test_the_ventricle_contracts_after_the_atrium(load):
    atrium, ventricle = load("heart").volumes.argmin(axis=1)
    assert 0 < atrium < ventricle


def test_synapses_join_the_fibres_that_they_were_made_between(load):
    synapses = load("synapses")
    right = [
        synapses.joined(place) == sorted(partners)
        for place, partners in zip(
            synapses.tissue.synapses.tolist(), synapses.tissue.partners.tolist(), strict=True
        )
    ]
    # A third fibre may fill more of the box.
    assert np.mean(right) > 0.6


def test_picking_a_row_moves_the_viewer_and_shows_its_fibres(load):
    synapses = load("synapses")
    synapses.source.selected.indices = [3]
    place = synapses.tissue.synapses[3] + 0.5
    np.testing.assert_allclose(synapses.view.position, place)
    assert synapses.view.selected_segments["fibres"] == synapses.joined(place)


def test_an_annotation_that_is_added_gets_a_row(load):
    synapses = load("synapses")
    count = len(synapses.source.data["n"])
    synapses.view.position = [10.5, 20.5, 30.5]
    synapses.add(None)
    assert len(synapses.places()) == count + 1 == len(synapses.source.data["n"])
    assert synapses.source.data["x"][-1] == pytest.approx(10.5 * 0.016, abs=0.01)


def test_bars_and_segments_are_one(load):
    fibres = load("fibres")
    fibres.bars.selected.indices = [0, 4]
    assert sorted(fibres.view.selected_segments["fibres"]) == sorted([fibres.fibres[0], fibres.fibres[4]])
    fibres.view.selected_segments = {"fibres": [fibres.fibres[7]]}
    assert fibres.bars.selected.indices == [7]


def test_the_index_tells_of_each_example_what_it_says_of_itself(load):
    index = load("index")
    for path in (
        GALLERY / name for name in ("fibres.py", "heart.py", "synapses.py", "denoise.py", "nuclei.py")
    ):
        title, sentence = index.about(path)
        assert ast.get_docstring(ast.parse(path.read_text("utf8"))).startswith(f"{title}: ")
        assert sentence[0].isupper()
        assert sentence[-1] in ".?"
        assert title in index.tile(path)


def test_a_docstring_without_a_title_is_an_error(load, tmp_path):
    app = tmp_path / "app.py"
    app.write_text('"""Nothing that could be a title"""\n')
    with pytest.raises(SystemExit, match="Title: sentence"):
        load("index").about(app)


def test_the_source_shown_holds_the_modules_beside_the_app(load):
    html = load("index").source_html(GALLERY / "synapses.py")
    assert [f"<summary>{name}.py</summary>" in html for name in ("synapses", "looks", "neuropil", "heart")] == [
        True, True, True, False,
    ]  # fmt: skip
