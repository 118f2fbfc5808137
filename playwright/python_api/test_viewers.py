"""Viewers as the official package has them: state, actions, messages, pictures, skeletons and what blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

IMAGE = """
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(np.full((32, 12, 8), 80, "uint8"), s.dimensions), shader=GREY, opacity=1)
        plain(s)
    show(viewer)
"""


def test_the_official_first_steps_run_unchanged(open_app: Callable[[str, str], Any], runtime: str) -> None:
    app = open_app(runtime, "snippet")
    app.page.wait_for_function("window.deep && viewer()?.neuroglancerViewer", timeout=90_000)
    # The frame around the data is two pixels wide and lies half over the voxels at the edge, which differ with the panel's size.
    app.pixels()
    app.page.evaluate("viewer().neuroglancerViewer.showDefaultAnnotations.value = false")
    rows, columns = np.nonzero((app.pixels() == [255, 0, 128]).all(2))
    # 20 x 20 voxels, one pixel each.
    assert (len(rows), np.ptp(rows), np.ptp(columns)) == (400, 19, 19)
    app.page.get_by_text("Welcome to this example").wait_for()
    app.watch.check()


@pytest.mark.parametrize("runtime", ["pyodide", "pyodide-worker"])
def test_the_official_package_alone(open_app: Callable[[str, str], Any], runtime: str) -> None:
    app = open_app(runtime, "alone")
    app.page.wait_for_function("window.deep && python() !== null", timeout=90_000)
    assert app.page.evaluate("python()") == {
        "other": False,
        "changes": ["xy"],
        "shape": [4, 5, 6],
        "link": "3d",
    }
    app.watch.check()


def test_transactions_and_their_conflicts(lab: Any) -> None:
    lab.run(IMAGE)
    lab.drawn()
    result = lab.run("""
        seen = []
        viewer.shared_state.add_changed_callback(lambda: seen.append(viewer.state.layout.type))
        viewer.retry_txn(lambda s: setattr(s, "layout", "xz"))
        _, generation = viewer.shared_state.state_and_generation
        viewer.set_state({**viewer.state.to_json(), "layout": "yz"})
        try:
            viewer.shared_state.set_state(viewer.state, existing_generation=generation)
        except neuroglancer.trackable_state.ConcurrentModificationError:
            seen.append("conflict")
        try:
            viewer.state.layout = "3d"
        except AttributeError:
            seen.append("read-only")
        result = seen
    """)
    assert result == ["xz", "yz", "conflict", "read-only"]
    lab.until("v.state.toJSON().layout === 'yz'")


def test_what_the_user_does_arrives_in_the_state(lab: Any) -> None:
    lab.run(IMAGE)
    lab.drawn()
    lab.page.evaluate("viewer().neuroglancerViewer.navigationState.position.value = Float32Array.of(3, 4, 5)")
    lab.run("""
        import asyncio
        while list(viewer.state.position) != [3, 4, 5]:
            await asyncio.sleep(0.01)
    """)


def test_one_viewer_in_two_places(lab: Any) -> None:
    lab.run(IMAGE + "\n    show(viewer, viewer)")
    lab.page.wait_for_function("() => viewer(1)?.neuroglancerViewer")
    lab.run("with viewer.txn() as s: s.layout = 'xz'")
    for i in (0, 1):
        lab.page.wait_for_function("i => shown(i).layout === 'xz'", arg=i)
    lab.page.evaluate(
        "viewer(1).neuroglancerViewer.navigationState.position.value = Float32Array.of(3, 4, 5)"
    )
    lab.page.wait_for_function("() => shown(0).position?.join() === '3,4,5'")


def test_an_unsynchronized_viewer(lab: Any) -> None:
    lab.run(IMAGE.replace("Viewer()", "UnsynchronizedViewer()"))
    assert set(lab.voxels((32, 12)).flat) == {80}


def test_actions_and_key_bindings(lab: Any) -> None:
    lab.run(
        IMAGE
        + """
    heard = []
    viewer.actions.add("mark", lambda s: heard.append(np.floor(s.mouse_voxel_coordinates).tolist()))
    with viewer.config_state.txn() as s:
        s.input_event_bindings.viewer["keym"] = "mark"
    """
    )
    lab.drawn()
    box = lab.page.locator(".panel-neuroglancer-viewer").bounding_box()
    lab.page.mouse.click(box["x"] + 120 + 3, box["y"] + 110 + 3)  # keys act where the focus is
    lab.until("v.mouseState.active")
    lab.page.keyboard.press("m")
    lab.run("""
        import asyncio
        while not heard:
            await asyncio.sleep(0.01)
        result = heard
    """)
    assert lab.run("result = heard[0][:2]") == [16, 6]


def test_status_messages_come_and_go(lab: Any) -> None:
    lab.run(IMAGE + "\n    with viewer.config_state.txn() as s: s.status_messages['a'] = 'Grüße <b>&amp;'")
    lab.page.get_by_text("Grüße <b>&amp;").wait_for()
    lab.run("with viewer.config_state.txn() as s: s.status_messages.clear()")
    lab.page.get_by_text("Grüße").wait_for(state="detached")


def test_status_messages_stay_with_their_viewer(lab: Any) -> None:
    lab.run(IMAGE + "\n    other = neuroglancer.Viewer(); show(viewer, other)")
    viewers = lab.page.locator(".panel-neuroglancer-viewer")
    for name, i in (("viewer", 0), ("other", 1)):
        lab.run(f"with {name}.config_state.txn() as s: s.status_messages['a'] = 'of {name}'")
        viewers.nth(i).get_by_text(f"of {name}", exact=True).wait_for()
    for i in (1, 0):
        viewers.nth(i).click()
        assert [viewers.nth(n).locator(".messages li").all_inner_texts() for n in (0, 1)] == [
            ["of viewer"],
            ["of other"],
        ]


def test_screenshots(lab: Any) -> None:
    lab.run(IMAGE)
    lab.drawn()
    got = lab.run("""
        told = []
        reply = await png.screenshot(viewer, size=[200, 100], include_depth=True, statistics_callback=told.append)
        pixels = reply.screenshot.image_pixels
        result = [pixels.shape, pixels[50, 100].tolist(), reply.screenshot.depth_array.shape, viewer.config_state.state.viewer_size]
    """)
    assert got == [[100, 200, 4], [80, 80, 80, 255], [100, 200], None]


def test_what_blocks_waits_or_says_what_to_await(lab: Any) -> None:
    lab.run(IMAGE)
    lab.drawn()
    got = lab.run("""
        def attempt(call):
            try:
                return call()
            except RuntimeError as error:
                return str(error)
        result = [
            attempt(lambda: viewer.screenshot(size=[40, 30]).screenshot.width),
            attempt(lambda: viewer.volume_info("a").result().data_type),
        ]
        result.append((await viewer.volume_info("a")).data_type)
    """)
    if lab.runtime == "serve":
        assert "await panel_neuroglancer.screenshot(viewer)" in got[0]
        assert "await viewer.volume_info(...)" in got[1]
    else:  # this Chromium can put Python aside
        assert got[:2] == [40, "uint8"]
    assert got[2] == "uint8"


def test_a_viewer_that_no_page_shows(lab: Any) -> None:
    got = lab.run("""
        viewer = neuroglancer.viewer_base.ViewerBase()
        hidden = png.Neuroglancer(viewer)
        try:
            await png.screenshot(viewer, timeout=0.2)
        except TimeoutError as error:
            result = str(error)
    """)
    assert "No page has sent the picture" in got


def test_the_address(lab: Any) -> None:
    if lab.runtime == "serve":
        assert lab.run("result = neuroglancer.Viewer().get_viewer_url()").startswith("http://127.0.0.1")
        return
    got = lab.run("""
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.layers["a"] = neuroglancer.ImageLayer(source="precomputed://gs://bucket/volume")
        result = [repr(viewer), viewer._repr_html_(), neuroglancer.is_server_running()]
        with viewer.txn() as s:
            s.layers["b"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(np.zeros((2, 2, 2), "uint8")))
        result += [repr(viewer)]
        for call in (viewer.get_viewer_url, neuroglancer.server.get_server_url, neuroglancer.server.start,
                     lambda: neuroglancer.webdriver.Webdriver(), lambda: viewer.volume("a")):
            try:
                import neuroglancer.webdriver
                call()
            except Exception as error:
                result.append(f"{type(error).__name__}: {error}")
    """)
    assert got[0].startswith("https://neuroglancer-demo.appspot.com#!")
    assert got[1].startswith('<a href="https://neuroglancer-demo.appspot.com#!')
    assert got[2] is False
    assert "panel_neuroglancer.Neuroglancer(viewer)" in got[3]
    assert [text.partition(":")[0] for text in got[4:]] == [
        "NotInTheBrowserError", "ValueError", "NotInTheBrowserError", "NotInTheBrowserError", "NotInTheBrowserError",
    ]  # fmt: skip


def test_skeletons_with_attributes(lab: Any) -> None:
    lab.run("""
        class Skeletons(neuroglancer.skeleton.SkeletonSource):
            def __init__(self, dimensions):
                super().__init__(dimensions)
                self.vertex_attributes["affinity"] = neuroglancer.skeleton.VertexAttributeInfo(np.float32, 1)
            def get_skeleton(self, i):
                return neuroglancer.skeleton.Skeleton([[0, 6, 4], [32, 6, 4]], [[0, 1]], {"affinity": [0.5, 0.5]})
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.SegmentationLayer(source=Skeletons(s.dimensions), segments=[1],
                skeleton_shader="void main() { emitRGB(vec3(affinity, 1.0, 0.0)); }")
            s.layers[0].skeleton_rendering.mode3d = "lines_and_points"
            s.layers[0].skeleton_rendering.line_width3d = 10
            s.projection_background_color = "#000000"
            s.layout = "3d"
            s.position, s.projection_scale = [16, 6, 4], 64
            s.show_axis_lines = s.show_default_annotations = s.show_scale_bar = False
        show(viewer)
    """)
    image = lab.pixels()
    middle = image[image.shape[0] // 2, image.shape[1] // 2].astype(int)
    assert np.abs(middle - [128, 255, 0]).max() <= 2


@pytest.mark.parametrize("kind", ["mesh", "none"])
def test_a_subclass_with_its_own_meshes(lab: Any, kind: str) -> None:
    lab.watch.expect("404", "Failed to load")
    lab.run(f"""
        class Boxes(neuroglancer.LocalVolume):
            def get_object_mesh(self, i):
                asked.append(i)
                if {kind!r} == "none":
                    raise neuroglancer.local_volume.InvalidObjectIdForMesh()
                corners = np.array([[a, b, c] for a in (8, 24) for b in (2, 10) for c in (2, 6)], "<f4")
                faces = np.array([[0, 1, 3], [0, 3, 2], [4, 7, 5], [4, 6, 7], [0, 5, 1], [0, 4, 5],
                                  [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]], "<u4")
                return np.uint32(8).tobytes() + (corners * 1e-9).astype("<f4").tobytes() + faces.tobytes()
        asked = []
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.SegmentationLayer(
                source=Boxes(np.ones((32, 12, 8), "uint32"), s.dimensions), segments=[1], segment_colors={{1: "#ff0000"}})
            s.layout = "3d"
            s.show_slices = False
            s.position, s.projection_scale = [16, 6, 4], 64
            s.show_axis_lines = s.show_default_annotations = s.show_scale_bar = False
            s.projection_background_color = "#000000"
        show(viewer)
    """)
    if kind == "mesh":
        lab.page.wait_for_function("() => viewer() && brightness() > 0")
    lab.run("""
        import asyncio
        while not asked:
            await asyncio.sleep(0.01)
    """)
