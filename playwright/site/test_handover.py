"""The picture before Python, and Python's taking over: what is drawn, and what the visitor did, stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from site_page import ALIVE, BOOT, CENTRE, HELPERS, drag, middle, picture, until, wait_drawn, x_of

# In every frame: is each marked canvas there to be seen, in its place, with its picture?
RECORD = """(n) => {
  const canvases = Array.from({ length: n }, (_, i) => viewer(i).neuroglancerViewer.display.canvas);
  const places = canvases.map((canvas) => JSON.stringify(canvas.getBoundingClientRect()));
  canvases.forEach((canvas) => { canvas.marked = true; });
  window.record = { frames: 0, lacking: [] };
  const look = () => {
    record.frames += 1;
    canvases.forEach((canvas, i) => {
      const { gl } = viewer(i)?.neuroglancerViewer?.display ?? {};
      const seen = canvas.isConnected && canvas.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const same = gl?.canvas === canvas && canvas.marked && !gl.isContextLost();
      if (!seen || !same || JSON.stringify(canvas.getBoundingClientRect()) !== places[i]) record.lacking.push([record.frames, i]);
    });
    requestAnimationFrame(look);
  };
  look();
}"""

Open = Callable[[str], Page]
Release = Callable[[], None]


@pytest.fixture
def held(page: Page) -> Release:
    """Keep Python from coming until this is called."""
    page.add_init_script(path=HELPERS)
    routes: list[Route] = []
    held = True  # it may be asked for late: Python waits for the pictures on few processors
    page.route("**/python_stdlib.zip", lambda route: routes.append(route) if held else route.fallback())

    def release() -> None:
        nonlocal held
        held = False
        for route in routes:
            route.fallback()

    return release


def test_what_was_begun_before_python_goes_on_with_it(page: Page, open_app: Open, held: Release) -> None:
    open_app("handover")
    wait_drawn(page, 0, 1, 3)
    # The picture is the data's, and there is no Python yet.
    before = [picture(page, i) for i in (0, 3)]
    assert before[0][61, 81, 0] == CENTRE
    assert not page.evaluate(ALIVE)
    assert "emscripten" not in page.evaluate("deep('#python')[0].textContent")
    # The indicator tells what goes on and lets everything below be used; the controls wait.
    status = page.locator("#pn-boot")
    expect(status).to_contain_text("Downloading Python and its packages", timeout=BOOT)
    assert status.evaluate("e => [e.getAttribute('role'), getComputedStyle(e).pointerEvents]") == [
        "status",
        "none",
    ]
    press = page.get_by_role("button", name="Press")
    expect(press).to_be_disabled()
    # A segment is picked, a tab is turned to, and a drag is begun.
    x, y = middle(page, 1)
    page.mouse.move(x + 3, y + 3)
    page.wait_for_function("viewer(1).neuroglancerViewer.mouseState.active")
    page.mouse.dblclick(x + 3, y + 3)
    page.wait_for_function("shown(1).layers[1].segments?.length === 1")
    page.get_by_text("Section", exact=True).click()
    wait_drawn(page, 2)
    page.evaluate(RECORD, 4)
    x, y = middle(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 24, y, steps=4)
    held()
    page.wait_for_function(ALIVE, timeout=BOOT)
    page.mouse.move(x + 48, y, steps=4)
    page.mouse.up()
    until(page, "Math.abs(p.positions[0][0] - 8) < 1e-3 && p.ready.every(Boolean)")
    assert abs(x_of(page, 0) - 8) < 1e-3
    until(page, f"p.active === 1 && p.selected.cells?.[0] === {CENTRE}")
    assert page.evaluate("python().errors") == [[], [], [], []]
    # Nothing was drawn anew, at any moment.
    record = page.evaluate("record")
    assert record["frames"] > 1
    assert record["lacking"] == []
    assert (picture(page, 3) == before[1]).all()
    # And the controls are alive.
    expect(page.locator("#pn-boot")).to_have_count(0)
    press.click()
    until(page, "p.presses === 1")
    drag(page, 3, 12)
    until(page, "p.positions[3][1] !== 6 || p.positions[3][2] !== 4.5")


def test_in_a_template_with_one_thing_more_in_the_browser(page: Page, open_app: Open, held: Release) -> None:
    open_app("template")
    wait_drawn(page, 0, 1)
    untouched = picture(page, 0)
    drag(page, 1, -30)
    page.wait_for_function("Math.abs(shown(1).position[0] - 21) < 1e-3")
    page.evaluate(
        "viewer(0).neuroglancerViewer.display.canvas.marked = viewer(1).neuroglancerViewer.display.canvas.marked = true"
    )
    expect(page.get_by_role("button", name="Only here")).to_have_count(0)
    held()
    page.wait_for_function(ALIVE, timeout=BOOT)
    until(
        page, "Math.abs(p.positions[1][0] - 21) < 1e-3 && p.positions[0][0] === 16 && p.ready.every(Boolean)"
    )
    expect(page.get_by_role("button", name="Only here")).to_be_enabled()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    assert page.evaluate("[0, 1].map((i) => viewer(i).neuroglancerViewer.display.canvas.marked)") == [
        True,
        True,
    ]
    assert (picture(page, 0) == untouched).all()


def test_what_is_nothing_like_it_is_drawn_anew_with_what_was_done(
    page: Page, open_app: Open, held: Release
) -> None:
    open_app("other")
    wait_drawn(page, 0)
    drag(page, 0, 48)
    page.wait_for_function("Math.abs(shown(0).position[0] - 8) < 1e-3")
    held()
    page.wait_for_function(ALIVE, timeout=BOOT)
    expect(page.get_by_role("heading", name="Only here")).to_be_visible()
    assert page.evaluate("deep('.panel-neuroglancer-viewer').length") == 1
    # The visitor's position; all else as Python has it.
    until(page, "p.ready && Math.abs(p.position[0] - 8) < 1e-3")
    page.wait_for_function("shown(0).layout === 'xy' && Math.abs(shown(0).position[0] - 8) < 1e-3")
    drag(page, 0, -48)
    until(page, "Math.abs(p.position[0] - 16) < 1e-3")
    wait_drawn(page, 0)
    assert picture(page, 0)[61, 81, 0] == CENTRE


@pytest.mark.parametrize("target", ["pyodide-worker"], indirect=True, scope="session")
def test_what_is_hidden_at_first_begins_when_it_is_shown(page: Page, open_app: Open, held: Release) -> None:
    open_app("hidden")
    card = page.get_by_role("button", name="Closed")
    expect(card).to_be_visible(timeout=BOOT)
    seen = "deep('.panel-neuroglancer-viewer').filter((e) => e.checkVisibility({ opacityProperty: true })).length"
    assert page.evaluate(seen) == 0
    # One before Python …
    card.click()
    page.wait_for_function(f"{seen} === 1")
    wait_drawn(page, 0)
    drag(page, 0, 48)
    page.wait_for_function("Math.abs(shown(0).position[0] - 8) < 1e-3")
    held()
    page.wait_for_function(ALIVE, timeout=BOOT)
    until(page, "Math.abs(p.positions[0][0] - 8) < 1e-3")
    # … one after, and the first once more.
    page.get_by_text("Section", exact=True).click()
    page.wait_for_function(f"{seen} === 2")
    wait_drawn(page, 0, 1)
    drag(page, 1, -30)
    until(page, "Math.abs(p.positions[1][0] - 21) < 1e-3")
    card.click()
    page.wait_for_function(f"{seen} === 1")
    card.click()
    page.wait_for_function(f"{seen} === 2")
    wait_drawn(page, 0, 1)
    drag(page, 0, -48)
    until(page, "Math.abs(p.positions[0][0] - 16) < 1e-3 && Math.abs(p.positions[1][0] - 21) < 1e-3")
    assert picture(page, 0)[61, 81, 0] == CENTRE


def stays(page: Page, reason: str) -> None:
    """Check that a page whose Python does not come can be used, and says why its controls cannot."""
    alert = page.get_by_role("alert").filter(has_text="controls are off")
    expect(alert).to_contain_text(reason, timeout=BOOT)
    expect(page.get_by_role("status").filter(has_text="Python")).to_have_count(0)
    expect(page.locator(".noUi-target[disabled], .noUi-target [disabled]").first).to_be_visible()
    wait_drawn(page, 0)
    was = x_of(page, 0)
    drag(page, 0, 30)
    page.wait_for_function("was => Math.abs(shown(0).position[0] - (was - 5)) < 1e-3", arg=was)
    box = alert.bounding_box()
    size = page.viewport_size
    assert box
    assert size
    assert box["width"] * box["height"] < size["width"] * size["height"] / 3
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)


def test_python_that_raises_leaves_the_viewer(page: Page, open_app: Open) -> None:
    page.add_init_script(path=HELPERS)
    open_app("raises")
    stays(page, "LookupError: the brain is out of reach")


def test_a_wheel_that_is_missing_leaves_the_viewer(page: Page, open_app: Open, watch: Any) -> None:
    watch.expect("404", "integrity", "error occurred while loading", "could not be downloaded")
    page.add_init_script(path=HELPERS)
    page.route("**/param-*.whl", lambda route: route.fulfill(status=404))
    open_app("raises")
    stays(page, "whl could not be downloaded")


@pytest.mark.parametrize("target", ["pyodide-worker"], indirect=True, scope="session")
def test_a_worker_that_dies_at_once_leaves_the_viewer(page: Page, open_app: Open, watch: Any) -> None:
    watch.expect("no worker today")
    page.add_init_script(path=HELPERS)
    page.route(
        "**/static/boot/worker.js",
        lambda route: route.fulfill(
            body="throw new Error('no worker today');", content_type="text/javascript"
        ),
    )
    open_app("raises")
    stays(page, "no worker today")
