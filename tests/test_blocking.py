"""Waiting for the page in CPython: at once an error where it could never end."""

from __future__ import annotations

import asyncio
import threading

import neuroglancer
import pytest

from panel_neuroglancer import Neuroglancer, read_volume, screenshot
from panel_neuroglancer.blocking import WouldBlockForeverError


@pytest.fixture
def viewer() -> neuroglancer.viewer_base.ViewerBase:
    viewer = neuroglancer.viewer_base.ViewerBase()
    viewer.component = Neuroglancer(viewer)
    return viewer


async def test_on_the_loop_that_would_hear_the_answer(viewer: neuroglancer.viewer_base.ViewerBase) -> None:
    with pytest.raises(WouldBlockForeverError, match=r"await panel_neuroglancer\.screenshot\(viewer\)"):
        viewer.screenshot(size=[10, 10])
    assert viewer.config_state.state.viewer_size is None
    with pytest.raises(WouldBlockForeverError, match=r"await viewer\.volume_info"):
        viewer.volume_info("a").result()


async def test_what_is_there_is_given(viewer: neuroglancer.viewer_base.ViewerBase) -> None:
    asked = viewer.volume_info("a")
    (request,) = viewer.config_state.state.volume_requests
    viewer._handle_volume_info_reply(request.id, {"error": "No such layer"})
    with pytest.raises(ValueError, match="No such layer"):
        asked.result()
    with pytest.raises(ValueError, match="No such layer"):
        await asked


def test_another_thread_may_wait(viewer: neuroglancer.viewer_base.ViewerBase) -> None:
    asked = viewer.volume_info("a")
    (request,) = viewer.config_state.state.volume_requests
    answer = threading.Timer(0.05, viewer._handle_volume_info_reply, [request.id, {"error": "No such layer"}])
    answer.start()
    with pytest.raises(ValueError, match="No such layer"):
        asked.result(timeout=10)
    answer.join()


async def test_nobody_answers(viewer: neuroglancer.viewer_base.ViewerBase) -> None:
    with pytest.raises(TimeoutError, match="No page has sent the picture"):
        await screenshot(viewer, size=[10, 10], timeout=0.01)
    state = viewer.config_state.state
    assert (state.screenshot, state.viewer_size, state.show_ui_controls) == (None, None, True)
    with pytest.raises(TimeoutError, match="No page has sent the layer 'a'"):
        await read_volume(viewer, "a", timeout=0.01)


async def test_a_cancelled_wait_disturbs_nobody(viewer: neuroglancer.viewer_base.ViewerBase) -> None:
    asked = viewer.volume_info("a")
    waiting = asyncio.ensure_future(asyncio.wrap_future(asked))
    waiting.cancel()
    await asyncio.sleep(0)
    (request,) = viewer.config_state.state.volume_requests
    viewer._handle_volume_info_reply(request.id, {"error": "No such layer"})


def test_no_server_is_needed() -> None:
    viewer = neuroglancer.Viewer()
    neuroglancer.stop()
    component = Neuroglancer(viewer)
    with viewer.txn() as state:
        state.layout = "3d"
    assert component.layout == "3d"
    assert not neuroglancer.is_server_running()
