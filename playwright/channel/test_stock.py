"""A viewer on a page as Panel's own converter makes it, whose worker loses Panel messages that come close together."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page


def test_a_python_viewer_on_a_stock_page(page: Page, static: str) -> None:
    page.add_init_script(path=Path(__file__).parents[1] / "component" / "page.js")
    page.goto(f"{static}stock-viewer.html")
    page.wait_for_function("window.deep && python()?.ready && viewer()?.neuroglancerViewer", timeout=90_000)
    assert grey(page) == (7 * 16 + 31 * 6 + 101 * 4) % 251
    # A hundred moves of Python's in a row, then one of the user's.
    page.get_by_role("button", name="Move").click()
    page.wait_for_function(
        "Math.abs(shown().position[0] - 11) < 1e-3 && python().position[0] === 11 && python().ready"
    )
    assert grey(page) == (7 * 11 + 31 * 6 + 101 * 4) % 251
    box = page.locator(".panel-neuroglancer-viewer").bounding_box()
    assert box is not None
    for start, end in ((120, 60), (60, 90)):
        page.mouse.move(box["x"] + start, box["y"] + 110)
        page.mouse.down()
        page.mouse.move(box["x"] + end, box["y"] + 110, steps=20)
        page.mouse.up()
    page.wait_for_function("Math.abs(python().position[0] - 16) < 1e-3 && python().ready")
    assert grey(page) == (7 * 16 + 31 * 6 + 101 * 4) % 251


def grey(page: Page) -> int:
    """Return the voxel in the middle."""
    image: Any = Image.open(io.BytesIO(base64.b64decode(page.evaluate("picture().png"))))
    pixels = np.asarray(image.convert("RGB"))
    return int(pixels[pixels.shape[0] // 2 + 1, pixels.shape[1] // 2 + 1, 0])
