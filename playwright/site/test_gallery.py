"""The gallery that `make site` builds: every page comes alive, draws the right thing and does what it says."""

from __future__ import annotations

import ast
import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from site_page import BOOT

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
SOURCES = {
    path.stem: path
    for path in (ROOT / "lite" / "apps" / "brain.py", *(ROOT / "lite" / "gallery").glob("*.py"))
}
APPS = ("brain", "fibres", "heart", "synapses", "denoise", "nuclei")


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], Any]) -> Iterator[str]:
    assert (SITE / ".done").exists(), f"{SITE} is missing: run `make site`"
    with serve(SITE) as url:
        yield url


class Gallery:
    """A page of the gallery: the viewers' side of the truth; Python's is what the page says."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def alive(self) -> None:
        """Wait until Python is there and everything is drawn."""
        state = self.page.wait_for_function("complete()", timeout=BOOT).json_value()
        assert state is True, state

    def wait(self, script: str, argument: Any = None, i: int = 0) -> Any:
        """Wait until an expression of ``v``, the upstream viewer, and ``x``, the argument, is true; return its value."""
        return self.page.wait_for_function(
            f"([i, x]) => {{ const v = viewer(i).neuroglancerViewer; return ({script}); }}",
            arg=[i, argument],
        ).json_value()

    def picture(self, i: int = 0) -> NDArray[np.int16]:
        """Return a viewer's canvas as pixels ``[y, x, rgb]``."""
        png = self.page.evaluate("i => picture(i).png", i)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")).astype("int16")

    def slice(self, i: int = 0) -> tuple[float, float]:
        """Return the middle of a viewer's first panel, which is a slice, on the page."""
        viewer = self.page.locator(".panel-neuroglancer-viewer").nth(i)
        # What was clicked before may lie further down.
        viewer.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
        box = viewer.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 4, box["y"] + box["height"] / 4

    def until(self, what: str, holds: Callable[[NDArray[np.int16]], bool], i: int = 0) -> None:
        """Wait until something holds of the picture once all is drawn."""
        for _ in range(200):
            self.alive()
            if holds(self.picture(i)):
                return
            # Its next frame.
            self.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        raise AssertionError(f"The picture never was {what}")

    def until_changed(self, before: NDArray[np.int16], i: int = 0) -> None:
        """Wait until a part of the picture, a thousandth at least, is another than it was."""

        def changed(now: NDArray[np.int16]) -> bool:
            return bool(now.shape == before.shape and (np.abs(now - before).max(-1) > 8).mean() > 0.001)

        self.until("another", changed, i)

    def text(self, text: str) -> Locator:
        return self.page.get_by_text(text)


def coloured(picture: NDArray[np.int16]) -> float:
    """Return which share of a picture has a colour."""
    return float(((picture.max(-1) - picture.min(-1)) > 40).mean())


def more(picture: NDArray[np.int16], one: int, other: int) -> float:
    """Return which share of a picture has clearly more of one of red, green and blue than of another."""
    return float((picture[..., one] > picture[..., other] + 60).mean())


def grey(picture: NDArray[np.int16]) -> float:
    """Return which share of a picture is some grey, neither black nor white."""
    dull = (picture.max(-1) - picture.min(-1)) < 12
    return float((dull & (picture.mean(-1) > 30) & (picture.mean(-1) < 235)).mean())


@pytest.fixture
def opened(
    browser: Browser, url: str, watched: Callable[[BrowserContext], Any]
) -> Iterator[Callable[[str], Gallery]]:
    """Opens a page of the gallery on a small screen and waits until it is alive; nothing unexpected may happen."""
    context = browser.new_context(viewport={"width": 640, "height": 700}, color_scheme="dark")
    context.add_init_script(path=ROOT / "playwright" / "component" / "page.js")
    watch = watched(context)

    def open_app(name: str) -> Gallery:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{url}{name}.html")
        gallery = Gallery(page)
        gallery.alive()
        late = page.evaluate(
            "JSON.parse(document.getElementById('pn-config').textContent).later.map((one) => one.url)"
        )
        assert late
        assert not [url for url in watch.requests if url.endswith(tuple(late))], "more was loaded than needed"
        return gallery

    yield open_app
    context.close()
    watch.check()


