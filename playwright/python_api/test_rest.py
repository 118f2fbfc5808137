"""The rest of the official API: what a state and a configuration can hold, credentials, tools, files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

RED, GREEN = [255, 0, 0], [0, 255, 0]
# With Python on the page a part of the tests is enough.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="session")
LABELS = """
    data = np.ones((32, 12, 8), "uint32")
    data[10:20], data[20:] = 2, 3
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.SegmentationLayer(
            source=neuroglancer.LocalVolume(data, s.dimensions), selected_alpha=1, not_selected_alpha=0, saturation=1)
        plain(s)
    show(viewer)
"""


def test_colours_and_equivalences(lab: Any) -> None:
    lab.run(
        LABELS
        + """
    with viewer.txn() as s:
        layer = s.layers["a"]
        layer.segments = [1, 3]
        layer.segment_colors = {1: "#ff0000", 3: "#00ff00"}
        layer.equivalences.union(1, 2)
    """
    )
    lab.until("v.state.toJSON().layers[0].segmentColors?.[3] === '#00ff00'")
    image = lab.pixels()
    x = image.shape[1] // 2 + (np.array([5, 15, 25]) - 16) * 6
    assert image[image.shape[0] // 2, x].tolist() == [RED, RED, GREEN]
    lab.run("""
        import asyncio
        while viewer.state.layers["a"].segments != {1, 3}:
            await asyncio.sleep(0.01)
        layer = viewer.state.layers["a"]
        assert layer.equivalences.to_json() == [[1, 2]], layer.equivalences.to_json()
        assert neuroglancer.EquivalenceMap([[4, 5], [5, 6]])[6] == 4
        assert neuroglancer.segment_colors.hex_string_from_segment_id(0, 5).startswith("#")
    """)


def test_a_state_of_all_sorts_comes_back_as_it_was(lab: Any) -> None:
    lab.run(
        LABELS
        + """
    with viewer.txn() as s:
        s.layers["marks"] = neuroglancer.LocalAnnotationLayer(
            s.dimensions,
            annotations=[
                neuroglancer.PointAnnotation(id="p", point=[1, 2, 3], description="Grüße"),
                neuroglancer.LineAnnotation(id="l", point_a=[1, 2, 3], point_b=[4, 5, 6]),
                neuroglancer.AxisAlignedBoundingBoxAnnotation(id="b", point_a=[1, 2, 3], point_b=[4, 5, 6]),
                neuroglancer.EllipsoidAnnotation(id="e", center=[1, 2, 3], radii=[4, 5, 6]),
                neuroglancer.PolyLineAnnotation(id="w", points=[[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
            ],
            tool=neuroglancer.PlacePolylineTool(),
        )
        s.layers["a"].tool_bindings = {
            "S": neuroglancer.SelectSegmentsTool(), "M": neuroglancer.MergeSegmentsTool(),
            "A": neuroglancer.SelectedAlphaTool(), "B": neuroglancer.MeshSilhouetteRenderingTool(),
        }
        s.layers["a"].panels = [neuroglancer.LayerSidePanelState(side="left", row=1, tab="rendering")]
        s.selected_layer.layer, s.selected_layer.visible = "marks", True
        s.layer_list_panel.visible = True
        s.layout = neuroglancer.row_layout([
            neuroglancer.column_layout([
                neuroglancer.LayerGroupViewer(layers=["a"], layout="xz"),
                neuroglancer.LayerGroupViewer(
                    layers=["a", "marks"], layout="3d",
                    position=neuroglancer.LinkedPosition(link="relative", value=[1, 0, 0]),
                    projection_scale=neuroglancer.LinkedZoomFactor(link="unlinked", value=40)),
            ]),
            neuroglancer.LayerGroupViewer(layers=["marks"], layout=neuroglancer.DataPanelLayout(
                "4panel", orthographic_projection=True, cross_sections={"c": neuroglancer.CrossSection(width=90)})),
        ])
    sent = viewer.state.to_json()
    """
    )
    lab.until("Object.keys(v.state.toJSON().layout ?? {}).includes('children') && v.isReady()")
    lab.page.evaluate("viewer().neuroglancerViewer.showAxisLines.value = true")
    back = lab.run("""
        import asyncio
        while not viewer.state.show_axis_lines:
            await asyncio.sleep(0.01)
        back = {**viewer.state.to_json(), "showAxisLines": False}
        assert neuroglancer.parse_url(neuroglancer.to_url(viewer.state)) == viewer.state
        result = {k: [sent[k], back.get(k)] for k in sent if k != "layers" and sent[k] != back.get(k)}
        cells, marks = back["layers"]
        assert marks["annotations"] == sent["layers"][1]["annotations"], marks
        assert marks["tool"] == "annotatePolyline", marks
        assert len(cells["panels"]) == 1 and set(cells["toolBindings"]) == set("SMAB"), cells
        # neuroglancer writes what are defaults to it no more, and short what can be.
        assert viewer.state.layers["a"].tool_bindings["M"].to_json() in ("mergeSegments", {"type": "mergeSegments"})
    """)
    assert back == {}


def test_keys_for_dimensions_that_only_data_brings_are_bound(lab: Any) -> None:
    lab.run("""
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(
                np.ones((8, 8, 8, 3), "uint8"), neuroglancer.CoordinateSpace(
                    names=["x", "y", "z", "t"], units=["nm", "nm", "nm", "s"], scales=[1, 1, 1, 1])))
            s.tool_bindings["N"] = neuroglancer.DimensionTool(dimension="nowhere")
            s.tool_bindings["T"] = neuroglancer.DimensionTool(dimension="t")
            s.tool_bindings["X"] = neuroglancer.DimensionTool(dimension="x")
            plain(s)
        sent = viewer.state.to_json()["toolBindings"]
        show(viewer)
    """)
    lab.until("[...v.toolBinder.bindings.keys()].sort().join('') === 'TX' && v.isReady()")
    lab.page.evaluate("viewer().neuroglancerViewer.showAxisLines.value = true")
    lab.run("""
        import asyncio
        while not viewer.state.show_axis_lines:
            await asyncio.sleep(0.01)
        assert viewer.state.to_json()["toolBindings"] == sent, viewer.state.to_json()
    """)
    lab.run("""
        with viewer.txn() as s:
            del s.tool_bindings["T"], s.tool_bindings["N"]
    """)
    lab.until("Object.keys(v.state.toJSON().toolBindings).join('') === 'X'")


def test_the_configuration_reaches_the_page(lab: Any) -> None:
    lab.run(LABELS)
    lab.drawn()
    lab.run("""
        with viewer.config_state.txn() as c:
            c.viewer_size = [320, 200]
            c.show_location = c.show_layer_panel = c.show_ui_controls = False
            c.scale_bar_options = neuroglancer.ScaleBarOptions(scale_factor=3)
            c.prefetch = [neuroglancer.PrefetchState(state=viewer.state, priority=5)]
    """)
    lab.until("v.display.canvas.width === 320 && v.display.canvas.height === 200")
    lab.until("!v.uiConfiguration.showLocation.value && !v.uiConfiguration.showLayerPanel.value")
    lab.until("v.scaleBarOptions.value.scaleFactor === 3")
    lab.run(
        "with viewer.config_state.txn() as c: c.viewer_size, c.show_location, c.prefetch = None, True, []"
    )
    lab.until("v.display.canvas.width === 240 && v.uiConfiguration.showLocation.value")


def test_credentials_are_asked_of_python(lab: Any) -> None:
    lab.run(
        LABELS
        + """
    from neuroglancer import credentials_provider, default_credentials_manager, futures
    class Counting(credentials_provider.CredentialsProvider):
        asked = 0
        def get_new(self):
            self.asked += 1
            return futures.run_on_new_thread(lambda: {"tokenType": "Bearer", "accessToken": f"token {self.asked}"})
    counting = Counting()
    default_credentials_manager.default_credentials_manager.register("middleauth", lambda parameters: counting)
    neuroglancer.set_boss_token("secret")
    """
    )
    lab.drawn()
    got = lab.page.evaluate("""async () => {
        const { credentialsManager } = viewer().neuroglancerViewer.dataSourceProvider.sharedKvStoreContext;
        const provider = (key) => credentialsManager.getCredentialsProvider(key, { dvidServer: "https://dvid.example" });
        const first = await provider("middleauth").get();
        const again = await provider("middleauth").get();
        const renewed = await provider("middleauth").get(first);
        const anonymous = await provider("gcs").get();
        const refused = await provider("DVID").get().catch((error) => error.message);
        const boss = await provider("boss").get();
        return [first, again, renewed, anonymous, boss].map((c) => c.credentials.accessToken).concat(refused);
    }""")
    assert got[:5] == ["token 1", "token 1", "token 2", "", "secret"]
    assert "Python has no credentials for 'DVID'" in got[5]
    assert "register('DVID'" in got[5]


def test_pictures_go_to_files(lab: Any) -> None:
    lab.run(LABELS)
    lab.drawn()
    got = lab.run("""
        import asyncio, argparse, tempfile
        from pathlib import Path
        folder = tempfile.mkdtemp()
        saver = neuroglancer.ScreenshotSaver(viewer, folder)
        told = []
        def capture():
            return saver.capture(), viewer.screenshot(size=[64, 48], statistics_callback=told.append).screenshot.width
        captured, width = capture() if sys.platform == "emscripten" else await asyncio.to_thread(capture)
        result = [width, [path.read_bytes()[:4].hex() for path in Path(folder).iterdir()]]
    """)
    assert got == [64, ["89504e47"]]


def test_annotations_are_written(lab: Any) -> None:
    got = lab.run("""
        import json, tempfile
        from pathlib import Path
        import neuroglancer.write_annotations
        folder = Path(tempfile.mkdtemp())
        writer = neuroglancer.write_annotations.AnnotationWriter(
            space(), annotation_type="line", relationships=["cell"],
            properties=[neuroglancer.AnnotationPropertySpec(id="size", type="float32")])
        writer.add_line([1, 2, 3], [4, 5, 6], id=7, size=5, cell=[3])
        writer.write(folder / "lines")
        result = [json.loads((folder / "lines" / "info").read_text())["annotation_type"], sorted(p.name for p in (folder / "lines").iterdir())]
        try:
            import neuroglancer.read_precomputed_annotations as reading
            reader = reading.AnnotationReader((folder / "lines").as_uri())
            result.append(reader.by_id[7].to_json()["pointB"])
        except RuntimeError as error:
            result.append(str(error))
    """)
    assert got[:2] == ["line", ["by_id", "info", "rel_cell", "spatial0"]]
    assert got[2] == [4, 5, 6] if lab.runtime == "serve" else "tensorstore" in got[2]


def test_the_tools_import_or_say_why_not(lab: Any) -> None:
    got = lab.run("""
        import importlib
        result = {}
        for name in ("agglomeration_split_tool", "cube", "filter_bodies", "mask_tool", "merge_tool", "save_meshes", "screenshot", "video_tool"):
            try:
                if sys.platform == "emscripten":
                    import pyodide_js
                    await pyodide_js.loadPackage("sqlite3")
                importlib.import_module(f"neuroglancer.tool.{name}")
                result[name] = ""
            except (ImportError, RuntimeError, SystemExit) as error:
                result[name] = f"{type(error).__name__}: {error}"
    """)
    # These need packages that are not loaded, and that only they need.
    missing = {"save_meshes": "SystemExit"}
    if lab.runtime != "serve":
        missing["video_tool"] = "ModuleNotFoundError"
    assert {name: said.partition(":")[0] for name, said in got.items() if said} == missing, got
