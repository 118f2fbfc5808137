"""Viewers as parts of a page: several of them, tabs, reload, and windows of any width."""

from __future__ import annotations

import re
from typing import Any

import pytest

NO_SCROLL = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def near(axis: int, value: float) -> str:
    """Return the condition that a viewer ``v`` is there, but for a drag's rounding."""
    return f"Math.abs(v.position[{axis}] - {value}) < 1e-3"


def test_several_viewers(desk: Any, runtime: str, known: Any) -> None:
    app = desk.open(runtime, "two")
    app.page.wait_for_function("[0, 1, 2].every((i) => viewer(i)?.neuroglancerViewer)")
    app.until("p.every((v) => v.ready)")
    # The engine came once, whatever the number of viewers.
    engine = [url for url in app.watch.requests if "/engine-" in url]
    assert len(set(engine)) == 1
    assert (
        app.page.evaluate(
            "performance.getEntriesByType('resource').filter((e) => e.name.includes('/engine-') && e.transferSize).length"
        )
        <= 1
    )
    voxels = known.voxels()
    third = app.picture(i=2)
    app.drag(30, 18, i=0)
    got = app.until(f"p.slice(0, 2).every((v) => {near(0, 11)} && {near(1, 4.5)}) && p.every((v) => v.ready)")
    assert got[0]["position"] == got[1]["position"]
    app.wait("Math.abs(v.state.toJSON().position[0] - 11) < 1e-3", i=1)
    assert [v["layout"] for v in got] == ["xy", "xz", "xy"]
    assert app.picture(i=0)[76, 101, 0] == voxels[11, 4, 4]
    assert app.picture(i=1)[75, 101, 0] == voxels[11, 4, 4]
    # The other way, with the wheel: in the xz view it goes through y.
    app.page.mouse.move(*app.at(i=1))
    app.page.mouse.wheel(0, -100)
    app.until(f"p.slice(0, 2).every((v) => {near(1, 3.5)})")
    app.wait("Math.abs(v.state.toJSON().position[1] - 3.5) < 1e-3", i=0)
    # The third went its own way.
    assert got[2]["position"] == [16, 6, 4.5]
    assert (app.picture(i=2) == third).all()
    # On a narrow and a wide window nothing scrolls sideways, and what is stretched follows.
    widths = []
    for width in (400, 1600):
        app.page.set_viewport_size({"width": width, "height": 500})
        app.page.wait_for_function(
            "w => { const box = viewer(2).getBoundingClientRect(); return box.right <= w && box.width > w - 60; }",
            arg=width,
        )
        app.wait("Math.abs(v.display.canvas.width - x) < 60", width, i=2)
        assert app.page.evaluate(NO_SCROLL)
        widths.append(app.picture(i=2).shape[1])
    assert widths[1] - widths[0] == 1200
    # Sizes that are given are kept.
    assert [app.box(i).bounding_box()["width"] for i in (0, 1)] == [200, 200]
    assert [app.box(i).bounding_box()["height"] for i in (0, 1)] == [150, 150]


