"""Sites in other people's pages and stores: in an iframe, under a path, packed, with no header but a strict policy."""

from __future__ import annotations

import gzip
import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from site_page import BOOT

from panel_neuroglancer.site import serve
from panel_neuroglancer.site.convert import convert
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.progress import Progress

DOCS = Path(__file__).parents[2] / "docs" / "converting.md"
APP = """
import panel as pn
from panel_neuroglancer import Neuroglancer

pn.extension()
viewer = Neuroglancer({"dimensions": {"x": [1, "m"], "y": [1, "m"], "z": [1, "m"]}, "position": [1, 2, 3],
                       "crossSectionScale": 0.1, "layout": "xy", "layers": []}, width=300, height=200)
z = pn.widgets.IntInput(name="z", value=3)
z.param.watch(lambda event: setattr(viewer, "position", [1, 2, event.new]), "value")
pn.Column(viewer, z, pn.bind("at {}".format, viewer.param.position)).servable()
"""


class Store(serve.Handler):
    """Sends every file as it would lie gzipped in an object store, with the policy of the docs and nothing else."""

    policy = ""

    def send_head(self) -> Any:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return super().send_head()
        data = gzip.compress(path.read_bytes(), 1)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        return io.BytesIO(data)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a site below a path, from such a store."""
    found = re.search(r"```\n(default-src .*?)\n```", DOCS.read_text("utf8"))
    assert found
    monkeypatch.setattr(Store, "policy", found[1])
    (tmp_path / "app.py").write_text(APP)
    convert(
        [tmp_path / "app.py"],
        tmp_path / "www" / "deep" / "site",
        Options(("pyodide-worker",)),
        Progress(None),
    )
    with monkeypatch.context() as patch:
        patch.setattr(serve, "Handler", Store)
        server = serve.Server(tmp_path / "www")
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"{server.url}deep/site/"
        server.shutdown()
        thread.join()


def test_in_an_iframe_of_another_origin_under_a_strict_policy(
    page: Page, store: str, tmp_path: Path, serve: Callable[[Path], Any]
) -> None:
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer" / "index.html").write_text(
        f'<!DOCTYPE html><title>Outer</title><iframe src="{store}" width=400 height=400></iframe>'
    )
    with serve(tmp_path / "outer") as url:
        page.goto(url.replace("127.0.0.1", "localhost"))
        frame = page.frame_locator("iframe")
        expect(frame.locator(".panel-neuroglancer-viewer canvas").first).to_be_visible(timeout=BOOT)
        expect(frame.get_by_text("at [1")).to_be_visible(timeout=BOOT)
        frame.get_by_role("textbox", name="z").fill("5")
        frame.get_by_role("textbox", name="z").press("Enter")
        expect(frame.get_by_text(re.compile(r"at \[1(\.0)?, 2(\.0)?, 5"))).to_be_visible()
        assert page.evaluate("crossOriginIsolated") is False
