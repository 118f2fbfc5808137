"""What a screen reader is told."""

from __future__ import annotations

from typing import Any


def test_roles_and_names(lab: Any) -> None:
    view = lab.open(ui={"preset": "full"}, size=(400, 300))
    application = view.page.get_by_role("application")
    assert application.count() == 1
    assert "Neuroglancer" in (application.get_attribute("aria-label") or "")
    assert view.page.get_by_role("alert").count() == 0
    assert view.page.get_by_role("status").count() == 0


def test_a_paused_viewer_says_so(lab: Any) -> None:
    view = lab.open(size=(400, 300))
    view.run("view.pause()")
    status = view.page.get_by_role("status")
    assert "Paused" in status.inner_text()
    assert status.get_attribute("aria-live") == "polite"
    button = status.get_by_role("button", name="Resume")
    view.page.keyboard.press("Tab")
    assert button.evaluate("e => e.matches(':focus-visible')")
    assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    view.page.keyboard.press("Enter")
    view.wait("view.viewer !== undefined")
    view.ready()


def test_each_button_has_a_name(lab: Any) -> None:
    view = lab.open(ui={"preset": "full"}, size=(600, 300))
    buttons = view.find(".neuroglancer-icon, button")
    assert buttons.count() > 5
    nameless = buttons.evaluate_all(
        "all => all.filter((b) => !(b.title || b.textContent.trim() || b.ariaLabel)).map((b) => b.outerHTML.slice(0, 120))"
    )
    assert nameless == []


def test_buttons_are_reached_and_pressed_by_keyboard(lab: Any) -> None:
    view = lab.open(ui={"preset": "full"}, size=(600, 300))
    help_button = view.find(".neuroglancer-icon[title='Show help panel']")
    assert help_button.get_attribute("aria-pressed") == "false"
    help_button.focus()
    assert help_button.evaluate("e => e.matches(':focus')")
    view.page.keyboard.press("Enter")
    view.wait("view.getState().helpPanel?.visible === true || view.viewer.helpPanelState.location.visible")
    pressed = view.find(".neuroglancer-icon[title='Hide help panel']")
    assert pressed.get_attribute("aria-pressed") == "true"
    view.page.keyboard.press(" ")
    view.wait("view.viewer.helpPanelState.location.visible === false")
