"""`Neuroglancer()` as newcomers meet it: type a link, Load, Enter, Demo; and what happens where that goes wrong."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

APP = "gui"
# The widgets do the same wherever Python is.
pytestmark = pytest.mark.parametrize("runtime", ["pyodide-worker"], indirect=True, scope="module")


@pytest.fixture(autouse=True)
def start(app: Any) -> None:
    """Begin each test with an empty view; `app.base` is the folder that holds the page."""
    app.base = app.url.rpartition("/")[0] + "/"
    # Neuroglancer goes on looking for a contrast when the layer it is for has gone.
    app.watch.expect("Using default contrast")
    app.settle()  # a report that is under way would overwrite what is typed in the same moment
    load(app, "https://example.org/empty/#!{}", by="Load")
    app.until(
        "p.url.startsWith('https://example.org/empty/') && !p.errors.length && !p.state.layers && p.ready"
    )
    app.settle()


def load(app: Any, url: str, by: str) -> None:
    field = app.page.get_by_label("Neuroglancer link or data source")
    field.fill(url)
    if by == "Enter":
        field.press("Enter")
    else:
        app.page.get_by_role("button", name=by).click()


def middle(app: Any) -> int:
    """Return the grey in the middle of the picture."""
    picture = app.picture()
    return int(picture[picture.shape[0] // 2 + 1, picture.shape[1] // 2 + 1, 0])


@pytest.mark.parametrize("by", ["Load", "Enter"])
@pytest.mark.parametrize(
    "form",
    ["https://example.org/ng/#!{state}", "{state}", "https://neuroglancer-demo.appspot.com/#!{urlsafe}"],
)
def test_a_link_of_any_host(app: Any, known: Any, form: str, by: str) -> None:
    state = known.picture_state(f"precomputed://{app.base}data/image", position=[20, 7, 2.5])
    urlsafe = json.dumps(state, separators=(",", ":")).replace(",", "_").replace('"', "'")
    load(
        app,
        form.replace("{state}", quote(json.dumps(state)) if "#" in form else json.dumps(state)).replace(
            "{urlsafe}", urlsafe
        ),
        by,
    )
    got = app.until("p.ready && p.position && p.position[0] === 20")
    assert got["errors"] == []
    assert middle(app) == known.voxels()[20, 7, 2]
    assert "%22position%22:%5B20%2C7%2C2.5%5D" in got["url"]


@pytest.mark.parametrize("form", ["https://example.org/#!{file}", "{file}"])
def test_a_state_file_and_sources_beside_it(app: Any, known: Any, form: str) -> None:
    load(app, form.replace("{file}", f"{app.base}data/demo.json"), "Load")
    got = app.until("p.ready && p.position && p.position[0] === 16")
    assert got["state"]["layers"][0]["source"].rstrip("/") == f"zarr3://{app.base}data/zstd.zarr"
    assert middle(app) == known.voxels()[16, 6, 4]


def test_the_demo_is_the_sites_own(app: Any, known: Any) -> None:
    app.page.get_by_role("button", name="Demo").click()
    got = app.until("p.ready && p.position && p.position[0] === 16")
    assert got["errors"] == []
    assert middle(app) == known.voxels()[16, 6, 4]
    field = app.page.get_by_label("Neuroglancer link or data source")
    assert (
        field.input_value() == f"{app.base}data/demo.json"
    )  # what was loaded; url is the link to what is shown


def test_a_data_source(app: Any) -> None:
    load(app, f"precomputed://{app.base}data/image", "Load")
    got = app.until("p.ready && p.state.layers && p.state.layers.length === 1")
    assert got["state"]["layers"][0]["name"] == "image"
    assert app.run("v.layerManager.managedLayers[0].layer.constructor.type") == "image"
    assert app.picture().max() > 0


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("no link at all", "bad-url"),
        ("https://example.org/", "bad-url"),
        ("https://example.org/#!{'layers':[", "bad-url"),
        ("{base}data/missing.json", "not-found"),
        ("{base}data/broken.json", "bad-json"),
        ("{base}data/list.json", "bad-json"),
        ("https://example.org/#!http://127.0.0.1:9/state.json", "unknown-host"),
    ],
)
def test_what_cannot_be_loaded_says_why_and_how_to_mend_it(app: Any, url: str, kind: str) -> None:
    app.watch.expect("404", "ERR_CONNECTION_REFUSED", "ERR_UNSAFE_PORT")
    load(app, url.replace("{base}", app.base), "Load")
    got = app.until("p.errors.length")
    assert got["errors"][0]["kind"] == kind
    fix = got["errors"][0]["fix"]
    alert = app.page.get_by_role("alert").filter(has_text=fix)
    alert.wait_for(state="visible")
    assert got["errors"][0]["message"] in alert.inner_text()
    # The next good link takes it away.
    app.page.get_by_role("button", name="Demo").click()
    app.until("!p.errors.length && p.ready && p.position && p.position[0] === 16")
    alert.wait_for(state="hidden")


def test_the_state_card(app: Any) -> None:
    app.page.get_by_role("button", name="Demo").click()
    got = app.until("p.ready && p.position && p.position[0] === 16")
    header = app.page.get_by_role("button", name="Viewer state")
    header.click()
    link = app.page.get_by_role("link")
    link.wait_for(state="visible")
    assert link.get_attribute("href") == got["url"]
    app.page.locator(".json-formatter-key", has_text="crossSectionScale").wait_for(state="visible")
    header.click()
    link.wait_for(state="hidden")


def test_what_is_being_typed_stays_when_the_viewer_moves(app: Any) -> None:
    app.page.get_by_role("button", name="Demo").click()
    app.until("p.ready && p.position && p.position[0] === 16")
    field = app.page.get_by_label("Neuroglancer link or data source")
    field.fill("https://example.org/half a li")
    app.drag(30, 0)
    app.until("p.position[0] === 11")
    assert field.input_value() == "https://example.org/half a li"
