"""States from anybody: never run, never written as HTML, and every name shown as it is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import panel_neuroglancer as png

HERE = Path(__file__).parent
MARK = "data-pwned"
IMAGE = f"<img {MARK} src=x onerror='window.pwned = true'>"
ATTACKS = (
    IMAGE,
    f"\"><svg {MARK} onload='window.pwned = true'>",
    f"</script></style></title></textarea><script {MARK}>window.pwned = true</script>",
    f"<iframe {MARK} srcdoc='<script>parent.pwned = true</script>'></iframe>",
    "javascript:window.pwned=true",
    "${window.pwned=true}{{window.pwned=true}}",
)
# What an attack would leave, and links that run something.
HARM = f"""() => [
  window.pwned !== undefined && "it ran",
  ...deep("[{MARK}]").map((e) => e.outerHTML),
  ...deep("a[href], area[href], form[action], iframe[src]")
    .filter((e) => /^\\s*(javascript|data|vbscript):/i.test(e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("action")))
    .map((e) => e.outerHTML),
].filter(Boolean)"""
# With Python on the page a part of the tests is enough.
APART = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="session")
LOG = ("pyodide.asm", "Failed to load resource", "net::ERR", "Refused", "CORS")


def hostile_state(attack: str) -> dict[str, Any]:
    """Return a state with an attack wherever there is a text."""
    space = {axis: [1e-9, "m"] for axis in "xyz"}
    note = {"type": "point", "id": attack, "point": [16, 6, 4], "description": attack, "props": [1]}
    return {
        "title": attack,
        "dimensions": space,
        "position": [16, 6, 4.5],
        "crossSectionScale": 0.1,
        "layers": [
            {"type": "image", "name": f"1{attack}", "source": attack, "shader": attack, "tab": "rendering",
             "description": attack, "shaderControls": {"a": attack}, "toolBindings": {"A": attack}},
            {"type": "segmentation", "name": f"2{attack}", "source": f"precomputed://{attack}", "segments": ["1"],
             "segmentQuery": attack, "skeletonRendering": {"shader": attack}, "tab": "segments"},
            {"type": "annotation", "name": f"3{attack}", "source": {"url": "local://annotations", "transform": {"outputDimensions": space}},
             "annotations": [note], "tab": "annotations", "shader": attack,
             "annotationProperties": [{"id": "p", "type": "float32", "description": attack, "enum_values": [1], "enum_labels": [attack]}]},
            {"type": attack, "name": f"4{attack}", "source": "local://annotations"},
        ],
        "selectedLayer": {"visible": True, "layer": f"3{attack}"},
        "layerListPanel": {"visible": True},
        "selection": {"visible": True, "layers": {f"3{attack}": {"annotationId": attack, "annotationSource": 0}}},
        "toolPalettes": {attack: {"query": attack, "side": "left"}},
        "toolBindings": {"B": {"layer": f"1{attack}", "type": "shaderControl", "control": attack}},
        "layout": "xy",
    }  # fmt: skip


def dialogs(lab: Any) -> list[str]:
    seen: list[str] = []

    def note(dialog: Any) -> None:
        seen.append(dialog.message)
        dialog.dismiss()

    lab.page.on("dialog", note)
    return seen


@APART
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("way", ["state", "link", "field"])
def test_a_state_from_anybody_runs_nothing(lab: Any, attack: str, way: str) -> None:
    lab.watch.expect(*LOG)
    seen = dialogs(lab)
    state = hostile_state(attack)
    link = f"https://127.0.0.1/{attack if way == 'field' else ''}#!{quote(json.dumps(state))}"
    lab.run(f"""
        import asyncio, json
        shown, = show(None, ui="full", show_state=True, width=700, height=400)
        state, link, way = json.loads({json.dumps(state)!r}), {link!r}, {way!r}
        if way == "state":
            shown.state = state
        elif way == "link":
            shown.url = link
        else:
            shown.url_input.value = link
            shown._load_url()
        while len({{error["layer"] for error in shown.errors}}) < 2:
            await asyncio.sleep(0.01)
    """)
    lab.until("v.layerManager.managedLayers.some((l) => l.name === x)", f"3{attack}")
    lab.page.wait_for_function(
        "x => deep('.neuroglancer-layer-item-label').some((e) => e.textContent.includes(x))", arg=f"3{attack}"
    )
    # Every error is told, here and in Python, word for word.
    lab.page.get_by_role("alert").filter(has_text=f"1{attack}").filter(has_text=f"2{attack}").wait_for()
    lab.page.locator(".neuroglancer-annotation-description").filter(has_text=attack).first.wait_for()
    lab.page.locator("[title='Edit JSON state']").click()
    editor = lab.page.locator(".neuroglancer-state-editor")
    editor.locator(".CodeMirror").wait_for()
    assert lab.page.evaluate(HARM) == []
    editor.get_by_role("button", name="Close").click()
    lab.page.locator("[title='Screenshot']").click()
    lab.page.locator(".neuroglancer-screenshot-dialog").wait_for()
    assert lab.page.evaluate(HARM) == []
    lab.page.keyboard.press("Escape")
    assert lab.page.evaluate(HARM) == []
    assert seen == []


@APART
def test_harm_is_seen(lab: Any) -> None:
    """The tests below can fail."""
    lab.run("show(None)")
    lab.page.wait_for_function("() => viewer()?.neuroglancerViewer")
    lab.page.evaluate(
        "x => { viewer().neuroglancerViewer.element.insertAdjacentHTML('beforeend', x); }",
        "<a href='javascript:1'>",
    )
    assert len(lab.page.evaluate(HARM)) == 1
    lab.watch.expect("Failed to load resource")
    lab.page.evaluate(
        "x => { viewer().neuroglancerViewer.element.insertAdjacentHTML('beforeend', x); }", IMAGE
    )
    lab.page.wait_for_function("window.pwned")
    assert len(lab.page.evaluate(HARM)) == 3
    lab.page.evaluate("() => { delete window.pwned; }")


@APART
@pytest.mark.parametrize("attack", ATTACKS[:4])
def test_messages_and_errors_of_python_are_text(lab: Any, attack: str) -> None:
    lab.watch.expect(*LOG)
    seen = dialogs(lab)
    lab.run(f"""
        import asyncio
        attack = {attack!r}
        class Source:
            shape, dtype = (32, 12, 8), np.dtype("uint8")
            def __getitem__(self, key):
                raise OSError(attack)
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers[attack] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(Source(), s.dimensions))
            plain(s)
        shown, = show(viewer)
        with viewer.config_state.txn() as s:
            s.status_messages["one"] = attack
        while not shown.errors:
            await asyncio.sleep(0.01)
        result = shown.errors
    """)
    lab.page.get_by_role("alert").filter(has_text=f"OSError: {attack}").wait_for()
    lab.page.locator(".status li").filter(has_text=attack).wait_for()
    assert lab.page.evaluate(HARM) == []
    # What cannot be loaded is told above the viewer, as text too.
    lab.run("shown, = show(None); shown.url_input.value = attack; shown._load_url()")
    lab.page.get_by_role("alert").filter(has_text="Expected").first.wait_for()
    assert lab.page.evaluate(HARM) == []
    assert seen == []


def names() -> tuple[list[str], str]:
    """Return the names and the shader of the app `hostile`."""
    app = (HERE / "apps" / "hostile.py").read_text("utf-8")
    found: dict[str, Any] = {}
    exec(app[app.index("NAMES = ") : app.index("state = ")], found)
    return found["NAMES"], found["SHADER"]


def check_names(page: Any) -> None:
    layers, shader = names()
    page.wait_for_function(
        "n => window.deep && viewer()?.neuroglancerViewer?.layerManager.managedLayers.length === n",
        arg=len(layers),
        timeout=90_000,
    )
    assert page.evaluate("shown().layers.map((l) => l.name)") == layers
    assert set(page.evaluate("shown().layers.map((l) => l.shader)")) == {shader}
    labels = page.evaluate("deep('.neuroglancer-layer-item-label').map((e) => e.textContent)")
    assert labels == layers
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("deep('img[src=x]').length") == 0


def test_names_and_shaders_of_an_app_arrive_as_they_are(
    open_app: Callable[[str, str], Any], runtime: str
) -> None:
    app = open_app(runtime, "hostile")
    check_names(app.page)
    app.watch.check()


def test_names_and_shaders_in_a_saved_page(page: Any, watch: Any, tmp_path: Path) -> None:
    layers, shader = names()
    state = {
        "dimensions": {axis: [1e-9, "m"] for axis in "xyz"},
        "layers": [
            {"type": "annotation", "name": n, "source": "local://annotations", "shader": shader}
            for n in layers
        ],
    }
    file = tmp_path / "view.html"
    png.Neuroglancer(state, width=600, height=300, show_state=True).save(file, title=layers[0])
    page.add_init_script(path=HERE.parent / "component" / "page.js")
    page.goto(file.as_uri())
    check_names(page)
