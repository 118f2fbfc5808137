"""neuroglancer's own panels, menus, editors and dialogs, worked with mouse and keyboard inside the shadow root."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

SIZE = (760, 520)
PANEL = ".neuroglancer-side-panel"


@pytest.fixture
def view(lab: Any) -> Any:
    return lab.open(state=lab.state(lab.image(), lab.segmentation()), ui={"preset": "full"}, size=SIZE)


def tab(view: Any, name: str) -> Any:
    return view.find(".neuroglancer-layer-item").filter(has_text=name)


def on_top(locator: Any) -> bool:
    """Tell whether what the user sees at the element's middle is the element or inside it."""
    return bool(
        locator.evaluate("""element => {
          const { left, top, width, height } = element.getBoundingClientRect();
          const [x, y] = [left + width / 2, top + height / 2];
          let hit = document.elementFromPoint(x, y);
          while (hit?.shadowRoot) {
            const inner = hit.shadowRoot.elementFromPoint(x, y);
            if (inner === null || inner === hit) break;
            hit = inner;
          }
          return element.contains(hit);
        }""")
    )


# ---------------------------------------------------------------- panels


def test_layer_side_panel_opens_by_right_click_and_by_control_click(view: Any) -> None:
    tab(view, "labels").click(button="right")
    panel = view.find(PANEL).filter(has_text="Render")
    expect(panel).to_be_visible()
    assert view.state["selectedLayer"] == {"visible": True, "layer": "labels"}
    tab(view, "image").click(modifiers=["Control"])
    view.wait("view.getState().selectedLayer.layer === 'image'")
    panel.get_by_text("Source", exact=True).click()
    expect(view.find(".neuroglancer-multiline-autocomplete-input").first).to_contain_text("data/image")
    panel.get_by_text("Rendering", exact=True).click()
    slider = panel.locator("input[type=range]").first
    slider.focus()
    view.page.keyboard.press("Home")
    view.wait("view.getState().layers[0].opacity === 0")


@pytest.mark.parametrize(
    ("title", "selector", "member"),
    [
        ("Show layer list panel", ".neuroglancer-layer-list-panel-items", "layerListPanel"),
        ("Show selection details panel", ".neuroglancer-selection-details-body", "selection"),
        ("Show help panel", ".neuroglancer-help-body", "helpPanel"),
        ("Show settings panel", ".neuroglancer-settings-body", "settingsPanel"),
    ],
)
def test_panels_open_and_close_by_their_buttons(view: Any, title: str, selector: str, member: str) -> None:
    view.find(f"[title='{title}']").click()
    expect(view.find(selector)).to_be_visible()
    assert view.state[member].get("visible", True) is True
    assert on_top(view.find(selector))
    view.find(f"[title='{title.replace('Show', 'Hide')}']").click()
    expect(view.find(selector)).to_have_count(0)


def test_help_by_its_key_lists_the_keys(view: Any) -> None:
    view.click(0.5, 0.6)
    view.page.keyboard.press("h")
    expect(view.find(".neuroglancer-help-body")).to_contain_text("toggle-scale-bar")


def test_settings_act(view: Any) -> None:
    view.find("[title='Show settings panel']").click()
    box = (
        view.find(".neuroglancer-settings-body label")
        .filter(has_text=re.compile("scale bar", re.I))
        .locator("input")
    )
    box.check()
    view.wait("view.getState().showScaleBar !== false")
    view.find(".neuroglancer-settings-body label").filter(has_text=re.compile("statistics", re.I)).locator(
        "input"
    ).check()
    expect(view.find(".neuroglancer-statistics-panel-body")).to_be_visible()
    expect(view.find(".neuroglancer-statistics-panel-body")).to_contain_text("precomputed")


