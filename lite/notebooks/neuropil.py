"""A small piece of made-up neuropil, the felt of nerve fibres that brains are made of.

It looks as an electron microscope would show it, and one knows what is in it: each fibre has a number. All of it is made
by NumPy in a second or two, the same on every machine.

>>> tissue = make_neuropil()
>>> tissue.image.shape, tissue.image.dtype
((128, 128, 64), dtype('uint8'))
"""

from typing import NamedTuple

import numpy as np

SHAPE = (128, 128, 64)
VOXEL_SIZE = (16, 16, 32)  # nm along x, y, z: as in a stack of sections, z is the coarsest

FIBRES = 44
SYNAPSES = 24
# Everything below is computed in units of 16 nm, in a cube of this side.
SIDE = 128.0
STEP = np.array([1.0, 1.0, 2.0])  # one voxel
BLOCK = (8, 8, 4)  # voxels that share their nearest nodes
NEAREST = 40
AT_ONCE = 128  # blocks; limits the memory


class Neuropil(NamedTuple):
    """What `make_neuropil` returns. The arrays are indexed ``[x, y, z]``."""

    image: np.ndarray
    """Brightness, ``uint8``: membranes, mitochondria and synapses are dark."""
    labels: np.ndarray
    """The number of the fibre that each voxel belongs to, ``uint16``; 0 is the cleft between fibres."""
    mitochondria: np.ndarray
    """The number of the mitochondrion that each voxel belongs to, ``uint16``; 0 is none."""
    synapses: np.ndarray
    """The position of each synapse in voxels: one row x, y, z each."""
    partners: np.ndarray
    """The two fibres that each synapse joins."""


class _Nodes(NamedTuple):
    """Points along the fibres: where, how thick, in which direction and of which fibre."""

    place: np.ndarray
    radius: np.ndarray
    direction: np.ndarray
    fibre: np.ndarray


def make_neuropil(seed: int = 4) -> Neuropil:
    """Make a piece of neuropil of 2 x 2 x 2 micrometres.

    Parameters
    ----------
    seed
        Another number gives another piece.
    """
    rng = np.random.default_rng(seed)
    nodes = _grow(rng)
    first, second, depth = _nearest(nodes)
    fibre, neighbour = nodes.fibre[first], nodes.fibre[second]
    kept, numbers = np.unique(fibre, return_inverse=True)
    labels = (numbers.reshape(SHAPE) + 1).astype("uint16")
    labels[depth < 0.6] = 0

    grey = 168 + rng.normal(0, 12, FIBRES)[fibre] + 8 * _clouds(rng)
    mitochondria = _put_mitochondria(rng, nodes, fibre, depth, grey)
    grey -= 120 * np.exp(-((depth / 1.3) ** 2))
    places = _put_synapses(rng, labels, neighbour, depth, grey)
    ends = np.stack([fibre[tuple(places.T)], neighbour[tuple(places.T)]], axis=1)
    grey += rng.normal(0, 9, SHAPE)
    return Neuropil(
        image=np.clip(grey, 0, 255).astype("uint8"),
        labels=labels,
        mitochondria=mitochondria,
        synapses=places,
        partners=np.searchsorted(kept, ends) + 1,
    )


def _grow(rng: np.random.Generator) -> _Nodes:
    """Let each fibre wander through the cube, both ways from where it starts."""
    start = rng.uniform(0, SIDE, (FIBRES, 3))
    heading = _unit(rng.normal(size=(FIBRES, 3)))
    thick = rng.lognormal(1.5, 0.5, FIBRES).clip(2, 13)
    phase = rng.uniform(0, 2 * np.pi, FIBRES)
    places, directions, radii = [], [], []
    for way in (1, -1):
        place, direction = start.copy(), way * heading
        for i in range(48):
            places.append(place)
            directions.append(direction)
            radii.append(thick * (1 + 0.45 * np.sin(phase + 0.33 * way * i)))
            direction = _unit(direction + 0.22 * rng.normal(size=(FIBRES, 3)))
            place = place + 4 * direction
    place = np.concatenate(places)
    near = ((place > -16) & (place < SIDE + 16)).all(axis=1)
    fibre = np.tile(np.arange(FIBRES), len(places))
    return _Nodes(place[near], np.concatenate(radii)[near], np.concatenate(directions)[near], fibre[near])


def _nearest(nodes: _Nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find each voxel's nearest node, the nearest of another fibre, and how far away the border between them is."""
    counts = [n // b for n, b in zip(SHAPE, BLOCK, strict=True)]
    inside = np.stack(np.meshgrid(*map(np.arange, BLOCK), indexing="ij"), axis=-1).reshape(-1, 3)
    corners = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), axis=-1).reshape(-1, 3) * BLOCK
    # Thick fibres reach further: the square of the radius is taken off the square of the distance.
    offset = (nodes.place**2).sum(axis=1) - nodes.radius**2
    middle = (corners + np.array(BLOCK) / 2) * STEP
    near = np.argpartition(offset - 2 * middle @ nodes.place.T, NEAREST, axis=1)[:, :NEAREST]

    found = []
    for begin in range(0, len(corners), AT_ONCE):
        chosen = near[begin : begin + AT_ONCE]
        voxels = (corners[begin : begin + AT_ONCE, None] + inside + 0.5) * STEP
        far = offset[chosen][:, None] - 2 * voxels @ nodes.place[chosen].transpose(0, 2, 1)
        first = far.argmin(axis=2)
        d1 = np.take_along_axis(far, first[..., None], 2)[..., 0]
        fibres = nodes.fibre[chosen]
        own = np.take_along_axis(fibres, first, 1)
        far[fibres[:, None] == own[..., None]] = np.inf
        second = far.argmin(axis=2)
        d2 = np.take_along_axis(far, second[..., None], 2)[..., 0]
        first, second = np.take_along_axis(chosen, first, 1), np.take_along_axis(chosen, second, 1)
        apart = np.linalg.norm(nodes.place[first] - nodes.place[second], axis=-1)
        found.append((first, second, (d2 - d1) / (2 * apart)))
    first, second, depth = (_assemble(np.concatenate(parts), counts) for parts in zip(*found, strict=True))
    return first, second, depth


