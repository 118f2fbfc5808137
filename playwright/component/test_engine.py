"""Where the page finds the engine when nobody serves it: in Python, part by part, and in a saved page."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from panel_neuroglancer.site.serve import Handler


def middle(picture: np.ndarray) -> int:
    return int(picture[111, 121, 0])


def test_the_engine_comes_over_the_channel_once(desk: Any, known: Any) -> None:
    app = desk.open("serve", "hidden")
    app.page.wait_for_function("[0, 1].every((i) => viewer(i)?.neuroglancerViewer)")
    got = app.until("p.ready.every(Boolean)")
    assert middle(app.picture(i=0)) == known.voxels()[16, 6, 4]
    assert abs(middle(app.picture(i=1)) - int(known.smooth()[16, 6, 4])) <= 4
    assert got["errors"] == [[], []]
    # And the picture is what the user sees: no notice was left over it.
    assert not app.page.locator(".pn-notice:visible").count()
    # Two viewers, one engine; its workers and rare parts came the same way, and nothing by URL.
    assert len(got["asked"]) == len(set(got["asked"])) >= 4
    assert any(name.startswith("chunk-worker") for name in got["asked"])
    assert not [
        url for url in app.watch.requests if url.startswith("http") and "/panel_neuroglancer/engine/" in url
    ]


class OpenHandler(Handler):
    """Lets any page read, one that was opened from disk too."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture
def data_server(data: Path) -> Iterator[str]:
    """Serve the data to any page; yields the address, with a final slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(OpenHandler, directory=str(data))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_saved_page_draws_from_disk(desk: Any, data_server: str, known: Any, tmp_path: Path) -> None:
    import panel_neuroglancer as png

    page = tmp_path / "view.html"
    # Rare parts must be inside too: the data is zstd.
    state = known.picture_state(f"zarr3://{data_server}zstd.zarr")
    png.Neuroglancer(state, ui="none", width=240, height=220).save(page)
    url = page.as_uri()
    desk.address = lambda runtime, app: url
    app = desk.open("", "", wait=False)

    app.page.goto(url)
    app.page.wait_for_function(
        "viewer()?.neuroglancerViewer?.isReady() && viewer().neuroglancerViewer.layerManager.managedLayers[0].isReady()"
    )
    app.wait("v.display.draw() ?? v.isReady()")
    assert middle(app.picture()) == known.voxels()[16, 6, 4]
    others = [
        u
        for u in app.watch.requests
        if not re.match(r"(file|data|blob):", u) and not u.startswith(data_server)
    ]
    assert others == [], "a saved page needs nothing from anywhere"
    # It is alive, without Python.
    app.drag(30, 24)
    app.wait("Math.abs(v.state.toJSON().position[0] - 11) < 1e-3")
