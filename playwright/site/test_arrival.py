"""Ways in which a page comes: before its scripts, slowly, again by the back button, twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, Route, expect
from site_page import ALIVE, BOOT, CENTRE, HELPERS, address, drag, picture, until, wait_drawn

CANVAS = "(i) => viewer(i).neuroglancerViewer.display.canvas"
EARLY = "[inert] .panel-neuroglancer-viewer"
# As on a machine on which Python and the pictures would only slow each other down; and what was to be seen when Python began.
FEW_PROCESSORS = """
  Object.defineProperty(navigator, "hardwareConcurrency", { get: () => 2 });
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === "boot") window.seen = [0, 1].map((i) =>
      viewer(i).neuroglancerViewer.isReady() && viewer(i).checkVisibility({ opacityProperty: true }));
    return postMessage.call(this, message, ...rest);
  };
"""
in_a_worker = pytest.mark.parametrize("target", ["pyodide-worker"], indirect=True, scope="session")


def test_viewers_begin_before_their_places_are_there(page: Page, url: str, target: str, watch: Any) -> None:
    """On few processors Python waits until they are to be seen."""
    page.add_init_script(path=HELPERS)
    page.add_init_script(FEW_PROCESSORS)
    held: list[Route] = []
    page.route(re.compile(r"/bokeh-[\d.]+\.min\.js"), lambda route: held.append(route))
    page.goto(address(url, "handover", target), wait_until="commit")
    wait_drawn(page, 0, 1)
    early = page.locator(EARLY)
    expect(early).to_have_count(2)
    # Nobody sees them, or comes upon them with the keyboard.
    assert not page.evaluate("i => viewer(i).checkVisibility({ opacityProperty: true })", 0)
    assert page.evaluate("typeof Bokeh") == "undefined"
    page.evaluate(f"[0, 1].forEach((i) => {{ ({CANVAS})(i).marked = true; }})")
    assert not [url for url in watch.requests if url.endswith("/pyodide.mjs")]
    for route in held:
        route.fallback()
    expect(early).to_have_count(0)
    wait_drawn(page, 0, 1)
    assert page.evaluate("i => viewer(i).checkVisibility({ opacityProperty: true })", 0)
    assert picture(page, 0)[61, 81, 0] == CENTRE
    page.wait_for_function(ALIVE, timeout=BOOT)
    if target == "pyodide-worker":
        assert page.evaluate("seen") == [True, True]
    until(page, "p.ready[0] && p.ready[1]")
    assert page.evaluate(f"[0, 1].map((i) => ({CANVAS})(i).marked)") == [True, True]
    drag(page, 0, 48)
    until(page, "Math.abs(p.positions[0][0] - 8) < 1e-3")


@in_a_worker
def test_a_slow_network(page: Page, open_app: Callable[[str], Page]) -> None:
    """The picture needs little of it, and the indicator counts."""
    page.add_init_script(path=HELPERS)
    page.add_init_script(
        """new MutationObserver(() => {
          const text = document.querySelector("#pn-boot [data-amount]")?.textContent;
          if (text && window.amounts?.at(-1) !== text) (window.amounts ??= []).push(text);
        }).observe(document, { subtree: true, childList: true, characterData: true });"""
    )
    open_app("template")
    network = page.context.new_cdp_session(page)
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 40, "downloadThroughput": 2_500_000, "uploadThroughput": 2_500_000},
    )
    page.reload()
    wait_drawn(page, 0, 1)
    assert not page.evaluate(ALIVE)
    assert picture(page, 0)[61, 81, 0] == CENTRE
    page.wait_for_function(ALIVE, timeout=BOOT)
    amounts = [[float(number) for number in re.findall(r"[\d.]+", text)] for text in page.evaluate("amounts")]
    assert len(amounts) > 10
    assert amounts == sorted(amounts)
    assert all(done <= total for done, total in amounts)
    until(page, "p.ready.every(Boolean)")


@in_a_worker
def test_away_and_back(page: Page, open_app: Callable[[str], Page], url: str) -> None:
    page.add_init_script(path=HELPERS)
    open_app("template")
    page.wait_for_function(ALIVE, timeout=BOOT)
    drag(page, 1, -30)
    until(page, "Math.abs(p.positions[1][0] - 21) < 1e-3")
    page.goto(f"{url}index.html")
    page.go_back()
    page.wait_for_function(ALIVE, timeout=BOOT)
    wait_drawn(page, 0, 1)
    drag(page, 0, 30)
    until(page, "Math.abs(p.positions[0][0] - 11) < 1e-3")


@pytest.fixture
def with_cache(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    """A browser that keeps the pages one leaves, which Playwright's does not."""
    kept = ["--disable-back-forward-cache"]
    browser = browser_type.launch(**browser_type_launch_args, ignore_default_args=kept)
    yield browser.new_context()
    browser.close()


def test_away_and_back_from_the_cache(
    with_cache: BrowserContext, watched: Callable[[BrowserContext], Any], url: str, target: str
) -> None:
    """The same page, as it was: picture, Python and what goes between them."""
    watch = watched(with_cache)
    page = with_cache.new_page()
    page.add_init_script(path=HELPERS)
    page.goto(address(url, "template", target))
    page.wait_for_function(ALIVE, timeout=BOOT)
    drag(page, 1, -30)
    until(page, "Math.abs(p.positions[1][0] - 21) < 1e-3")
    page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.restored = persisted; })")
    page.goto(f"{url}index.html")
    # What waits for the page to be loaded would wait for ever.
    page.evaluate("setTimeout(() => history.back())")
    page.wait_for_function("window.restored", timeout=BOOT)
    wait_drawn(page, 0, 1)
    drag(page, 0, 30)
    until(page, "Math.abs(p.positions[0][0] - 11) < 1e-3 && Math.abs(p.positions[1][0] - 21) < 1e-3")
    assert picture(page, 0)[61, 81, 0] == (7 * 11 + 31 * 6 + 101 * 4) % 251
    watch.check()


@in_a_worker
def test_two_tabs(page: Page, open_app: Callable[[str], Page], watch: Any) -> None:
    """Each has a Python of its own, and hears nothing of the other's."""
    other = page.context.new_page()
    for tab in (page, other):
        tab.add_init_script(path=HELPERS)
    open_app("template")
    other.goto(page.url)
    for tab in (page, other):
        tab.wait_for_function(ALIVE, timeout=BOOT)
        wait_drawn(tab, 0, 1)
    page.bring_to_front()
    drag(page, 1, -30)
    until(page, "Math.abs(p.positions[1][0] - 21) < 1e-3")
    other.bring_to_front()
    drag(other, 0, 30)
    until(other, "Math.abs(p.positions[0][0] - 11) < 1e-3")
    assert other.evaluate("python().positions[1][0]") == 16
    page.bring_to_front()
    assert page.evaluate("python().positions[0][0]") == 16
