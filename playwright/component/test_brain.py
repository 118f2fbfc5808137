"""The demo: each widget changes the picture, and each change in the picture reaches Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

APP = "brain"
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="module")

# The demo writes nothing for tests: what Python knows is read off its widgets and its plot.
PYTHON = """
window.python = () => {
  const models = [...(window.Bokeh?.documents?.[0]?.all_models ?? [])];
  const find = (name) => models.find((m) => (m.label ?? m.title) === name);
  const [axial, opacity] = [find("Axial slice, z in mm"), find("Tissue opacity on slices")];
  if (!axial || !opacity) return null;
  const source = models.find((m) => m.data?.intensity);
  const data = source && Object.fromEntries(["1", "2", "3"].map((k) => [k, Array.from(source.data[k])]));
  const view = models.find((m) => m.data?.command);
  return { z: axial.value, opacity: opacity.value, ready: view?.data.ready, counts: data,
    readout: deep("dl").map((e) => e.parentNode.textContent).join(" "),
    shown: models.find((m) => m.labels?.includes("Grey matter")).active };
};
"""


@pytest.fixture(autouse=True)
def start(app: Any) -> None:
    app.page.evaluate(PYTHON)
    app.until("p && p.ready && p.counts && p.counts['1'].some(Boolean)")
    app.page.mouse.move(2, 2)


def changed(app: Any, before: np.ndarray) -> bool:
    """Tell whether a good part of the picture is another."""
    after = app.picture()
    return bool(
        after.shape == before.shape and (np.abs(after.astype(int) - before).max(-1) > 8).mean() > 0.005
    )


def slider(app: Any, i: int) -> Any:
    return app.page.locator(".noUi-handle").nth(i)


def test_the_axial_slider_moves_the_slice_and_the_histogram(app: Any) -> None:
    before, first = app.picture(), app.python
    slider(app, 0).press("PageUp")
    got = app.until("p.z > x.z && p.ready && JSON.stringify(p.counts) !== JSON.stringify(x.counts)", first)
    app.wait("Math.round(v.state.toJSON().position[2]) === x", got["z"])
    app.until("p.ready")
    app.settle()
    assert changed(app, before)


def test_the_wheel_moves_the_slider_and_the_histogram(app: Any) -> None:
    first = app.python
    # The axial slice is one of four panels: the one in which the wheel changes z.
    app.page.mouse.move(*app.at(0.75, 0.25))
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        z = app.state()["position"][2]
        app.page.mouse.move(*app.at(x, y))
        app.page.mouse.wheel(0, -100)
        app.settle()
        if app.state()["position"][2] != z:
            break
    else:
        raise AssertionError("The wheel moves no slice along z")
    got = app.until("p.z !== x.z && JSON.stringify(p.counts) !== JSON.stringify(x.counts)", first)
    assert got["z"] == round(app.state()["position"][2])


def test_opacity_goes_both_ways(app: Any) -> None:
    before = app.picture()
    slider(app, 1).press("End")
    app.until("p.opacity === 1")
    app.wait("v.state.toJSON().layers[1].selectedAlpha === 1")
    app.settle()
    assert changed(app, before)
    # As the layer's own slider in the side panel does.
    app.run("v.layerManager.managedLayers[1].layer.displayState.selectedAlpha.value = 0.25, 1")
    app.until("p.opacity === 0.25")


def test_tissues_go_both_ways(app: Any) -> None:
    before = app.picture()
    box = app.page.get_by_label("Grey matter")
    first = box.is_checked()
    box.click()
    app.wait(
        "[...v.layerManager.managedLayers[1].layer.displayState.segmentationGroupState.value.visibleSegments].map(String).includes('1') === x",
        not first,
    )
    app.until("p.ready")
    app.settle()
    assert changed(app, before)
    app.run(
        "v.layerManager.managedLayers[1].layer.displayState.segmentationGroupState.value.visibleSegments.set(1n, x), 1",
        first,
    )
    app.until("p.shown.includes(0) === x", first)


def test_the_readout_follows_the_mouse(app: Any) -> None:
    seen = set()
    for x, y in ((0.2, 0.2), (0.22, 0.27), (0.7, 0.25), (0.25, 0.7)):
        app.page.mouse.move(*app.at(x, y))
        app.settle()
        seen.add(app.python["readout"])
    assert len(seen) >= 3
    assert any("matter" in text or "Fluid" in text for text in seen)
    app.page.mouse.move(2, 2)
    app.until("p.readout.includes('Point at a slice')")
