"""A site made with --pwa: all of it is there without the network, and never parts of two builds."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from site_page import BOOT

from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.serve import Server

APP = """
import panel as pn
n = pn.widgets.IntInput(name="n", value=1)
pn.Column("# Build {build}", n, pn.bind(lambda n: f"twice is {{2 * n}}", n)).servable(title="App")
"""
# Everything of the site as this page gets it: the build in the service worker's list, and what does not fit it.
CHECK = """async (list) => {
  const hash = async (path) => {
    const response = await fetch(path, { headers: { accept: "text/x-check" } });
    const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
    return "sha256-" + btoa(String.fromCharCode(...new Uint8Array(digest)));
  };
  const wrong = [];
  for (const [path, expected] of Object.entries(list)) if ((await hash(path)) !== expected) wrong.push(path);
  return wrong;
}"""
ACTIVE = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  if (active.state !== "activated") await new Promise((resolve) => {
    active.addEventListener("statechange", () => active.state === "activated" && resolve());
  });
}"""
# Look for a newer build, and wait for how that ends.
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const found = new Promise((resolve) => registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => {
      if (["activated", "redundant"].includes(worker.state)) resolve(worker.state);
    });
  }));
  await registration.update();
  return found;
}"""


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[Server]:
    with Server(folder, port) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def build(folder: Path, name: str) -> dict[str, str]:
    """Make the site, in the place of the one before, and return its files' hashes."""
    app, late = folder / "app.py", folder / "late.txt"
    app.write_text(APP.format(build=name))
    late.write_text(name)
    convert([app], folder / "out", Options(("pyodide-worker",), pwa=True, data=((late, ""),)), Progress(None))
    found = re.search(r"const FILES = (\{.*?\});", (folder / "out" / "sw.js").read_text(), re.DOTALL)
    assert found
    files: dict[str, str] = json.loads(found[1])
    return files


def late(page: Page) -> str:
    return str(page.evaluate("fetch('late.txt').then((response) => response.text())"))


def ready(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=f"Build {name}")).to_be_visible(timeout=BOOT)
    page.wait_for_function("'pnReady' in document.documentElement.dataset", timeout=BOOT)


def test_offline_after_one_visit_and_one_build_at_a_time(
    browser: Browser, watched: Callable[..., object], tmp_path: Path
) -> None:
    context = browser.new_context()
    watch = watched(context)
    first, second = context.new_page(), context.new_page()
    one = build(tmp_path, "one")
    with serving(tmp_path / "out") as server:
        port, url = server.server_address[1], server.url
        first.goto(url + "app.html")
        ready(first, "one")
        first.evaluate(ACTIVE)

    # The server is gone.
    first.reload()
    ready(first, "one")
    first.get_by_label("n").fill("21")
    first.get_by_label("n").press("Enter")
    expect(first.get_by_text("twice is 42")).to_be_visible()
    second.goto(url)
    ready(second, "one")
    assert late(first) == "one"

    two = build(tmp_path, "two")
    assert two != one
    with serving(tmp_path / "out", port):
        assert first.evaluate(UPDATE) == "activated"
        expect(first.get_by_role("status").get_by_text("A new version is here.")).to_be_visible()
        assert second.evaluate(CHECK, one) == []  # also what it had not asked for before
        first.get_by_role("button", name="Reload").click()
        ready(first, "two")
        assert first.evaluate(CHECK, two) == []
        assert (late(first), late(second)) == ("two", "one")

        # A third one of which only a part has been copied so far.
        worker = tmp_path / "out" / "sw.js"
        worker.write_text(worker.read_text().replace('const BUILD = "', 'const BUILD = "3'))
        (tmp_path / "out" / "late.txt").write_text("three")
        watch.expect("integrity", "Failed to load resource", "ServiceWorker")  # type: ignore[attr-defined]
        assert first.evaluate(UPDATE) == "redundant"
    first.reload()
    assert late(first) == "two"
    second.goto(url + "late.txt")
    expect(second.get_by_text("two")).to_be_visible()
    watch.check()  # type: ignore[attr-defined]
    context.close()
