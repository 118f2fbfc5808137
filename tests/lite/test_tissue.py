"""The made-up tissue of the notebooks: the same every time, and what the lessons say of it is true."""

import numpy as np


def test_tissue_is_the_same_every_time(checks, tissue):
    again = checks.make_neuropil()
    for one, other in zip(tissue, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(checks.make_neuropil(seed=5).labels, tissue.labels)


def test_fibres_are_numbered_without_a_gap(tissue):
    assert tissue.image.shape == tissue.labels.shape == tissue.mitochondria.shape
    assert tissue.image.dtype == np.uint8
    assert np.unique(tissue.labels).tolist() == list(range(tissue.labels.max() + 1))
    # NumPy counts them in 32-bit Python as well, which refuses uint32.
    assert np.can_cast(tissue.labels.dtype, np.int32)
    assert np.can_cast(tissue.mitochondria.dtype, np.int32)


def test_the_image_shows_what_the_labels_say(tissue):
    insides = tissue.image[(tissue.labels > 0) & (tissue.mitochondria == 0)].mean()
    assert tissue.image[tissue.labels == 0].mean() < insides - 60
    assert tissue.image[tissue.mitochondria > 0].mean() < insides - 40


def test_a_mitochondrion_lies_in_one_fibre(tissue):
    for number in range(1, tissue.mitochondria.max() + 1):
        assert len(np.unique(tissue.labels[tissue.mitochondria == number])) == 1


def test_a_synapse_lies_between_its_partners(checks, tissue):
    assert len(tissue.synapses) == len(tissue.partners) == 24
    for place, partners in zip(tissue.synapses, tissue.partners, strict=True):
        box = tuple(slice(p - 3, p + 4) for p in place)
        assert partners[0] != partners[1]
        assert tissue.labels[tuple(place)] == partners[0]
        assert partners[1] in tissue.labels[box]
