import json
import os
from types import SimpleNamespace

import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from panel_neuroglancer import _runtime, files, read_file, site_url


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    for name in ("PANEL_NEUROGLANCER_SITE_URL", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)


def test_site_url_uses_the_folder_the_site_builder_names(monkeypatch):
    monkeypatch.setenv("PANEL_NEUROGLANCER_SITE_URL", "https://h.org/demo")
    assert site_url("data/a b") == "https://h.org/demo/data/a b"
    assert site_url("https://elsewhere.org/x") == "https://elsewhere.org/x"


def test_site_url_outside_of_any_page_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"panel serve.*PANEL_NEUROGLANCER_SITE_URL"):
        site_url("data/brain")


def test_site_url_follows_the_requests_protocol():
    doc = Document()
    request = SimpleNamespace(protocol="https", host="h.org:8443")
    doc._session_context = lambda: SimpleNamespace(request=request, server_context=None, session=None)
    with set_curdoc(doc):
        assert site_url("data/x") == "https://h.org:8443/data/x"


@pytest.mark.parametrize(
    ("folder", "url"),
    [
        ("/drive", "https://h.org/lite/files/data/x"),
        ("/drive/my lessons", "https://h.org/lite/files/my%20lessons/data/x"),
        ("/home/pyodide", "https://h.org/lite/files/data/x"),  # without a service worker nothing is mounted
    ],
)
def test_on_a_jupyterlite_site_files_lie_beside_the_notebook(monkeypatch, folder, url):
    monkeypatch.setattr(_runtime, "lite_site", lambda: "https://h.org/lite/")
    monkeypatch.setattr(os, "getcwd", lambda: folder)
    assert site_url("data/x") == url


@pytest.mark.parametrize(
    ("inside", "url"), [(".", "http://h:8888/lab/files/x"), ("a b", "http://h:8888/lab/files/a%20b/x")]
)
def test_under_a_jupyter_server_files_lie_beside_the_notebook(monkeypatch, tmp_path, inside, url):
    folder = tmp_path / "root" / inside
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    about = {"url": "http://h:8888/lab/", "root_dir": str(tmp_path / "root")}
    (tmp_path / "jpserver-7.json").write_text(json.dumps(about))
    assert site_url("x") == url
    monkeypatch.chdir(tmp_path)  # outside of what the server shows
    with pytest.raises(RuntimeError, match="cannot know"):
        site_url("x")


async def test_a_file_on_the_disk_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.bin").write_bytes(b"abc")
    assert await read_file("a.bin") == b"abc"
    with pytest.raises(FileNotFoundError, match=r"no file 'b.bin' in .*Check"):
        await read_file("b.bin")


async def test_the_network_is_not_read_outside_of_the_browser():
    with pytest.raises(ValueError, match=r"urllib\.request"):
        await read_file("https://h.org/x")


@pytest.fixture
def browser(monkeypatch):
    """Python in the browser, as far as files go: what is fetched is what a test puts there."""
    there: dict[str, bytes] = {}

    async def fetch(url, tell):
        if url not in there:
            raise FileNotFoundError(url)
        tell(len(there[url]), len(there[url]))
        return there[url]

    monkeypatch.setattr(_runtime, "in_pyodide", lambda: True)
    monkeypatch.setattr(_runtime, "lite_site", lambda: "https://h.org/")
    monkeypatch.setattr(_runtime, "fetch", fetch)
    monkeypatch.setattr(os, "getcwd", lambda: "/drive/a")
    return there


async def test_in_the_browser_a_file_is_fetched_from_the_site(browser):
    browser["https://h.org/files/a/my%20t1.nii"] = b"abc"
    steps = []
    assert await read_file("my t1.nii", lambda *step: steps.append(step)) == b"abc"
    assert steps == [(3, 3)]


async def test_in_the_browser_an_uploaded_file_is_opened(browser, tmp_path):
    (tmp_path / "up.bin").write_bytes(b"up")
    assert await read_file(str(tmp_path / "up.bin")) == b"up"
    with pytest.raises(FileNotFoundError, match=r"'no.bin' beside this page: https://h.org/files/a/no.bin"):
        await read_file("no.bin")


def test_progress_is_told_after_a_second_and_to_the_end(monkeypatch):
    shown, now = [], [0.0]
    handle = SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return handle

    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(files.time, "monotonic", lambda: now[0])
    line = files._Line("t1.nii")
    for second, done in ((0.5, 1e6), (1.5, 2e6), (1.6, 3e6), (2.0, 4e6), (2.1, 5e6)):
        now[0] = second
        line(int(done), 5_000_000)
    assert shown == [f"t1.nii: {n} of 5 MB" for n in (2, 4, 5)]
