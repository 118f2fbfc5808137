"""What a visitor sees while Python comes, and when it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from site_page import BOOT

READY = "window.counter && 'pnReady' in document.documentElement.dataset"
# Browsers keep what they have compiled only for a response that has an address, not for one made by a script.
COMPILED = """
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (response, ...rest) => {
    window.compiled = (await response).url;
    return instantiateStreaming(response, ...rest);
  };
"""
Open = Callable[[str], Page]


def test_the_indicator_tells_what_is_happening_until_the_app_is_there(page: Page, open_app: Open) -> None:
    held: list[Route] = []
    page.route("**/python_stdlib.zip", lambda route: held.append(route))
    page.add_init_script(COMPILED)
    open_app("counter")
    status = page.locator("#pn-boot[role=status]")
    expect(status).to_contain_text("Downloading Python and its packages", timeout=BOOT)
    expect(status.get_by_role("progressbar")).to_be_visible()
    page.wait_for_function("document.querySelector('#pn-boot progress').value > 1e7", timeout=BOOT)
    expect(status).to_contain_text(re.compile(r"[12]\d\.\d of 2\d\.\d MB"))
    held[0].continue_()
    expect(page.get_by_text("Python 3.12 on emscripten")).to_be_visible(timeout=BOOT)
    expect(page.get_by_role("heading", name="Counter")).to_be_visible()
    expect(page.locator("output")).to_have_text("value 0 total 0")
    expect(page.locator("#pn-boot")).to_have_count(0)
    if not page.workers:
        assert page.evaluate("compiled").endswith("/pyodide.asm.wasm")


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
    alert.get_by_text("Details", exact=True).click()
    expect(alert.locator("pre")).to_contain_text('File "broken.py", line 9')


def test_a_file_that_is_missing_is_named(page: Page, open_app: Open, watch: Any) -> None:
    watch.expect("404", "wasm instantiation failed", "HTTP status code is not ok")
    page.route("**/pyodide.asm.wasm", lambda route: route.fulfill(status=404))
    open_app("counter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Python could not be loaded", timeout=BOOT)
    expect(alert).to_contain_text("pyodide.asm.wasm could not be downloaded: the server answered 404")
    expect(alert).to_contain_text("Check the connection")


def test_a_file_with_other_bytes_is_not_run(page: Page, open_app: Open, watch: Any) -> None:
    watch.expect("integrity", "error occurred while loading", "could not be downloaded")
    page.route("**/param-*.whl", lambda route: route.fulfill(body=b"something else"))
    open_app("counter")
    expect(page.get_by_role("alert")).to_contain_text(
        re.compile(r"param-.*could not be downloaded"), timeout=BOOT
    )


def test_reload_and_python_that_dies(page: Page, open_app: Open, watch: Any) -> None:
    open_app("counter")
    page.wait_for_function(READY, timeout=BOOT)
    page.evaluate("counter.model.value = 3")
    expect(page.locator("output")).to_have_text("value 3 total 6")
    page.reload()
    page.wait_for_function(READY, timeout=BOOT)
    expect(page.locator("output")).to_have_text("value 0 total 0")

    watch.expect("fatal", "out of bounds", "Stack", "traceback", "The cause", "RuntimeError")
    page.evaluate("counter.model.send_msg('die')")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Python has died", timeout=BOOT)
    expect(alert).to_contain_text("Reload the page")


def test_opened_as_a_file_it_asks_for_a_server(page: Page, site: Path, watch: Any) -> None:
    watch.expect("CORS", "ERR_FAILED")
    page.goto((site / "counter.html").as_uri())
    expect(page.get_by_role("status")).to_contain_text(
        "This page needs a web server: run `panel-neuroglancer serve`"
    )
