"""Filters for volumes in plain NumPy: SciPy has the like, and would make the pages of the examples much larger."""

import numpy as np


def gaussian(volume: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a volume, in Fourier space."""
    spectrum = np.fft.rfftn(volume)
    for axis, n in enumerate(volume.shape):
        frequency = np.fft.rfftfreq(n) if axis == 2 else np.fft.fftfreq(n)
        weight = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
        spectrum *= weight.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.fft.irfftn(spectrum, volume.shape, axes=(0, 1, 2))


def diffuse(volume: np.ndarray, rounds: int, edge: float = 40) -> np.ndarray:
    """Let grey levels flow between neighbours, less where they differ by more than `edge` (Perona and Malik, 1990)."""
    grey = volume.astype("float32")
    for _ in range(rounds):
        flow = np.zeros_like(grey)
        for axis in range(3):
            step = np.diff(grey, axis=axis)
            step /= 1 + (step / edge) ** 2
            low, high = ([slice(None)] * 3 for _ in range(2))
            low[axis], high[axis] = slice(None, -1), slice(1, None)
            flow[tuple(low)] += step
            flow[tuple(high)] -= step
        grey += flow / 7
    return grey.clip(0, 255).astype("uint8")


def label(mask: np.ndarray, smallest: int = 60) -> np.ndarray:
    """Number the connected parts of a mask, leaving out those of fewer than `smallest` voxels."""
    number = np.cumsum(mask).reshape(mask.shape) - 1  # of each voxel in the mask
    ends = [[], []]
    for axis in range(3):
        low, high = np.s_[:-1], np.s_[1:]
        turned, turned_mask = np.moveaxis(number, axis, 0), np.moveaxis(mask, axis, 0)
        both = turned_mask[low] & turned_mask[high]
        ends[0].append(turned[low][both])
        ends[1].append(turned[high][both])
    a, b = map(np.concatenate, ends)  # neighbours
    root = np.arange(np.count_nonzero(mask))
    while (root[a] != root[b]).any():
        # Hang the root with the higher number under the other one, then let all point to a root again.
        np.minimum.at(root, np.maximum(root[a], root[b]), np.minimum(root[a], root[b]))
        while (root[root] != root).any():
            root = root[root]
    sizes = np.bincount(root, minlength=len(root))
    large = np.flatnonzero(sizes >= smallest)
    names = np.zeros(len(root), "uint32")
    names[large] = np.arange(1, len(large) + 1)
    labels = np.zeros(mask.shape, "uint32")
    labels[mask] = names[root]
    return labels
