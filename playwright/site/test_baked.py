"""Arrays that lie in the site: seen before Python is there, and not sent again where Python has the same."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Route
from site_page import BOOT, CENTRE, HELPERS

SOURCES = 3  # of the first viewer
PIXELS = """
const pixels = (i, x, y, width, height) => {
  const { display } = viewer(i).neuroglancerViewer;
  display.draw();
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(display.canvas, -x, -y);
  return context.getImageData(0, 0, width, height).data;
};
/** The brightness in the middle of the left 160 pixels of a viewer. */
window.grey = (i) => (viewer(i)?.neuroglancerViewer ? pixels(i, 81, 61, 1, 1)[0] : undefined);
/** How many pixels of some columns of the first viewer are red, and how many are not black. */
window.coloured = (x, width) => {
  const all = pixels(0, x, 0, width, 120);
  let [red, lit] = [0, 0];
  for (let i = 0; i < all.length; i += 4) {
    const [r, g, b] = all.slice(i, i + 3);
    if (r > 100 && Math.max(g, b) < 60) red += 1;
    if (Math.max(r, g, b) > 40) lit += 1;
  }
  return { red, lit };
};
"""
# On the right a box on either side, and the line between them.
BOXES = "coloured(190, 45).lit > 2000 && coloured(246, 45).lit > 2000 && coloured(236, 8).red > 4"

Open = Callable[[str], Page]


def picture(page: Page, viewer: int) -> NDArray[np.uint8]:
    png = page.evaluate("i => picture(i)", viewer)["png"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def until(page: Page, condition: str, argument: Any = None) -> Any:
    """Wait until a condition on `p`, what Python in the browser says, and `x` holds; return what Python says."""
    page.wait_for_function(
        f"x => {{ const p = python(); return p?.platform === 'emscripten' && ({condition}); }}",
        arg=argument,
        timeout=BOOT,
    )
    return page.evaluate("python()")


def test_arrays_are_there_before_python_and_stay_where_they_are_the_same(page: Page, open_app: Open) -> None:
    page.add_init_script(path=HELPERS)
    page.add_init_script(PIXELS)
    routes: list[Route] = []
    held = True  # it may be asked for late: Python waits for the pictures on few processors
    page.route("**/python_stdlib.zip", lambda route: routes.append(route) if held else route.fallback())
    open_app("baked")
    page.wait_for_function("x => [0, 1, 2].every((i) => grey(i) === x)", arg=CENTRE, timeout=BOOT)
    page.wait_for_function(BOXES)
    assert not page.evaluate("'pnReady' in document.documentElement.dataset")
    before = picture(page, 0)
    page.evaluate("[0, 1, 2].forEach((i) => { viewer(i).neuroglancerViewer.display.canvas.marked = true; })")
    held = False
    for route in routes:
        route.fallback()
    # In the second and third viewer Python has other voxels, and an array of another shape.
    until(page, "grey(1) === x", 255 - CENTRE)
    until(page, "grey(2) === 99")
    page.wait_for_function("viewer(2).neuroglancerViewer.coordinateSpace.value.bounds.upperBounds[1] === 40")
    until(page, "p.asked[0].filter(([method]) => method === 'source.compare').length === x", SOURCES)
    until(
        page,
        "p.asked.slice(1).every((calls) => calls.some(([method, bytes]) => method === 'source.slab' && bytes > 0))",
    )
    # The first stays as it is, and asks for nothing however one looks at it.
    assert (picture(page, 0) == before).all()
    page.evaluate("() => { viewer(0).neuroglancerViewer.position.value = Float32Array.from([9, 3, 2.5]); }")
    until(page, "p.positions[0][0] === 9")
    page.wait_for_function(
        "x => viewer(0).neuroglancerViewer.isReady() && grey(0) === x", arg=7 * 9 + 31 * 3 + 101 * 2 - 251
    )
    calls = page.evaluate("python().asked[0]")
    assert sum(count for _, count in calls) == 0, calls
    marks = "[0, 1, 2].map((i) => viewer(i).neuroglancerViewer.display.canvas.marked)"
    assert page.evaluate(marks) == [True, True, True]
