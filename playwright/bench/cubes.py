"""The arrays that `volumes.py` shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def image(n: int) -> NDArray[np.uint8]:
    """Return smooth noise with grain, as of a microscope."""
    random = np.random.default_rng(2)
    coarse = random.integers(40, 200, (n // 8,) * 3, np.uint8)
    data = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2)
    data += random.integers(0, 40, (n,) * 3, np.uint8)
    return np.asfortranarray(data)


def segmentation(n: int) -> NDArray[np.uint32]:
    """Return blobs of many sizes that fill a cube, as neurons do."""
    random = np.random.default_rng(1)
    seeds = random.integers(0, 2**22, (n // 16,) * 3, np.uint32)
    coarse = seeds.repeat(16, 0).repeat(16, 1).repeat(16, 2)
    x, y, z = (np.arange(n) + (8 * np.sin(np.arange(n) / 9)).astype(int)) % n, np.arange(n), np.arange(n)
    return np.asfortranarray(coarse[np.ix_(x, y, z)])


def read(path: Path) -> NDArray[Any]:
    """Read a ``.npy`` file, or a ``.ckl`` one if the package crackle-codec is there."""
    if path.suffix != ".ckl":
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]
    import crackle  # type: ignore[import-not-found, unused-ignore]

    return crackle.load(str(path))  # type: ignore[no-any-return]
