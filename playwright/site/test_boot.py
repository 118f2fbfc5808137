"""What a visitor sees while Python comes, and when it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

BOOT = 120_000
Open = Callable[[str], Page]


def test_the_app_comes_up_and_the_indicator_goes(counter: Page) -> None:
    expect(counter.get_by_role("heading", name="Counter")).to_be_visible()
    expect(counter.get_by_text("Python 3.12 on emscripten")).to_be_visible()
    expect(counter.locator("output")).to_have_text("value 0 total 0")
    expect(counter.locator("#pn-boot")).to_have_count(0)


def test_the_indicator_tells_what_is_happening(page: Page, open_app: Open) -> None:
    held: list[Route] = []
    page.route("**/python_stdlib.zip", held.append)
    open_app("counter")
    status = page.get_by_role("status")
    expect(status).to_contain_text("Downloading Python and its packages", timeout=BOOT)
    expect(status.get_by_role("progressbar")).to_be_visible()
    expect(status).to_contain_text(" MB")
    page.wait_for_function("document.querySelector('#pn-boot progress').value > 1e7", timeout=BOOT)
    held[0].continue_()
    page.wait_for_function("'pnReady' in document.documentElement.dataset", timeout=BOOT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_indicator_follows_the_colour_scheme(page: Page, open_app: Open, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.route("**/python_stdlib.zip", lambda route: None)
    open_app("counter")
    colours = page.locator("#pn-boot").evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    )
    background, ink = (sum(map(int, colour[4:-1].split(","))) for colour in colours)
    assert (background > ink) == (scheme == "light")


def test_an_app_that_raises_says_why(page: Page, open_app: Open) -> None:
    open_app("broken")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The app could not start", timeout=BOOT)
    expect(alert).to_contain_text("LookupError: the brain is out of reach")
    expect(alert).to_contain_text("Reload the page")
    alert.get_by_text("Details").click()
    expect(alert.locator("pre")).to_contain_text('File "broken.py", line 9')


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", "pyodide-lock.json", "numpy-*.whl"])
def test_a_file_that_is_missing_is_named(page: Page, open_app: Open, watch: Any, name: str) -> None:
    watch.expect(
        "404",
        "wasm instantiation failed",
        "HTTP status code is not ok",
        "Failed to load",
        "Failed to fetch",
        "No known package",
        "Unhandled",
    )
    page.route(f"**/{name}", lambda route: route.fulfill(status=404))
    open_app("counter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Python could not be loaded", timeout=BOOT)
    expect(alert).to_contain_text(name.partition("*")[0])
    expect(alert).to_contain_text("404")
    expect(alert).to_contain_text("Check the connection")


def test_python_that_dies_says_so(counter: Page, watch: Any) -> None:
    watch.expect("fatal", "out of bounds", "Stack", "traceback", "The cause", "RuntimeError")
    counter.evaluate("counter.model.send_msg('die')")
    alert = counter.get_by_role("alert")
    expect(alert).to_contain_text("Python has died", timeout=BOOT)
    expect(alert).to_contain_text("Reload the page")


def test_opened_as_a_file_it_asks_for_a_server(page: Page, site: Path, watch: Any) -> None:
    watch.expect("CORS", "ERR_FAILED")
    page.goto((site / "counter.html").as_uri())
    expect(page.get_by_role("status")).to_contain_text(
        "This page needs a web server: run `panel-neuroglancer serve`"
    )


def test_reload(counter: Page) -> None:
    counter.evaluate("counter.model.value = 3")
    expect(counter.locator("output")).to_have_text("value 3 total 6")
    counter.reload()
    counter.wait_for_function("window.counter && 'pnReady' in document.documentElement.dataset", timeout=BOOT)
    expect(counter.locator("output")).to_have_text("value 0 total 0")