def test_selection_panel_tells_the_voxel(view: Any, known: Any) -> None:
    view.find("[title='Show selection details panel']").click()
    view.ready()
    view.hover(0.3, 0.6)
    view.wait("view.viewer.mouseState.active")
    position = [int(np.floor(n)) for n in view.run("Array.from(view.viewer.mouseState.position)")]
    view.page.keyboard.down("Control")
    view.click(0.3, 0.6, button="right")
    view.page.keyboard.up("Control")
    expect(view.find(".neuroglancer-selection-details-body")).to_contain_text(
        str(known.voxels()[tuple(position)])
    )


# ---------------------------------------------------------------- menus

NESTED = """<div style="height: 700px"></div><div style="overflow: hidden; width: 760px; height: 300px; transform: translateX(20px)"><div data-here></div></div>
<div style="height: 900px"></div><div style="position: fixed; inset: 0; z-index: 2147483647; pointer-events: none; background: #0f08"></div>"""


@pytest.mark.parametrize("nested", [False, True], ids=["plain page", "scrolled, clipped, nested shadow root"])
def test_context_menu_opens_at_the_mouse_and_closes(lab: Any, nested: bool) -> None:
    half = {"type": "viewer", "layers": ["image"], "layout": "xy"}
    view = lab.open(
        state=lab.state(layout={"type": "row", "children": [half, half]}),
        ui={"preset": "full"},
        size=(700, 300),
        **({"html": NESTED} if nested else {}),
    )
    if nested:
        view.run("""(() => {
          const host = document.createElement("div");
          host.style.cssText = "width:100%;height:100%";
          document.querySelector("#a").append(host);
          host.attachShadow({ mode: "open" }).append(view.element);
        })()""")
        lab.page.evaluate("window.scrollTo(0, 500)")
        view.ready()
        assert lab.page.evaluate("scrollY") == 500
    layers = view.find(".neuroglancer-layer-panel").last
    box = layers.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 40, box["y"] + box["height"] / 2
    lab.page.mouse.click(x, y, button="right")
    menu = view.find(".neuroglancer-context-menu").filter(has_text="Remove layer group").last
    expect(menu).to_be_visible()
    place = menu.bounding_box()
    assert place is not None
    assert abs(place["y"] - y) <= 1
    assert place["x"] <= x <= place["x"] + place["width"] + 1
    assert on_top(menu)
    if nested:
        assert place["y"] + place["height"] > box["y"] + 300 or place["height"] < 300
    menu.locator("select, button, input").first.hover()
    lab.page.mouse.click(place["x"] + 5, place["y"] + 5)
    expect(menu).to_be_visible()
    lab.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    lab.page.mouse.click(x, y, button="right")
    expect(menu).to_be_visible()
    view.click(0.25, 0.8)
    expect(menu).to_be_hidden()


# ---------------------------------------------------------------- editors


def test_source_completion(view: Any, lab: Any) -> None:
    view.find(".neuroglancer-layer-add-button").first.click()
    field = view.find(".neuroglancer-multiline-autocomplete-input").first
    view.find(".neuroglancer-multiline-autocomplete").first.click()
    view.page.keyboard.type("bra")
    row = view.find(".neuroglancer-multiline-autocomplete-completion").filter(has_text="brainmaps://")
    hint = view.find(".neuroglancer-multiline-autocomplete-hint").first
    expect(hint).to_have_text("inmaps://")  # the list is that of all that was typed
    expect(row).to_be_visible()
    assert on_top(row)
    view.page.keyboard.press("Tab")
    expect(field).to_have_text("brainmaps://")
    view.page.keyboard.press("Control+a")
    view.page.keyboard.type(f"precomputed://{lab.server}/data/labels")
    view.page.keyboard.press("Enter")
    create = view.find(".neuroglancer-layer-data-sources-tab-type-detection").first
    expect(create).to_contain_text("segmentation")
    create.click()
    view.wait("view.getState().layers.length === 3 && view.getState().layers[2].type === 'segmentation'")


def test_source_completion_by_click(view: Any) -> None:
    view.find(".neuroglancer-layer-add-button").first.click()
    field = view.find(".neuroglancer-multiline-autocomplete-input").first
    view.find(".neuroglancer-multiline-autocomplete").first.click()
    view.page.keyboard.type("s3")
    rows = view.find(".neuroglancer-multiline-autocomplete-completion")
    expect(rows).to_have_count(3)
    rows.filter(has_text="s3+https://").click()
    expect(field).to_have_text("s3+https://")


