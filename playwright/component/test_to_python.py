"""Viewer → Python: what the user does with mouse and keys arrives, once, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest

APP = "one"
# With Python on the page the same goes over a shorter way: test_page and test_viewers show that it arrives.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="module")


@pytest.fixture(autouse=True)
def start(app: Any) -> None:
    """Begin each test with the same state and all quiet."""
    if not hasattr(app, "first"):
        app.first = app.until("p.ready")["state"]
    app.page.mouse.move(5, 590)
    app.set(state=app.first, ui="none")
    app.messages()


def agree(app: Any) -> Any:
    """Wait until nothing is sent any more; Python and the viewer must have the same then. Return what Python has."""
    messages = app.messages()
    assert "command" not in messages, "Python sent back what it had heard"
    got = app.python
    assert got["state"] == app.state()
    return got


def test_dragging_moves(app: Any) -> None:
    app.drag(30, 24)
    got = agree(app)
    assert got["position"] == pytest.approx([16 - 30 / 6, 6 - 24 / 12, 4.5])
    assert got["z"] == 4.5


def test_the_wheel_goes_through_the_slices_and_the_widget_follows(app: Any) -> None:
    app.page.mouse.move(*app.at())
    app.page.mouse.wheel(0, 100)
    got = app.until("p.position[2] !== 4.5")
    assert got["z"] == got["position"][2] == app.state()["position"][2] == 3.5
    agree(app)


def test_the_wheel_with_control_zooms(app: Any) -> None:
    app.page.mouse.move(*app.at())
    app.page.keyboard.down("Control")
    app.page.mouse.wheel(0, 100)
    app.page.keyboard.up("Control")
    got = agree(app)
    assert got["cross_section_scale"] == got["scale"] == app.state()["crossSectionScale"] > 1 / 6


def test_keys(app: Any) -> None:
    app.page.mouse.click(*app.at())
    app.page.keyboard.press(".")
    app.until("p.position[2] === 5.5")
    app.page.keyboard.press(",")
    app.page.keyboard.press(",")
    app.until("p.position[2] === 3.5")
    app.page.keyboard.press("ArrowRight")
    app.until("p.position[0] === 17.5")
    app.page.keyboard.press("Space")
    got = app.until("p.layout !== 'xy'")
    assert got["layout"] == app.state()["layout"] == "4panel-alt"
    agree(app)


def test_the_3d_view_turns_and_zooms(app: Any) -> None:
    app.set(layout="3d")
    app.messages()
    app.drag(40, 10)
    got = agree(app)
    assert got["projection_orientation"] == pytest.approx(app.state()["projectionOrientation"])
    assert got["projection_orientation"] != [0, 0, 0, 1]
    app.page.keyboard.down("Control")
    app.page.mouse.wheel(0, 100)
    app.page.keyboard.up("Control")
    app.until("p.projection_scale !== 64")
    got = agree(app)
    assert got["projection_scale"] == app.state()["projectionScale"] > 64


def test_a_double_click_selects_and_unselects(app: Any) -> None:
    x, y = app.at(120 + (15.5 - 16) * 6, 110)
    app.page.mouse.move(x, y)
    app.until("p.hover.values.cells === 2")
    app.page.mouse.dblclick(x, y)
    got = app.until("p.selected_segments.cells.length === 2")
    assert sorted(got["selected_segments"]["cells"]) == [1, 2]
    agree(app)
    app.page.mouse.dblclick(x, y)
    app.until("p.selected_segments.cells.length === 1 && p.selected_segments.cells[0] === 1")
    agree(app)


def test_layout_buttons(app: Any) -> None:
    app.set(ui="full")
    app.messages()
    app.page.mouse.move(*app.at())
    app.page.get_by_title("Switch to 4panel-alt layout.").click()
    got = app.until("p.layout === '4panel-alt'")
    assert got["choice"] == app.state()["layout"] == "4panel-alt"
    agree(app)


def test_the_layer_list_hides_a_layer(app: Any) -> None:
    app.set(ui="full")
    app.messages()
    app.page.locator(".neuroglancer-layer-item-label", has_text="image").click()
    app.until("p.state.layers[0].visible === false")
    agree(app)


def test_hover_says_where_and_what(app: Any) -> None:
    app.page.mouse.move(*app.at(120 + (5.5 - 16) * 6, 116))
    got = app.until("p.hover.values.cells === 1")
    assert [int(v) for v in got["hover"]["position"]] == [5, 6, 4]
    assert set(app.messages()) == {"hover"}, "looking changes nothing"


def test_ready_goes_and_comes(app: Any) -> None:
    before = app.python["events"]["ready"]
    app.set(position=[3, 3, 7.5])
    after = app.python["events"]["ready"]
    assert after >= before + 2, "was ready all the time"


def test_a_missing_source_is_an_error_with_a_fix(app: Any) -> None:
    image = app.first["layers"][0]
    app.watch.expect("404")
    app.order(
        params={
            "state": {
                **app.first,
                "layers": [
                    {**image, "name": "gone", "source": image["source"].replace("/image", "/nothing")}
                ],
            }
        }
    )
    got = app.until("p.errors.length")
    assert [(e["kind"], e["layer"]) for e in got["errors"]] == [("not-found", "gone")]
    assert "nothing" in got["errors"][0]["message"]
    assert got["errors"][0]["fix"]
    alert = app.page.get_by_role("alert").filter(has_text=got["errors"][0]["fix"])
    alert.wait_for(state="visible")
    app.set(state=app.first)
    app.until("!p.errors.length")
    alert.wait_for(state="hidden")


def test_an_unreachable_host_is_an_error_with_a_fix(app: Any) -> None:
    image = app.first["layers"][0]
    app.watch.expect("ERR_CONNECTION_REFUSED", "net::")
    app.order(
        params={
            "state": {
                **app.first,
                "layers": [{**image, "name": "gone", "source": "precomputed://http://127.0.0.1:9/image"}],
            }
        }
    )
    got = app.until("p.errors.length")
    assert got["errors"][0]["kind"] == "unknown-host"


def test_a_long_drag_ends_with_both_sides_equal(app: Any) -> None:
    app.drag(60, 48, steps=100)
    got = agree(app)
    assert got["position"] == pytest.approx([16 - 60 / 6, 6 - 48 / 12, 4.5], abs=1e-4)


def test_a_drag_while_python_changes_something_else_keeps_both(app: Any) -> None:
    x, y = app.at()
    app.page.mouse.move(x, y)
    app.page.mouse.down()
    app.page.mouse.move(x + 12, y + 12, steps=4)
    app.order(params={"selected_segments": {"cells": [2]}})
    app.page.mouse.move(x + 30, y + 24, steps=10)
    app.order(params={"selected_segments": {"cells": [2, 3]}})
    app.page.mouse.move(x + 42, y + 36, steps=10)
    app.page.mouse.up()
    got = app.settle()
    assert got["position"] == pytest.approx([16 - 42 / 6, 6 - 36 / 12, 4.5], abs=1e-4)
    assert got["selected_segments"] == {"cells": [2, 3]}
    assert got["state"] == app.state()


def test_python_may_answer_what_the_user_does(app: Any) -> None:
    """The slider's watcher sets the position, the position's the slider: no circle, and the last turn of the wheel counts."""
    app.page.mouse.move(*app.at())
    for _ in range(30):
        app.page.mouse.wheel(0, 100)
        app.page.mouse.wheel(0, -100)
    app.page.mouse.wheel(0, -100)
    got = app.settle()
    assert got["position"][2] == got["z"] == app.state()["position"][2] == 5.5
    assert "command" not in app.messages()


def test_a_command_that_is_lost_is_sent_again_once_the_page_is_heard_of(app: Any) -> None:
    """Panel drops what Python sends while a page loads; here the next command is taken out of what arrives."""
    app.page.evaluate("""() => {
      const doc = Bokeh.documents[0];
      const apply = doc.apply_json_patch;
      window.lost = 0;
      doc.apply_json_patch = function (patch, ...rest) {
        const events = patch.events.filter((event) => event.attr !== "command");
        if (events.length < patch.events.length) {
          lost += 1;
          delete doc.apply_json_patch;
        }
        return apply.call(this, { ...patch, events }, ...rest);
      };
    }""")
    app.order(params={"position": [10, 3, 2.5]})
    app.page.wait_for_function("lost === 1")
    assert app.state()["position"] == [16, 6, 4.5]
    app.page.mouse.move(*app.at())
    app.page.keyboard.down("Control")
    app.page.mouse.wheel(0, 100)
    app.page.keyboard.up("Control")
    app.wait("Math.abs(v.state.toJSON().position[0] - 10) < 1")
    got = app.until("p.ready && Math.abs(p.position[0] - 10) < 1")
    assert app.settle()["state"] == app.state()
    assert got["cross_section_scale"] > 1 / 6
