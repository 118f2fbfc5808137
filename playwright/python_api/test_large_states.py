"""Large states: what is changed in one place is the same everywhere, and so is all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

SEGMENTS = 50_000
ANNOTATIONS = 20_000
# With Python on the page the same goes over a shorter way: test_page and test_viewers show that it arrives.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="session")

SEGMENTATION = f"""
    import asyncio
    cells = np.ones((32, 12, 8), "uint32")
    cells[16:] = 2
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.SegmentationLayer(
            source=neuroglancer.LocalVolume(cells, s.dimensions), segments=[1, *range(1000, 999 + {SEGMENTS})],
            segment_colors={{1: "#ff0000", 2: "#ff0000"}}, selected_alpha=1, not_selected_alpha=0, saturation=1)
        plain(s)
    shown, = show(viewer)
"""
ANNOTATION = f"""
    import asyncio
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.LocalAnnotationLayer(s.dimensions, annotation_color="#ff0000", annotations=[
            neuroglancer.PointAnnotation(id=f"p{{i}}", point=[i % 100, i // 100 + 0.5, 1000]) for i in range({ANNOTATIONS})])
        plain(s)
    shown, = show(viewer)
"""
# What the page has, as the engine writes it and as neuroglancer itself would.
LISTS = """() => {
  const { layer } = viewer().neuroglancerViewer.layerManager.getLayerByName("a");
  const own = layer.localAnnotations ?? layer.displayState.segmentationGroupState.value;
  const list = (json) => JSON.stringify(json.segments ?? json.map(({ id, point }) => [id, ...point]));
  return [list(own.toJSON()), list(Object.getPrototypeOf(own).toJSON.call(own))];
}"""
# Loses the commands of Python's until told otherwise.
DEAF = """() => {
  const { prototype } = Bokeh.require("document").Document;
  const apply = prototype.apply_json_patch;
  prototype.apply_json_patch = function (patch, ...rest) {
    return apply.call(this, { ...patch, events: patch.events.filter((event) => event.attr !== "command") }, ...rest);
  };
  window.hear = () => { prototype.apply_json_patch = apply; };
}"""
GROUP = "v.layerManager.getLayerByName('a').layer.displayState.segmentationGroupState.value"


@pytest.fixture
def patient(lab: Any) -> Iterator[Any]:
    """The lab, with time for the official package's own work on large states."""
    lab.page.set_default_timeout(180_000)
    yield lab
    lab.page.set_default_timeout(20_000)


def check(lab: Any, python: str) -> None:
    """Check that the page, neuroglancer and Python, whose list a program makes, have the same."""
    ours, theirs = lab.page.evaluate(LISTS)
    assert ours == theirs
    assert ours == lab.run(f"import json\nresult = json.dumps({python}, separators=(',', ':'))")


def segments(lab: Any) -> None:
    check(lab, "shown.state['layers'][0]['segments']")
    check(lab, "viewer.state.layers['a'].starred_segments.to_json()")


def annotations(lab: Any) -> None:
    check(
        lab,
        "[[a['id'], *map(lambda x: int(x) if x == int(x) else x, a['point'])] for a in shown.state['layers'][0]['annotations']]",
    )


def red(lab: Any) -> list[bool]:
    """Whether the left and the right half of the plane are red."""
    plane = lab.voxels((32, 12))
    assert set(plane[:16].flat) | set(plane[16:].flat) <= {0, 255}
    return [bool((half == 255).all()) for half in (plane[:16], plane[16:])]


def test_one_segment_of_many(patient: Any) -> None:
    lab = patient
    lab.run(SEGMENTATION)
    assert red(lab) == [True, False]
    segments(lab)
    lab.run("shown.selected_segments = {'a': [*shown.selected_segments['a'], 2]}")
    lab.until(f"{GROUP}.visibleSegments.has(2n)")
    assert red(lab) == [True, True]
    lab.run("with viewer.txn() as s: s.layers['a'].segments.discard(1)")
    lab.until(f"!{GROUP}.visibleSegments.has(1n)")
    assert red(lab) == [False, True]
    segments(lab)
    # The user takes one away and puts the other there.
    lab.page.evaluate(
        f"() => {{ const v = viewer().neuroglancerViewer; {GROUP}.visibleSegments.add(1n); {GROUP}.selectedSegments.delete(2n); }}"
    )
    lab.run("""
        while 1 not in shown.selected_segments["a"] or 2 in shown.selected_segments["a"]:
            await asyncio.sleep(0.01)
    """)
    assert red(lab) == [True, False]
    segments(lab)
    # Hidden, but still listed.
    lab.page.evaluate(
        f"() => {{ const v = viewer().neuroglancerViewer; {GROUP}.visibleSegments.delete(1000n); }}"
    )
    lab.run("""
        while 1000 in shown.selected_segments["a"]:
            await asyncio.sleep(0.01)
    """)
    segments(lab)


def test_one_annotation_of_many(patient: Any) -> None:
    lab = patient
    lab.run(ANNOTATION)
    source = "v.layerManager.getLayerByName('a')?.layer?.localAnnotations"
    lab.until(f"{source}?.annotationMap.size === x", ANNOTATIONS)
    assert not (lab.pixels() == [255, 0, 0]).all(2).any()
    lab.run("before = shown.state")
    annotations(lab)
    kept = lab.page.evaluate_handle(f"() => {{ const v = viewer().neuroglancerViewer; return {source}; }}")
    lab.run("""
        with viewer.txn() as s:
            s.layers["a"].annotations.append(neuroglancer.PointAnnotation(id="new", point=[16, 6, 4.5]))
    """)
    lab.until(f"{source}.get('new')")
    assert (lab.pixels() == [255, 0, 0]).all(2).sum() > 4
    annotations(lab)
    lab.page.evaluate(f"""() => {{
      const v = viewer().neuroglancerViewer, source = {source};
      source.delete(source.getReference("p7"));
      source.update(source.getReference("new"), {{ ...source.get("new"), point: Float32Array.of(2, 3, 1000) }});
      source.add({{ type: 0, id: "user", point: Float32Array.of(1, 2, 3), properties: [], relatedSegments: [[]] }});
    }}""")
    lab.run("""
        while shown.state["layers"][0]["annotations"][-1]["id"] != "user":
            await asyncio.sleep(0.01)
    """)
    assert not (lab.pixels() == [255, 0, 0]).all(2).any()
    annotations(lab)
    lab.run("shown.state = before")
    lab.until(f"{source}.annotationMap.size === x && {source}.get('p7')", ANNOTATIONS)
    annotations(lab)
    # All along it was the same source: nothing was loaded anew.
    assert lab.page.evaluate(
        f"kept => {{ const v = viewer().neuroglancerViewer; return {source} === kept; }}", kept
    )


def test_commands_that_are_lost_do_no_harm(lab: Any) -> None:
    lab.run(SEGMENTATION.replace(str(999 + SEGMENTS), "1050"))
    assert red(lab) == [True, False]
    lab.page.evaluate(DEAF)
    lab.run("shown.selected_segments = {'a': [2]}")
    lab.page.evaluate("hear()")
    lab.run("shown.cross_section_scale = 1 / 5")
    lab.until(f"{GROUP}.visibleSegments.has(2n) && !{GROUP}.visibleSegments.has(1n)")
    segments(lab)
    # The last one of all, with nothing after it: what the user does next shows that it is missing.
    lab.page.evaluate(DEAF)
    lab.run("shown.selected_segments = {'a': [1]}")
    lab.page.evaluate("hear()")
    lab.page.evaluate("messages.length = 0; listen()")
    for reports in (1, 2):
        lab.page.evaluate(
            f"viewer().neuroglancerViewer.navigationState.position.value = Float32Array.of({reports}, 4, 5)"
        )
        lab.page.wait_for_function(
            "n => messages.filter((name) => name === 'report').length >= n", arg=reports
        )
    lab.until(f"{GROUP}.visibleSegments.has(1n) && !{GROUP}.visibleSegments.has(2n)")
    segments(lab)