def test_position_field_and_its_dropdown(view: Any) -> None:
    field = view.find(".neuroglancer-position-dimension-coordinate").first
    field.click()
    dropdown = view.find(".neuroglancer-position-dimension-dropdown")
    expect(dropdown).to_be_visible()
    assert on_top(dropdown)
    size = dropdown.bounding_box()
    assert size is not None
    dropdown.click(position={"x": size["width"] / 2, "y": size["height"] * 0.7})  # on its scale: goes there
    view.wait("Math.abs(view.getState().position[0] - 16) > 2")
    expect(field).to_have_value(str(int(view.state["position"][0])))
    expect(dropdown).to_be_visible()
    field.fill("7")
    field.press("Enter")
    view.wait("Math.floor(view.getState().position[0]) === 7")
    field.click()
    view.page.keyboard.press("ArrowUp")
    view.wait("Math.floor(view.getState().position[0]) === 6")
    view.click(0.7, 0.8)
    expect(dropdown).to_have_count(0)


def test_shader_editor_marks_errors_and_draws(view: Any) -> None:
    tab(view, "labels").click()
    tab(view, "image").click(button="right")
    view.find(PANEL).get_by_text("Rendering", exact=True).click()
    editor = view.find(".neuroglancer-shader-code-widget")
    expect(editor).to_be_visible()
    editor.click()
    view.page.keyboard.press("Control+a")
    view.page.keyboard.type("void main() {\nemitRGB(nonsense);\n}")
    mark = editor.locator(".CodeMirror-lint-marker-error, .CodeMirror-lint-marker").first
    expect(mark).to_be_visible()
    place = mark.bounding_box()
    assert place is not None
    view.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    tooltip = view.find(".CodeMirror-lint-tooltip")
    expect(tooltip).to_contain_text("nonsense")
    assert on_top(tooltip)
    editor.click()
    expect(tooltip).to_have_count(0)
    view.page.keyboard.press("Control+a")
    view.page.keyboard.type("void main() {\nemitRGB(vec3(0.0, 1.0, 0.0));\n}")
    view.wait("view.getState().layers[0].shader.includes('0.0, 1.0')")
    expect(editor).to_have_class(re.compile("valid-input"))
    expect(mark).to_have_count(0)
    view.ready()
    picture = view.picture(0)
    assert (picture[picture.any(-1)] == (0, 255, 0)).all()
    assert picture.any()


# ---------------------------------------------------------------- dialogs