def test_reload_starts_again(desk: Any, runtime: str, known: Any) -> None:
    app = desk.open(runtime, "gui", viewport={"width": 400, "height": 500})
    assert app.page.evaluate(NO_SCROLL)
    for _ in range(2):
        app.page.get_by_role("button", name="Demo").click()
        app.until("p.ready && p.position && p.position[0] === 16")
        picture = app.picture()
        assert picture[picture.shape[0] // 2 + 1, picture.shape[1] // 2 + 1, 0] == known.voxels()[16, 6, 4]
        if not _:
            app.open()
            assert app.until("p.ready")["position"] is None
    app.page.set_viewport_size({"width": 1600, "height": 500})
    app.wait("v.display.canvas.width > 1500")
    assert app.page.evaluate(NO_SCROLL)


def test_two_tabs_share_one_viewer(desk: Any) -> None:
    """A viewer made outside of any session: what happens in one tab happens in the other, and no tab answers the other's echo."""
    one = desk.open("serve", "shared")
    two = desk.tab(type(one)(one.page.context.new_page(), one.watch, one.url))
    for tab in (one, two):
        tab.until("p.ready")
    one.page.bring_to_front()
    one.drag(30, 24)
    one.until("Math.abs(p.position[0] - 11) < 1e-3")
    two.page.bring_to_front()
    two.wait("Math.abs(v.state.toJSON().position[0] - 11) < 1e-3")
    two.until("Math.abs(p.position[0] - 11) < 1e-3")
    two.drag(-30, -24)
    two.until("Math.abs(p.position[0] - 16) < 1e-3")
    one.page.bring_to_front()
    one.wait("Math.abs(v.state.toJSON().position[0] - 16) < 1e-3")
    for tab in (one, two):
        tab.page.bring_to_front()
        tab.settle()
    assert one.state() == two.state() == one.python["state"] == two.python["state"]
    # A tab that comes later shows what is shown now, and one that goes takes nothing along.
    one.page.bring_to_front()
    one.drag(6, 0)
    one.until("Math.abs(p.position[0] - 15) < 1e-3")
    two.page.bring_to_front()
    two.open()
    assert two.until("p.ready")["position"][0] == pytest.approx(15, abs=1e-3)
    assert two.state()["position"][0] == pytest.approx(15, abs=1e-3)
    one.page.close()
    two.drag(6, 0)
    two.until("Math.abs(p.position[0] - 14) < 1e-3")


def test_a_tab_that_loads_while_another_is_used_shows_what_came_of_it(desk: Any) -> None:
    one = desk.open("serve", "shared")
    one.until("p.ready")
    for _ in range(4):
        two = type(one)(one.page.context.new_page(), one.watch, one.url)
        two.page.set_default_timeout(20_000)
        two.page.goto(two.url, wait_until="commit")
        one.page.bring_to_front()
        was = one.state()["position"][0]
        one.drag(30 if was > 12 else -30, 0)
        one.settle()
        shown = one.state()["position"][0]
        assert abs(shown - was) == pytest.approx(5, abs=1e-3)
        two.page.bring_to_front()
        two.page.wait_for_function("started()")
        two.wait("Math.abs((v.state.toJSON().position ?? [99])[0] - x) < 1e-3", shown)
        for tab in (one, two):
            tab.until("Math.abs(p.position[0] - x) < 1e-3", shown)
        two.page.close()


@pytest.mark.parametrize("theme", ["default", "dark"])
def test_themes(desk: Any, theme: str) -> None:
    app = desk.open("serve", f"shared?theme={theme}")
    app.until("p.ready")
    background = app.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    *colour, opacity = [*map(float, re.findall(r"[\d.]+", background)), 1][:4]
    assert (opacity == 1 and sum(colour) < 200) == (theme == "dark")
    # The viewer stays what it is: its own black around the data.
    assert tuple(app.picture()[0, 0]) == (0, 0, 0)


def test_the_keys_of_a_focused_viewer_are_not_jupyterlabs(desk: Any) -> None:
    """JupyterLab asks whether what a key goes to, as the document sees it, lies in an element with this attribute."""
    app = desk.open("serve", "one")
    suppressed = """() => {
      let found = null;
      document.addEventListener("keydown", (event) => { found = event.target.closest("[data-lm-suppress-shortcuts=true]") !== null; },
        { capture: true, once: true });
      return new Promise((resolve) => document.addEventListener("keyup", () => resolve(found), { capture: true, once: true }));
    }"""
    app.page.evaluate(f"() => {{ window.suppressed = {suppressed}; }}")

    def press() -> bool:
        app.page.evaluate("() => { window.answer = suppressed(); }")
        app.page.keyboard.press("F9")
        return bool(app.page.evaluate("answer"))

    assert app.box().get_attribute("data-lm-suppress-shortcuts") == "true"
    app.page.get_by_label("Order").focus()
    assert press() is False
    app.page.mouse.click(*app.at())
    assert press() is True
    app.page.get_by_label("Order").focus()
    assert press() is False
