"""The small server."""

from __future__ import annotations

import ast
import http.client
import mimetypes
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from panel_neuroglancer.site import errors, serve
from panel_neuroglancer.site.errors import BadInputError
from panel_neuroglancer.site.lite import classroom
from panel_neuroglancer.site.serve import Server, open_server

Get = Callable[..., tuple[http.client.HTTPResponse, bytes]]
TEN = b"0123456789"


@pytest.fixture
def get(tmp_path: Path) -> Iterator[Get]:
    """Ask a server of a few files for a path, with headers."""
    names = (
        "a.mjs",
        "a.js",
        "a.wasm",
        "a.json",
        "a.css",
        "a.html",
        "a.whl",
        "a.svg",
        "A.PNG",
        "a.woff2",
        "a.nii.gz",
        "c/0/1",
        "static/neuroglancer/engine-0a1b2c3d4e.js",
    )
    for name in (*names, "static/pyodide/panel-1.9.4-00123456789-py3-none-any.whl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(TEN)
    with Server(tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def get(path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            connection.close()
            return response, body

        yield get
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.mjs", "text/javascript"), ("/a.js", "text/javascript"), ("/a.wasm", "application/wasm"),
        ("/a.json", "application/json"), ("/a.css", "text/css"), ("/a.html", "text/html; charset=utf-8"),
        ("/a.whl", "application/zip"), ("/c/0/1", "application/octet-stream"),
    ],
)  # fmt: skip
def test_files_have_their_types(get: Get, path: str, kind: str) -> None:
    response, body = get(path)
    assert (response.status, body) == (200, TEN)
    assert response.headers["Content-Type"] == kind


def test_types_are_not_this_computers(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Windows' registry, which `mimetypes` reads, anything may stand."""
    for ending in (".js", ".mjs", ".css", ".wasm", ".svg", ".png", ".json", ".html"):
        monkeypatch.setitem(mimetypes.types_map, ending, "text/plain")
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: ("text/plain", None))
    for path, kind in (
        ("/a.js", "text/javascript"), ("/a.css", "text/css"), ("/a.wasm", "application/wasm"),
        ("/A.PNG", "image/png"), ("/a.svg", "image/svg+xml"), ("/a.woff2", "font/woff2"), ("/a.nii.gz", "application/octet-stream"),
    ):  # fmt: skip
        assert get(path)[0].headers["Content-Type"] == kind


def test_the_network_is_not_asked_for_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the answer takes half a minute on macOS."""
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("asked"))
    with Server(tmp_path) as server:
        assert server.url == f"http://127.0.0.1:{server.server_address[1]}/"


def test_it_runs_in_the_oldest_python_that_is_promised() -> None:
    for module in (serve, errors):
        ast.parse(Path(module.__file__).read_text("utf8"), feature_version=(3, 9))
    ast.parse(classroom.SERVER, feature_version=(3, 9))


@pytest.mark.parametrize(
    ("asked", "body", "span"),
    [
        ("0-3", b"0123", "0-3"),
        ("4-", b"456789", "4-9"),
        ("-3", b"789", "7-9"),
        ("8-99", b"89", "8-9"),
        ("-99", TEN, "0-9"),
    ],
)
def test_ranges(get: Get, asked: str, body: bytes, span: str) -> None:
    response, received = get("/a.whl", Range=f"bytes={asked}")
    assert (response.status, received) == (206, body)
    assert response.headers["Content-Range"] == f"bytes {span}/10"
    assert response.headers["Content-Length"] == str(len(body))


def test_a_head_of_a_range_has_no_body(get: Get) -> None:
    response, body = get("/a.whl", "HEAD", Range="bytes=0-3")
    assert (response.status, response.headers["Content-Length"], body) == (206, "4", b"")


@pytest.mark.parametrize("asked", ["10-", "5-4", "-0"])
def test_ranges_outside_the_file(get: Get, asked: str) -> None:
    response, body = get("/a.whl", Range=f"bytes={asked}")
    assert (response.status, response.headers["Content-Range"], body) == (416, "bytes */10", b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "nonsense"])
def test_other_ranges_get_the_whole_file(get: Get, asked: str) -> None:
    response, body = get("/a.whl", Range=asked)
    assert (response.status, body) == (200, TEN)


@pytest.mark.parametrize(
    "path",
    ["/static/neuroglancer/engine-0a1b2c3d4e.js", "/static/pyodide/panel-1.9.4-00123456789-py3-none-any.whl"],
)
def test_files_named_by_their_content_are_kept_for_ever(get: Get, path: str) -> None:
    assert "immutable" in get(path)[0].headers["Cache-Control"]


def test_other_files_are_asked_for_again_and_not_sent_again(get: Get) -> None:
    response, _ = get("/a.html")
    assert response.headers["Cache-Control"] == "no-cache"
    again, body = get("/a.html", **{"If-Modified-Since": response.headers["Last-Modified"]})
    assert (again.status, body) == (304, b"")


@pytest.mark.parametrize("path", ["/none", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])
def test_what_is_not_there_and_what_is_outside(get: Get, path: str) -> None:
    assert get(path)[0].status == 404


def test_a_taken_port_gives_way_to_the_next_free_one(tmp_path: Path) -> None:
    with Server(tmp_path) as first, open_server(tmp_path, first.server_address[1]) as second:
        assert second.server_address[1] > first.server_address[1]


def test_no_port_is_free(tmp_path: Path) -> None:
    with Server(tmp_path) as first, pytest.raises(BadInputError, match="choose another with --port"):
        open_server(tmp_path, first.server_address[1], tries=1)


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is not a folder"):
        Server(tmp_path / "none")
