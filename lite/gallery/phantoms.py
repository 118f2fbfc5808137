"""Made-up volumes for the examples, so that one knows what is in them; NumPy makes them, the same on every machine."""

import numpy as np


def make_heart(side: int = 64, frames: int = 24, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make one beat of a fish's heart, two chambers: muscle and blood, and how much of it each chamber holds.

    Returns
    -------
    muscle, blood
        Images, ``uint8``, indexed ``[x, y, z, t]``.
    volumes
        Voxels of blood, indexed ``[chamber, t]``: atrium, ventricle.
    """
    rng = np.random.default_rng(seed)
    at = np.meshgrid(*[np.linspace(-1, 1, side, dtype="float32")] * 3, indexing="ij", sparse=True)
    muscle, blood = (np.empty((side,) * 3 + (frames,), "uint8") for _ in range(2))
    # Their middles and radii, and when they contract: the ventricle a third of a beat after the atrium.
    chambers = [
        ((-0.45, -0.44, 0.08), (0.44, 0.4, 0.42), 0.2),
        ((0.27, 0.24, -0.05), (0.55, 0.6, 0.52), 0.53),
    ]
    volumes = np.empty((len(chambers), frames))
    for t in range(frames):
        (wall1, blood1, _), (wall2, blood2, _) = parts = [
            _chamber(at, t / frames - late, middle, radii) for middle, radii, late in chambers
        ]
        grain = rng.normal(1, 0.1, (side,) * 3)
        # Where the chambers meet there is no wall.
        walls = np.maximum(wall1 * (1 - blood2), wall2 * (1 - blood1))
        muscle[..., t] = np.clip(225 * walls * grain + 8, 0, 255)
        blood[..., t] = np.clip(215 * np.maximum(blood1, blood2) * grain, 0, 255)
        for k, (_, radii, _) in enumerate(chambers):
            volumes[k, t] = 4 / 3 * np.pi * np.prod(np.array(radii) * parts[k][2] * side / 2)
    return muscle, blood, volumes


def _chamber(at, phase: float, middle: tuple, radii: tuple) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the muscle and the blood of a chamber, 0 to 1, and how wide it is, at a phase of the beat."""
    squeeze = 0.24 * np.exp(4 * (np.cos(2 * np.pi * phase) - 1))
    x, y, z = ((a - m) / (r * (1 - squeeze)) for a, m, r in zip(at, middle, radii, strict=True))
    r = np.sqrt(x * x + y * y + z * z)
    # Ridges along the wall, and a wall that gets thicker as the chamber gets smaller.
    ridges = 0.62 + 0.38 * np.cos(11 * np.arctan2(y, x) + 5 * z) * np.cos(7 * z)
    thickness = 0.13 * (1 + 2 * squeeze)
    return ridges * np.exp(-(((r - 1) / thickness) ** 2)), np.clip((0.9 - r) / 0.12, 0, 1), 1 - squeeze


def make_nuclei(count: int = 60, shape: tuple = (96, 96, 64), seed: int = 3) -> np.ndarray:
    """Make what a microscope would show of a ball of cells: their nuclei, speckled and noisy."""
    rng = np.random.default_rng(seed)
    image, centres = np.zeros(shape, "float32"), []
    half = np.array(shape) / 2
    while len(centres) < count:
        centre = half + rng.uniform(-1, 1, 3) * (half - 9)
        inside = (((centre - half) / (half - 7)) ** 2).sum() < 1
        if inside and all(np.linalg.norm(centre - other) > 12.5 for other in centres):
            centres.append(centre)
    for centre in centres:
        box = tuple(slice(int(c) - 9, int(c) + 10) for c in centre)
        at = np.stack(np.meshgrid(*[np.arange(b.start, b.stop) for b in box], indexing="ij"), -1) - centre
        far = np.linalg.norm(at / rng.uniform(4.4, 6.6, 3), axis=-1)
        bright = rng.uniform(90, 150) * np.clip((1.15 - far) / 0.3, 0, 1)
        image[box] += bright * rng.uniform(0.55, 1.25, far.shape)
    return np.clip(image + 18 + rng.normal(0, 22, shape), 0, 255).astype("uint8")
