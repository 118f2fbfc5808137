"""The official package's server: not there until somebody asks for an address, then as it always was."""

from __future__ import annotations

import gc
import json
import queue
import threading
import urllib.request

import neuroglancer
import numpy as np
import pytest

from panel_neuroglancer import Neuroglancer


@pytest.fixture(autouse=True)
def stopped():
    neuroglancer.stop()
    yield
    neuroglancer.stop()


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def test_a_viewer_binds_no_port():
    viewer = neuroglancer.Viewer()
    component = Neuroglancer(viewer)
    with viewer.txn() as state:
        state.layout = "3d"
    assert component.layout == "3d"
    assert not neuroglancer.is_server_running()
    assert "neuroglancer" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("ask", [str, repr, lambda v: v.get_viewer_url(), lambda v: v._repr_html_()])
def test_the_address_starts_it_for_all_viewers(ask):
    viewers = [neuroglancer.Viewer(), neuroglancer.Viewer(token="chosen")]
    assert "http://127.0.0.1:" in ask(viewers[0])
    assert neuroglancer.is_server_running()
    viewers.append(neuroglancer.Viewer())
    for viewer in viewers:
        assert b"<html" in fetch(viewer.get_viewer_url()).lower()


def test_it_serves_what_it_always_served():
    viewer = neuroglancer.UnsynchronizedViewer()
    volume = neuroglancer.LocalVolume(np.zeros((4, 5, 6), "uint8"))
    with viewer.txn() as state:
        state.layers["a"] = neuroglancer.ImageLayer(source=volume)
    assert "python://volume/" in json.dumps(viewer.raw_state)
    address, _, _ = viewer.get_viewer_url().partition("/v/")
    info = json.loads(fetch(f"{address}/neuroglancer/info/{viewer.volume_manager.get_volume_key(volume)}"))
    assert info["dataType"] == "uint8"


def test_an_address_that_was_set_before_counts():
    viewer = neuroglancer.Viewer()
    neuroglancer.set_server_bind_address("127.0.0.2")
    try:
        assert viewer.get_viewer_url().startswith("http://127.0.0.2:")
    finally:
        neuroglancer.set_server_bind_address()


def test_a_stopped_server_says_so():
    viewer = neuroglancer.Viewer()
    viewer.get_viewer_url()
    neuroglancer.stop()
    with pytest.raises(ValueError, match="not started"):
        viewer.get_viewer_url()


def test_starting_by_hand():
    viewer = neuroglancer.Viewer()
    neuroglancer.server.start()
    assert neuroglancer.server.global_server.viewers[viewer.token] is viewer


@pytest.mark.parametrize("running", [False, True])
def test_deferred_callbacks_run_in_order(running, caplog):
    viewer, seen = neuroglancer.Viewer(), queue.Queue()
    if running:
        neuroglancer.server.start()
    else:
        viewer.defer_callback(lambda: 1 / 0)
    for i in range(50):
        viewer.defer_callback(seen.put, (i, threading.current_thread().name))
    assert [seen.get(timeout=30)[0] for _ in range(50)] == list(range(50))
    assert neuroglancer.is_server_running() is running
    if not running:
        assert "A deferred callback failed" in caplog.text


def test_a_viewer_that_is_gone_is_not_registered():
    neuroglancer.Viewer(token="gone")
    gc.collect()
    neuroglancer.server.start()
    assert "gone" not in neuroglancer.server.global_server.viewers
