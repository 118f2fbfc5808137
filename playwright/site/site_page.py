"""What tests see of the apps of this folder, and do with their viewers."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, TimeoutError

BOOT = 120_000
ALIVE = "'pnReady' in document.documentElement.dataset"
HELPERS = Path(__file__).parents[1] / "component" / "page.js"
#: The grey value in the middle of the picture.
CENTRE = (7 * 16 + 31 * 6 + 101 * 4) % 251


def address(url: str, name: str, target: str) -> str:
    """Return where an app's page is on the site, whose first target is ``pyodide``."""
    return f"{url}{name}.html" if target == "pyodide" else f"{url}{name}-{target}.html"


def wait_drawn(page: Page, *viewers: int) -> None:
    page.wait_for_function(
        "(all) => all.every((i) => viewer(i)?.neuroglancerViewer?.isReady() && viewer(i).neuroglancerViewer.layerManager.managedLayers.length)",
        arg=list(viewers),
        timeout=BOOT,
    )


def picture(page: Page, viewer: int) -> NDArray[np.uint8]:
    png = page.evaluate("i => picture(i)", viewer)["png"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def middle(page: Page, viewer: int) -> tuple[float, float]:
    box = page.locator(".panel-neuroglancer-viewer").nth(viewer).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, viewer: int, dx: float) -> None:
    x, y = middle(page, viewer)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y, steps=5)
    page.mouse.up()


def x_of(page: Page, viewer: int) -> float:
    return float(page.evaluate("i => shown(i).position[0]", viewer))


def until(page: Page, condition: str) -> None:
    """Wait until a condition on `p`, what Python says, holds."""
    try:
        page.wait_for_function(f"() => {{ const p = python(); return p && ({condition}); }}")
    except TimeoutError as error:
        raise AssertionError(f"Never was {condition}: {page.evaluate('python()')}") from error
