"""Whatever goes wrong is said in the viewer, with what to do, and in `errors`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def elsewhere(data: Path, serve_folders: Any) -> Iterator[str]:
    """Serve the data from another origin that allows nobody to read it."""
    with serve_folders(data=data) as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """Hold a port on which nobody answers."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


def check(view: Any, kind: str, *words: str, layer: str | None = "image", message: str = "") -> None:
    """Require one error, the same in words on the screen, for eyes and for screen readers."""
    view.wait("view.errors.some((error) => error.kind === x)", kind)
    (error,) = view.run("view.errors")
    assert error["kind"] == kind
    assert error["layer"] == layer
    assert message in error["message"]
    alert = view.page.get_by_role("alert")
    assert alert.is_visible()
    text = alert.inner_text()
    assert error["message"] in " ".join(text.split()) or error["message"] in text
    assert error["fix"] in text
    for word in words:
        assert word in text


def show(lab: Any, source: str) -> Any:
    lab.watch.expect("Failed to load resource", "net::ERR", "CORS policy")
    return lab.open(state=lab.state(lab.image(source=source)), ready=False, size=(400, 300))


def test_not_found(lab: Any) -> None:
    view = show(lab, f"precomputed://{lab.server}/data/nowhere")
    check(view, "not-found", "Check the path", "nowhere")


def test_unknown_host(lab: Any, nobody: str) -> None:
    view = show(lab, f"precomputed://{nobody}/data")
    check(view, "unknown-host", "Check the host", nobody.split(":")[2])


def test_cors(lab: Any, elsewhere: str) -> None:
    view = show(lab, f"precomputed://{elsewhere}/data/image")
    check(view, "cors", "Access-Control-Allow-Origin", elsewhere.split(":")[2])


def test_malformed_json(lab: Any) -> None:
    view = show(lab, f"precomputed://{lab.server}/data/broken")
    check(view, "bad-json", "JSON")


@pytest.mark.parametrize("source", ["nonsense://host/path", "just words", "precomputed://ftp://host/x"])
def test_unknown_scheme(lab: Any, source: str) -> None:
    check(show(lab, source), "bad-url", "precomputed://")


def test_unknown_format(lab: Any) -> None:
    view = show(lab, f"{lab.server}/page/index.html")
    view.wait("view.errors.length === 1")
    (error,) = view.run("view.errors")
    assert error["kind"] == "bad-url"
    assert error["fix"] in view.page.get_by_role("alert").inner_text()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("position", "nonsense"),
        ("crossSectionScale", "wide"),
        ("layers", [{"type": "image", "name": 5}]),
        ("dimensions", {"x": ["?", "m"]}),
    ],
)
def test_malformed_state_member(lab: Any, member: str, value: Any) -> None:
    view = lab.open(size=(400, 300))
    before = view.state
    view.set_state({**before, member: value, "projectionScale": 99})
    check(view, "state", "rest of the view was kept", layer=None, message=member)
    view.wait("view.getState().projectionScale === 99")
    view.set_state(before)
    view.ready()
    view.wait("view.errors.length === 0")
    assert view.page.get_by_role("alert").is_hidden()
    assert view.state == before


def test_malformed_first_state(lab: Any) -> None:
    view = lab.open(state=lab.state(position="nonsense"), ready=False, size=(400, 300))
    check(view, "state", layer=None, message="position")
    view.wait("view.getState().layers?.length === 1")


def test_repaired_source_clears_the_error(lab: Any) -> None:
    view = show(lab, f"precomputed://{lab.server}/data/nowhere")
    check(view, "not-found")
    view.set_state(lab.state())
    view.ready()
    view.wait("view.errors.length === 0")
    assert view.page.get_by_role("alert").is_hidden()
    assert view.picture().max() > 0


def test_ready_rejects_with_the_reason(lab: Any) -> None:
    view = show(lab, f"precomputed://{lab.server}/data/nowhere")
    with pytest.raises(Exception, match=r"image: .*404"):
        view.ready()


def test_dismissed_alert_comes_back_for_another_error(lab: Any) -> None:
    view = show(lab, f"precomputed://{lab.server}/data/nowhere")
    alert = view.page.get_by_role("alert")
    alert.wait_for()
    alert.get_by_role("button", name="Dismiss").click()
    assert alert.is_hidden()
    view.set_state(lab.state(lab.image(source=f"precomputed://{lab.server}/data/broken")))
    alert.get_by_text("JSON").first.wait_for()
