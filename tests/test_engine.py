import base64
import gzip
import io
import json
from html.parser import HTMLParser
from urllib.parse import urljoin

import panel as pn
import pytest
from bokeh.document import Document
from bokeh.models import ImportedStyleSheet
from panel.io.server import get_server
from panel.io.state import set_curdoc
from tornado.httpclient import AsyncHTTPClient

from panel_neuroglancer import Neuroglancer, engine, save, site_url
from panel_neuroglancer.channel import ChannelError


def test_without_a_server_the_page_asks_over_the_channel(dist):
    assert engine.engine_location(Document()) == {"url": "", "entry": "engine-1.js"}


@pytest.mark.parametrize("url", ["https://h.org/static", "https://h.org/static/"])
def test_the_environment_says_where_the_engine_is(dist, monkeypatch, url):
    monkeypatch.setenv("PANEL_NEUROGLANCER_ENGINE_URL", url)
    assert engine.engine_location() == {"url": "https://h.org/static/", "entry": "engine-1.js"}


def test_a_saved_page_looks_into_itself_whatever_the_environment(dist, monkeypatch):
    monkeypatch.setenv("PANEL_NEUROGLANCER_ENGINE_URL", "https://h.org/")
    with engine.inlined():
        assert engine.engine_location()["url"] == ""
    assert engine.engine_location()["url"] == "https://h.org/"


@pytest.mark.parametrize("path", ["/app", "/deep/er/app"])
@pytest.mark.parametrize("prefix", ["", "/pre/fix"])
async def test_a_panel_server_serves_loader_engine_and_site(dist, path, prefix):
    seen = {}

    def app():
        viewer = Neuroglancer({"layout": "3d"})
        seen["site"] = site_url("data/brain")
        seen["view"] = viewer._view
        return viewer

    server = get_server({path: app}, port=0, address="127.0.0.1", prefix=prefix, show=False, start=False)
    try:
        server.start()
        client = AsyncHTTPClient()
        page = f"http://127.0.0.1:{server.port}{prefix}{path}"
        await client.fetch(page)
        (model, _), *_ = seen["view"]._models.values()
        location = model.data.engine
        entry = await client.fetch(urljoin(page, location["url"] + location["entry"]))
        loader = await client.fetch(urljoin(page, model.esm))
    finally:
        server.stop()
    assert entry.body == (dist / "engine" / "engine-1.js").read_bytes()
    assert loader.body == (dist / "loader.js").read_bytes()
    assert model.bundle == "url"
    assert seen["site"] == f"http://127.0.0.1:{server.port}{prefix}/data/brain"


# Reading the engine's files


def test_a_file_is_read_as_it_is_or_gzipped(dist):
    content = (dist / "engine" / "engine-1.js").read_bytes()
    plain = engine.read_engine({"name": "engine-1.js"})
    packed = engine.read_engine({"name": "engine-1.js", "encoding": "gzip"})
    assert (plain.result, plain.data) == ({"encoding": "identity"}, content)
    assert packed.result == {"encoding": "gzip"}
    assert gzip.decompress(packed.data) == content
    assert len(packed.data) < len(content)


@pytest.mark.parametrize(
    "name", ["../engine.json", "engine.json", "/etc/passwd", "..\\loader.js", "", None, 3, ["engine-1.js"]]
)
def test_only_files_of_the_manifest_are_given_out(dist, name):
    with pytest.raises(ChannelError, match="no file") as caught:
        engine.read_engine({"name": name})
    assert caught.value.kind == "not-found"


def test_a_missing_build_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "DIST", tmp_path)
    with pytest.raises(RuntimeError, match="make js"):
        engine.engine_location()
    with pytest.raises(RuntimeError, match="make js"):
        Neuroglancer().get_root()


# Saved pages


def _addresses(html):
    """Whatever the page's tags (not its scripts' texts) would load."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.extend(
        v for k, v in attrs if k in ("src", "href") and v
    )
    parser.feed(html)
    return found


@pytest.mark.parametrize("kind", ["path", "text", "bytes"])
def test_the_engine_is_in_a_saved_page_once(dist, tmp_path, kind):
    first, second = Neuroglancer({"layout": "3d"}), Neuroglancer({"layout": "xy"})
    target = {"path": tmp_path / "page", "text": io.StringIO(), "bytes": io.BytesIO()}[kind]
    save(pn.Row(first, second), target, title="Two <viewers>")
    html = {
        "path": lambda: (tmp_path / "page.html").read_text("utf-8"),
        "text": lambda: target.getvalue(),
        "bytes": lambda: target.getvalue().decode(),
    }[kind]()

    start = '<script type="application/json" id="panel-neuroglancer-engine">'
    assert html.count(start) == 1
    carried = json.loads(html.partition(start)[2].partition("</script>")[0])
    assert carried["entry"] == "engine-1.js"
    for name, text in carried["files"].items():
        assert gzip.decompress(base64.b64decode(text)) == (dist / "engine" / name).read_bytes()
    assert sorted(carried["files"]) == ["engine-1.js", "worker-2.js"]
    assert html.rstrip().endswith("</html>")
    assert "<title>Two &lt;viewers&gt;</title>" in html
    assert "cdn.holoviz.org" not in html
    assert [address for address in _addresses(html) if not address.startswith("data:")] == []
    assert not first._view._models
    assert not second._view._models


def test_saving_leaves_the_live_page_alone(dist):
    live = Document()
    viewer = Neuroglancer()
    with set_curdoc(live):
        live.add_root(viewer.get_root(live))
        sheets = [m.url for m in live.models if isinstance(m, ImportedStyleSheet)]
        changes = []
        live.on_change(changes.append)
        viewer.save(io.StringIO())
    assert sheets
    assert [m.url for m in live.models if isinstance(m, ImportedStyleSheet)] == sheets
    assert changes == []
    assert len(viewer._view._models) == 1