# Nothing is wider than the window, and each viewer's canvas covers its whole place, pixel for pixel.
FITS = """([width, height]) => {
  const whole = deep(".side")[0].getRootNode().host;
  const fits = [document.documentElement, whole].every((e) => e.scrollWidth <= width && e.clientWidth >= e.scrollWidth);
  return innerWidth === width && innerHeight === height && fits && deep(".panel-neuroglancer-viewer").every((e) => {
    const { canvas } = e.neuroglancerViewer.display;
    const [inner, outer] = [canvas, e].map((x) => x.getBoundingClientRect());
    const covers = ["left", "top", "right", "bottom"].every((side) => Math.abs(inner[side] - outer[side]) < 1);
    return covers && inner.width > 120 && Math.abs(canvas.width - inner.width * devicePixelRatio) < 1.5;
  });
}"""


def lit(picture: NDArray[np.int16]) -> bool:
    """Return whether there is something in each quarter of a picture."""
    halves = np.array_split(picture.max(-1) > 60, 2)
    return all(bool(quarter.mean() > 0.02) for half in halves for quarter in np.array_split(half, 2, axis=1))


def check_size(gallery: Gallery, width: int, height: int) -> None:
    """Check that the page fits a window, and that the viewers draw in each of their corners there."""
    page = gallery.page
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(FITS, arg=[width, height])
    for i, viewer in enumerate(page.locator(".panel-neuroglancer-viewer").all()):
        # What has scrolled away is not drawn.
        viewer.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
        gallery.until("full", lit, i)
    if width > 760:  # all is seen at once
        view = page.evaluate("deep('.view')[0].getBoundingClientRect().toJSON()")
        assert view["right"] < width
        assert view["bottom"] < height


def check_frame(gallery: Gallery, name: str) -> None:
    """Every page: both colour schemes, the source by keyboard, the way back, a phone's size."""
    page = gallery.page
    ground = "() => getComputedStyle(document.getElementById('gallery-bar')).backgroundColor.match(/\\d+/g).map(Number)"
    assert sum(page.evaluate(ground)) < 200
    page.emulate_media(color_scheme="light")
    assert sum(page.evaluate(ground)) > 600
    summary = page.locator("#gallery-bar > details > summary")
    code = page.locator("#gallery-bar pre").first
    expect(code).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()
    assert code.inner_text().strip() == SOURCES[name].read_text("utf8").strip()
    page.keyboard.press("Enter")
    expect(code).to_be_hidden()
    check_size(gallery, 360, 740)
    page.get_by_role("link", name="Gallery").click()
    expect(page).to_have_title("panel-neuroglancer: gallery")


