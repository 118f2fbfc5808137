"""The site's icon as PNG: page/icon.svg, with room around it so that it may be cut to a circle."""

from __future__ import annotations

import struct
import zlib

COLOUR = "#2f7de1"
# Squares and a circle on a grid of 16, as in icon.svg: colour, left, top, right, bottom.
_SQUARES = (
    ("2f7de1", 1.0, 1.0, 7.5, 7.5),
    ("f4845f", 8.5, 1.0, 15.0, 7.5),
    ("4cc9f0", 1.0, 8.5, 7.5, 15.0),
)
_CIRCLE = ("a98bfa", 11.75, 11.75, 3.25)
_SAFE = 0.62  # of the edge: what every mask leaves


def draw(pixels: int) -> bytes:
    """Return the icon as a PNG of so many pixels a side."""
    import numpy as np

    fine = 4 * pixels  # smooth edges: each pixel is the mean of 16
    axis = ((np.arange(fine) + 0.5) / fine - 0.5) / _SAFE * 16 + 8
    x, y = np.meshgrid(axis, axis)
    image = np.full((fine, fine, 3), 255, np.uint8)
    for colour, left, top, right, bottom in _SQUARES:
        image[(x > left) & (x < right) & (y > top) & (y < bottom)] = tuple(bytes.fromhex(colour))
    colour, centre_x, centre_y, radius = _CIRCLE
    image[np.hypot(x - centre_x, y - centre_y) < radius] = tuple(bytes.fromhex(colour))
    small = image.reshape(pixels, 4, pixels, 4, 3).mean((1, 3)).round().astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in small)
    header = struct.pack(">IIBBBBB", pixels, pixels, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
