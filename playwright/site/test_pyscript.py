"""A page on which PyScript starts Python."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from site_page import BOOT


def test_the_app_runs_where_pyscript_has_started_python(page: Page, url: str) -> None:
    page.goto(f"{url}counter-pyscript.html")
    page.wait_for_function("window.counter && 'pnReady' in document.documentElement.dataset", timeout=BOOT)
    assert page.locator("script[type=py]").count() == 1
    page.evaluate("counter.model.value = 3")
    expect(page.locator("output")).to_have_text("value 3 total 6")
    page.evaluate("counter.model.send_msg('report')")
    page.wait_for_function("counter.got.at(-1)?.seen?.at(-1)?.[1] === 3")