def test_brain(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("brain")
    before = gallery.picture()
    # Grey and white matter in their colours.
    assert more(before, 0, 2) > 0.02
    assert more(before, 2, 0) > 0.02
    gallery.page.locator(".noUi-handle").first.press("PageUp")
    gallery.wait("v.state.toJSON().position[2] > 17")
    gallery.until_changed(before)
    check_size(gallery, 1280, 800)
    check_frame(gallery, "brain")


def test_fibres(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("fibres")
    gallery.text("11 of 44 fibres shown").wait_for()
    before = gallery.picture()
    assert coloured(before) > 0.1
    assert grey(before) > 0.1
    # In the viewer, as a double click does it; Python counts.
    gallery.wait(
        """(() => { const { visibleSegments } = v.layerManager.getLayerByName("fibres").layer.displayState
          .segmentationGroupState.value; visibleSegments.delete([...visibleSegments].sort((a, b) => Number(a - b))[0]); return true; })()"""
    )
    gallery.text("10 of 44 fibres shown").wait_for()
    gallery.until_changed(before)
    before = gallery.picture()
    gallery.page.locator(".side input[type=checkbox]").uncheck()
    gallery.wait("v.layerManager.getLayerByName('mitochondria').visible === false")
    gallery.until_changed(before)
    check_size(gallery, 3840, 2160)
    check_frame(gallery, "fibres")


def test_heart(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("heart")
    before = gallery.picture()
    assert more(before, 0, 2) > 0.03
    assert more(before, 2, 0) > 0.02
    gallery.text("0 ms: atrium 0.42 nl").wait_for()
    slider = gallery.page.locator("input[type=range]")
    slider.press("PageUp")
    gallery.wait("Math.floor(v.state.toJSON().position[3]) > 0")
    gallery.until_changed(before)
    # In the viewer; Python tells the time.
    gallery.wait("(v.navigationState.position.value = [32, 32, 32, 12.5], true)")
    gallery.text("240 ms: atrium 0.43 nl, ventricle 0.47 nl").wait_for()
    gallery.page.wait_for_function("deep('input[type=range]')[0].value === '12'")
    check_frame(gallery, "heart")


def test_synapses(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("synapses")
    page = gallery.page
    gallery.text("24 synapses").wait_for()
    before = gallery.picture()
    yellow = (before[..., 0] > 200) & (before[..., 1] > 150) & (before[..., 2] < 90)
    assert yellow.sum() > 100
    assert grey(before) > 0.1
    # A row brings the viewer there, and its fibres.
    rows = page.locator(".slick-row")
    row = rows.filter(has_text="18 + 32").locator(".slick-cell")
    row.first.click()
    x = float(row.nth(1).inner_text())
    gallery.wait("Math.abs(v.state.toJSON().position[0] * 0.016 - x) < 0.006", x)
    gallery.wait("v.state.toJSON().layers[1].segments.join() === '18,32'")
    gallery.until_changed(before)
    # An annotation made in the viewer brings a row.
    at = gallery.slice()
    page.mouse.move(at[0] + 20, at[1] + 12)
    gallery.wait("v.mouseState.active")
    page.keyboard.down("Control")
    page.mouse.down()
    page.mouse.up()
    page.keyboard.up("Control")
    gallery.wait("v.state.toJSON().layers[2].annotations.length === 25")
    gallery.text("25 synapses").wait_for()
    page.wait_for_function("[...Bokeh.documents[0].all_models].some((m) => m.data?.fibres?.length === 25)")
    page.get_by_role("button", name="Add one").click()
    gallery.wait("v.state.toJSON().layers[2].annotations.length === 26")
    gallery.text("26 synapses").wait_for()
    # What Neuroglancer tells of a new annotation would cover the view on a phone, which has no Ctrl key.
    gallery.wait("(v.selectionDetailsState.location.visible = false, true)")
    check_frame(gallery, "synapses")


def test_denoise(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("denoise")
    noisy, clean = gallery.picture(0), gallery.picture(1)
    for picture in (noisy, clean):
        assert grey(picture) > 0.2
    steps = [np.abs(np.diff(p.mean(-1), axis=1)).mean() for p in (noisy, clean)]
    assert steps[0] > 1.3 * steps[1]
    # Each viewer takes the other one along.
    gallery.wait("(v.navigationState.position.value = [50.5, 70.5, 20.5], true)")
    gallery.wait("v.state.toJSON().position.join() === '50.5,70.5,20.5'", i=1)
    zoom = gallery.wait("(v.crossSectionScale.value *= 1.5)", i=1)
    gallery.wait("Math.abs(v.crossSectionScale.value / x - 1) < 1e-3", zoom)
    gallery.alive()
    before, kept = gallery.picture(1), gallery.picture(0)
    gallery.page.locator(".noUi-handle").press("Home")
    gallery.text("after 27.8 grey levels").wait_for()
    gallery.until_changed(before, 1)
    np.testing.assert_array_equal(gallery.picture(0), kept)
    check_frame(gallery, "denoise")


def test_nuclei(opened: Callable[[str], Gallery]) -> None:
    gallery = opened("nuclei")
    gallery.text("54 nuclei found").wait_for()
    before = gallery.picture()
    assert coloured(before) > 0.05
    threshold = gallery.page.locator(".noUi-handle").nth(1)
    threshold.press("End")
    found = gallery.wait(
        "(n => n !== 54 && n)([...v.layerManager.getLayerByName('nuclei').layer.displayState.segmentationGroupState.value.visibleSegments].length)"
    )
    gallery.text(f"{found} nuclei found").wait_for()
    gallery.until_changed(before)
    check_frame(gallery, "nuclei")


def test_the_index_leads_to_every_page(page: Page, url: str, watch: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(url)
    links = page.locator("main a")
    assert [link.get_attribute("href") for link in links.all()] == [f"{name}.html" for name in APPS]
    page.wait_for_function(
        f"[...document.images].filter((i) => i.naturalWidth === 640).length === {len(APPS)}"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for name, link in zip(APPS, links.all(), strict=True):
        title, _, sentence = (ast.get_docstring(ast.parse(SOURCES[name].read_text("utf8"))) or "").partition(
            ": "
        )
        assert link.get_by_role("heading").inner_text() == title
        assert link.locator("p").inner_text().lower() == sentence.splitlines()[0].lower()
        assert (SITE / f"{name}.html").is_file()
        assert (SITE / "thumbs" / f"{name}.webp").stat().st_size <= 60_000
    links.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#gallery-bar")).to_be_visible()