def _assemble(blocks: np.ndarray, counts: list[int]) -> np.ndarray:
    """Put blocks together to a volume."""
    return blocks.reshape(*counts, *BLOCK).transpose(0, 3, 1, 4, 2, 5).reshape(SHAPE)


def _put_mitochondria(
    rng: np.random.Generator, nodes: _Nodes, fibre: np.ndarray, depth: np.ndarray, grey: np.ndarray
) -> np.ndarray:
    """Draw sausages along the thicker fibres, with folds inside; return their numbers."""
    numbers = np.zeros(SHAPE, "uint16")
    inside = ((nodes.place > 6) & (nodes.place < SIDE - 6)).all(axis=1)
    thick = np.flatnonzero(inside & (nodes.radius > 5))
    for node in rng.choice(thick, size=min(34, len(thick)), replace=False):
        place, direction = nodes.place[node], nodes.direction[node]
        length, width = rng.uniform(11, 20), rng.uniform(3.8, 6)
        box = tuple(
            slice(max(int((p - length) // s), 0), int((p + length) // s) + 1)
            for p, s in zip(place, STEP, strict=True)
        )
        at = [
            (np.arange(n)[part] + 0.5) * s - p for n, part, s, p in zip(SHAPE, box, STEP, place, strict=True)
        ]
        offset = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1)
        along = offset @ direction
        across = np.sqrt(np.maximum((offset**2).sum(axis=-1) - along**2, 0))
        r = np.sqrt((along / length) ** 2 + (across / width) ** 2)
        own = (r < 1) & (fibre[box] == nodes.fibre[node]) & (depth[box] > 2) & (numbers[box] == 0)
        # One that is mostly cut away, or shares another's place, is none.
        if own.sum() < 150:
            continue
        numbers[box][own] = numbers.max() + 1
        dark = 88 + 22 * np.sin(1.9 * along + 0.6 * across) - 45 * np.exp(-(((1 - r) / 0.16) ** 2))
        grey[box][own] = dark[own]
    return numbers


def _put_synapses(
    rng: np.random.Generator, labels: np.ndarray, neighbour: np.ndarray, depth: np.ndarray, grey: np.ndarray
) -> np.ndarray:
    """Thicken the border between two fibres at some places, with vesicles on one side; return the places."""
    border = np.argwhere((labels > 0) & (depth < 1.2))
    border = border[((border > 6) & (border < np.array(SHAPE) - 6)).all(axis=1)]
    places: list[np.ndarray] = []
    for place in border[rng.permutation(len(border))]:
        if all(np.linalg.norm((place - other) * STEP) > 22 for other in places):
            places.append(place)
        if len(places) == SYNAPSES:
            break
    for place in places:
        box = tuple(
            slice(max(p - int(12 / s), 0), p + int(12 / s) + 1) for p, s in zip(place, STEP, strict=True)
        )
        at = [(np.arange(n)[part] - p) * s for n, part, s, p in zip(SHAPE, box, STEP, place, strict=True)]
        x, y, z = np.meshgrid(*at, indexing="ij")
        distance = np.sqrt(x**2 + y**2 + z**2)
        here = labels[tuple(place)]
        thickening = 110 * np.exp(-((distance / 6) ** 4)) * np.exp(-((depth[box] / 2.6) ** 2))
        vesicles = (distance < 11) & (labels[box] == here) & (depth[box] > 2.5)
        dots = rng.random(distance.shape) < 0.28
        grey[box] -= thickening + 45 * (vesicles & dots)
    return np.array(places)


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """Return slow changes of brightness, about -1 to 1: a few long waves."""
    at = np.meshgrid(
        *(np.arange(n) * s for n, s in zip(SHAPE, STEP, strict=True)), indexing="ij", sparse=True
    )
    waves = zip(rng.normal(0, 0.06, (6, 3)), rng.uniform(0, 2 * np.pi, 6), strict=True)
    return sum(np.cos(sum(k * x for k, x in zip(wave, at, strict=True)) + phase) for wave, phase in waves) / 2


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def stain(mask: np.ndarray, brightness: float = 900, seed: int = 1) -> np.ndarray:
    """Return what a fluorescence microscope would show of the voxels where `mask` is true: blurred, with noise."""
    light = mask.astype("float32") * brightness
    # A box of three voxels along each axis, three times: about a Gaussian.
    for axis in (0, 1, 2) * 3:
        light = (light + np.roll(light, 1, axis) + np.roll(light, -1, axis)) / 3
    return np.random.default_rng(seed).poisson(light + 100).astype("uint16")
