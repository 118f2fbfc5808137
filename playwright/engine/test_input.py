"""Keys, focus and the wheel: the viewer's inside, the page's outside."""

from __future__ import annotations

from typing import Any

import pytest

PAGE = """<button data-first>first</button><select><option>one</select><input data-text>
<div data-here></div><button data-last>last</button><div style="height: 2000px"></div>"""
FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element.className || element.tagName;
}"""


@pytest.fixture
def view(lab: Any) -> Any:
    view = lab.open(html=PAGE, ui={"preset": "full"}, size=(500, 300))
    lab.page.evaluate("""() => {
      window.heard = [];
      document.onkeydown = (event) => heard.push(event.code);
    }""")
    yield view
    lab.page.evaluate("document.onkeydown = null")


def is_inside(view: Any) -> bool:
    return bool(
        view.page.evaluate("document.activeElement === document.querySelector('#a').firstElementChild")
    )


def test_nothing_takes_the_focus_at_start(view: Any) -> None:
    assert view.page.evaluate(FOCUS) == "BODY"


@pytest.mark.parametrize("tag", ["button", "select", "input"])
def test_hovering_leaves_the_focus_with_the_page(view: Any, tag: str) -> None:
    view.page.locator(tag).first.focus()
    for x in (0.3, 0.6, 0.4):
        view.hover(x, 0.6)
        view.page.evaluate("new Promise(requestAnimationFrame)")
    assert view.page.evaluate(FOCUS) == tag.upper()
    before = view.state
    view.page.keyboard.press("b")
    assert view.page.evaluate(FOCUS) == tag.upper()
    assert view.state == before


def test_typing_goes_to_the_pages_input(view: Any) -> None:
    view.page.locator("[data-text]").click()
    view.hover(0.5, 0.6)
    view.page.keyboard.type("abhl 12")
    assert view.page.locator("[data-text]").input_value() == "abhl 12"
    assert view.page.evaluate("heard").count("KeyH") == 1
    assert "showScaleBar" not in view.state or view.state["showScaleBar"] is False


def test_a_press_gives_the_focus_and_keys_act(view: Any) -> None:
    view.hover(0.5, 0.6)
    view.page.keyboard.press("b")
    assert view.state["showScaleBar"] is False, "no key acts before the viewer has the focus"
    assert view.page.evaluate("heard") == ["KeyB"]
    view.click(0.5, 0.6)
    assert is_inside(view)
    view.page.keyboard.press("b")
    view.wait("view.getState().showScaleBar !== false")
    view.page.keyboard.press("ArrowRight")
    view.wait("view.getState().position[0] === 17.5")
    assert view.page.evaluate("heard") == ["KeyB"], (
        "the page's shortcuts must not hear what the viewer handled"
    )
    view.page.keyboard.press("F4")
    assert view.page.evaluate("heard") == ["KeyB", "F4"], "what the viewer does not know is the page's"
    view.page.locator("[data-first]").click()
    view.page.keyboard.press("b")
    assert "showScaleBar" not in view.state


def test_text_typed_in_the_viewer_is_no_page_shortcut(view: Any) -> None:
    field = view.find(".neuroglancer-position-dimension-coordinate").first
    field.click()
    view.page.keyboard.type("12")
    assert view.page.evaluate("heard") == []


def test_the_right_button_opens_no_menu(view: Any) -> None:
    view.page.evaluate("() => { document.oncontextmenu = (event) => heard.push(event.defaultPrevented); }")
    box = view.page.locator("#a").bounding_box()
    view.page.mouse.click(box["x"] + 150, box["y"] + 150, button="right")
    # What the page hears of is its own.
    view.page.locator("[data-first]").click(button="right")
    assert view.page.evaluate("heard") == [False]
    view.page.evaluate("() => { document.oncontextmenu = null; }")


def test_tab_goes_in_and_out(view: Any) -> None:
    view.page.locator("[data-text]").focus()
    view.page.keyboard.press("Tab")
    assert is_inside(view)
    stops: list[str] = []
    while is_inside(view):
        stops.append(view.page.evaluate(FOCUS))
        assert len(stops) < 60, f"Tab never leaves: {stops}"
        view.page.keyboard.press("Tab")
    assert any("rendered-data-panel" in stop for stop in stops)
    assert view.page.evaluate(FOCUS) == "BUTTON"
    view.page.keyboard.press("Shift+Tab")
    assert is_inside(view)
    for _ in stops:
        if is_inside(view):
            view.page.keyboard.press("Shift+Tab")
    assert view.page.evaluate(FOCUS) == "INPUT"


def test_focus_is_visible(view: Any) -> None:
    """A panel that got the focus by Tab looks different."""
    view.page.locator("[data-text]").focus()
    without = view.screen()
    panel = ".neuroglancer-rendered-data-panel"
    for _ in range(60):
        view.page.keyboard.press("Tab")
        if panel[1:] in view.page.evaluate(FOCUS):
            break
    outline = view.find(panel).first.evaluate(
        "e => getComputedStyle(e).outlineStyle + ' ' + getComputedStyle(e).outlineWidth"
    )
    assert not outline.startswith("none"), outline
    assert (view.screen() != without).any()


def scrolled(view: Any) -> float:
    """Return how far the page is scrolled, once scrolling can have happened."""
    return float(
        view.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(scrollY))))"
        )
    )


def test_wheel_over_the_data_steps_and_does_not_scroll(view: Any) -> None:
    view.hover(0.5, 0.6)
    view.page.mouse.wheel(0, 120)
    view.wait("view.getState().position[2] !== 5.5")
    assert view.state["position"][:2] == [16, 12]
    assert scrolled(view) == 0
    scale = view.state["crossSectionScale"]
    view.page.keyboard.down("Control")
    view.page.mouse.wheel(0, 120)
    view.page.keyboard.up("Control")
    view.wait("view.getState().crossSectionScale !== x", scale)
    assert scrolled(view) == 0
    assert view.page.evaluate("visualViewport.scale") == 1


def test_wheel_outside_scrolls_the_page(view: Any) -> None:
    before = view.state
    view.page.mouse.move(780, 400)
    view.page.mouse.wheel(0, 150)
    view.page.wait_for_function("scrollY > 0")
    assert view.state == before


def test_wheel_over_a_side_panel_scrolls_the_panel_alone(view: Any) -> None:
    state = view.state
    state["helpPanel"] = {"visible": True}
    view.set_state(state)
    body = view.find(".neuroglancer-help-scroll-container")
    body.wait_for()
    box = body.bounding_box()
    assert box is not None
    assert body.evaluate("e => e.scrollHeight > e.clientHeight")
    view.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = view.state
    view.page.mouse.wheel(0, 60)
    view.page.wait_for_function("e => e.scrollTop > 0", arg=body.element_handle())
    assert scrolled(view) == 0
    body.evaluate("e => { e.scrollTop = e.scrollHeight; }")
    view.page.mouse.wheel(0, 400)
    assert scrolled(view) == 0, "at its end the panel must not hand the wheel to the page"
    assert view.state == before
