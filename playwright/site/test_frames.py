"""Panel's templates around an app, and HTML that visitors write: made safe before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from site_page import BOOT

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

TESTS = Path(__file__).parents[2] / "tests" / "site"
# Each line of these ran a script somewhere, once.
ATTACKS = (TESTS / "xss.txt").read_text("utf8").replace("alert(1)", "attacked=true").splitlines()

# What could run, anywhere in an element, in what is shown inside it too.
DANGEROUS = """(element) => {
  const found = [];
  const look = (node) => {
    for (const child of node.querySelectorAll("*")) {
      if (child.matches("script, iframe, object, embed, svg, math, form, meta, base, link:not([rel=stylesheet])")) found.push(child.localName);
      for (const { name, value } of child.attributes) if (/^on|^srcdoc/.test(name) || /script:/i.test(value)) found.push(`${name}=${value}`);
      if (child.shadowRoot) look(child.shadowRoot);
    }
  };
  look(element.shadowRoot ?? element);
  return found;
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], Any]) -> Iterator[str]:
    out = tmp_path_factory.mktemp("framed") / "out"
    apps = [TESTS / "apps" / "framed" / f"{name}.py" for name in ("bootstrap", "fastlist", "material")]
    convert(apps, out, Options(("pyodide-worker",)), Progress(None))
    with serve(out) as url:
        yield url


@pytest.mark.parametrize("name", ["bootstrap", "material"])
def test_an_app_in_a_template_of_its_own(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}{name}.html")
    page.wait_for_function("'pnReady' in document.documentElement.dataset", timeout=BOOT)
    expect(page.get_by_text(name.capitalize(), exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Side")).to_be_visible()
    expect(page.locator(".safe b")).to_have_text("bold")


def test_what_a_visitor_writes_is_made_safe(page: Page, url: str, watch: Any) -> None:
    page.goto(f"{url}fastlist.html")
    page.wait_for_function("'pnReady' in document.documentElement.dataset", timeout=BOOT)
    safe = page.locator(".safe")
    expect(safe.locator("b")).to_have_text("bold")
    watch.expect("Failed to load resource")  # images are allowed, and these are none
    box = page.get_by_label("Text")
    box.fill("\n".join([*ATTACKS, "<u>at last</u>"]))
    box.blur()
    expect(safe.locator("u")).to_have_text("at last")
    assert safe.evaluate(DANGEROUS) == []
    assert page.evaluate("window.attacked") is None