def test_screenshot_dialog_takes_a_picture(view: Any) -> None:
    view.find("[title=Screenshot]").click()
    dialog = view.find(".neuroglancer-screenshot-dialog")
    expect(dialog).to_be_visible()
    assert on_top(dialog)
    dialog.locator("input[type=text]").first.fill("mine")
    with view.page.expect_download() as download:
        dialog.get_by_text("Take screenshot").click()
    assert download.value.suggested_filename.startswith("mine")
    image = np.asarray(Image.open(io.BytesIO(download.value.path().read_bytes())).convert("RGB"))
    assert image.shape[0] > 100
    assert len(np.unique(image)) > 20
    view.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_state_editor(view: Any) -> None:
    view.find("[title='Edit JSON state']").click()
    dialog = view.find(".neuroglancer-state-editor")
    expect(dialog).to_be_visible()
    assert on_top(dialog)
    apply = dialog.get_by_text("Apply changes")
    dialog.locator(".CodeMirror").click()
    view.page.keyboard.press("Control+a")
    view.page.keyboard.insert_text('{"position": [1, 2,')
    expect(dialog.locator(".CodeMirror-lint-marker-error, .CodeMirror-lint-marker").first).to_be_visible()
    expect(apply).to_be_disabled()
    state = {**view.state, "position": [1.5, 2.5, 3.5]}
    view.page.keyboard.press("Control+a")
    view.page.keyboard.insert_text(json.dumps(state))
    expect(apply).to_be_enabled()
    apply.click()
    view.wait("view.getState().position[2] === 3.5")
    dialog.get_by_text("Close").click()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"position": "nonsense", "layout": "xz"}, "position"),
        ({"layers": [{"type": "image", "name": 5}], "layout": "xz"}, "layers"),
        (5, "expected a JSON object"),
        ([1, 2], "expected a JSON object"),
    ],
)
def test_a_wrong_state_in_the_editor_is_told_and_loses_nothing(view: Any, written: Any, words: str) -> None:
    before = view.state
    if isinstance(written, dict):
        written = {**before, **written}
    view.find("[title='Edit JSON state']").click()
    dialog = view.find(".neuroglancer-state-editor")
    dialog.locator(".CodeMirror").click()
    view.page.keyboard.press("Control+a")
    view.page.keyboard.insert_text(json.dumps(written))
    apply = dialog.get_by_text("Apply changes")
    expect(apply).to_be_enabled()
    apply.click()
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text(words)
    assert on_top(alert)
    view.wait("view.errors.length === 1 && view.errors[0].kind === 'state'")
    layout = "xz" if isinstance(written, dict) else before["layout"]
    assert view.state == {**before, "layout": layout}
    assert dialog.locator(".CodeMirror").evaluate("e => JSON.parse(e.CodeMirror.getValue())") == written
    # What is mended is shown, and nothing is said any more.
    view.page.keyboard.press("Control+a")
    dialog.locator(".CodeMirror").click()
    view.page.keyboard.press("Control+a")
    view.page.keyboard.insert_text(json.dumps(before))
    expect(apply).to_be_enabled()
    apply.click()
    expect(alert).to_be_empty()
    view.wait("view.errors.length === 0")
    assert view.state == before


def test_dialogs_and_messages_are_in_the_right_viewer(lab: Any) -> None:
    first = lab.open("a", ui={"preset": "full"}, size=(700, 260))
    second = lab.open("b", ui={"preset": "full"}, size=(700, 260))
    for view, other in ((second, first), (first, second)):
        view.find("[title='Edit JSON state']").click()
        expect(view.find(".neuroglancer-state-editor")).to_be_visible()
        expect(other.find(".neuroglancer-state-editor")).to_have_count(0)
        view.find(".neuroglancer-state-editor").get_by_text("Close").click()
        view.find(".neuroglancer-position-widget [title*='Copy']").first.click()
        message = view.find("#neuroglancer-status-container li").filter(has_text="Position copied")
        expect(message.first).to_be_visible()
        expect(other.find("li").filter(has_text="Position copied")).to_have_count(0)


def test_copy_of_the_position(lab: Any, view: Any) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view.find(".neuroglancer-position-widget [title*='Copy']").first.click()
    copied = lab.page.evaluate("navigator.clipboard.readText()")
    assert [float(n) for n in re.findall(r"[\d.]+", copied)] == [16, 12, 5]


# ---------------------------------------------------------------- drag and drop


def test_layer_tabs_change_places_by_drag(view: Any) -> None:
    tab(view, "labels").drag_to(tab(view, "image"))
    view.wait("view.getState().layers.map((layer) => layer.name).join() === 'labels,image'")


def test_a_layer_dragged_to_the_edge_makes_a_group(view: Any) -> None:
    source = tab(view, "labels").bounding_box()
    assert source is not None
    mouse = view.page.mouse
    mouse.move(source["x"] + 20, source["y"] + 5)
    mouse.down()
    target = view.at(0.995, 0.6)
    mouse.move(target[0] - 60, target[1], steps=3)
    mouse.move(*target, steps=5)
    expect(view.find(".neuroglancer-drag-status")).to_be_visible()
    mouse.up()
    view.wait("view.getState().layout.type === 'row'")
    assert [child["layers"] for child in view.state["layout"]["children"]][-1] == ["labels"]
    expect(view.find(".neuroglancer-drag-status")).to_be_hidden()
