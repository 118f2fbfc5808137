"""Panel's own sizes and themes, the official state class, notebooks."""

import asyncio
import re
from pathlib import Path

import panel as pn
import param
import pytest
from bokeh.document import Document
from panel.io.model import add_to_doc
from panel.models.esm import DataEvent
from pyviz_comms import Comm
from stand_ins import STATE, Page

from panel_neuroglancer import Neuroglancer
from panel_neuroglancer.channel import ChannelError
from panel_neuroglancer.parameters import UI_OPTIONS, UI_PRESETS


def test_the_official_state_class_comes_and_goes(viewer, tab):
    pytest.importorskip("neuroglancer")
    state = viewer.viewer_state()
    state.layers["seg"].segments.add(2**63)
    viewer.state = state
    assert viewer.selected_segments == {"seg": [1, 2**63]}


def test_without_the_official_package_it_is_said_how_to_get_it(viewer, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neuroglancer", None)
    with pytest.raises(ImportError, match="pip install neuroglancer"):
        viewer.viewer_state()
    monkeypatch.setattr("sys.platform", "emscripten")
    with pytest.raises(ImportError, match="not part of this site"):
        viewer.viewer_state()


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"sizing_mode": "stretch_width", "height": 600, "width": None}),
        ({"height": 300}, {"sizing_mode": "stretch_width", "height": 300}),
        ({"width": 400}, {"sizing_mode": "fixed", "width": 400, "height": 600}),
        ({"width": 400, "height": 300}, {"sizing_mode": "fixed", "width": 400, "height": 300}),
        ({"sizing_mode": "stretch_both"}, {"sizing_mode": "stretch_both", "height": None}),
        ({"sizing_mode": "stretch_both", "min_height": 350}, {"min_height": 350, "height": None}),
        ({"aspect_ratio": 2}, {"aspect_ratio": 2, "height": None}),
    ],
)
@pytest.mark.parametrize("mode", [None, "stretch_both"])
def test_panels_own_sizes_work(dist, params, expected, mode):
    with pn.config.set(sizing_mode=mode):
        viewer = Neuroglancer(STATE, **params)
        root = viewer.get_root()
    for name, value in expected.items():
        assert getattr(viewer, name) == value
        assert getattr(root, name) == value
    viewer.margin = 7
    assert root.margin == 7


@pytest.mark.parametrize("theme", ["default", "dark"])
def test_dark_follows_panels_theme(dist, theme):
    with pn.config.set(theme=theme):
        viewer = Neuroglancer(STATE)
        assert Page(viewer).data.dark is (theme == "dark")
        assert viewer.json_pane.theme == ("dark" if theme == "dark" else "light")


@pytest.mark.parametrize("theme", ["default", "dark"])
def test_dark_follows_a_templates_theme(dist, theme):
    viewer = Neuroglancer(STATE)
    template = pn.template.VanillaTemplate(theme=theme, main=[viewer])
    template.server_doc(Document())
    (model, _), *_ = viewer._view._models.values()
    assert model.data.dark is (theme == "dark")


def test_a_clone_shows_the_same(viewer):
    assert viewer.clone().state == STATE


def test_every_parameter_says_what_it_is():
    own = [name for name in Neuroglancer.param if Neuroglancer.param[name].owner is Neuroglancer]
    assert {"state", "url", "hover"} < set(own)
    for name in own:
        assert Neuroglancer.param[name].doc, name
    assert isinstance(Neuroglancer.param.url, param.String)


def test_the_page_knows_the_same_options():
    source = Path(__file__).parents[2] / "js" / "src" / "ui.ts"
    code = "\n".join(line for line in source.read_text().splitlines() if not line.lstrip().startswith("/*"))
    assert set(re.findall(r"\bshow[A-Z]\w+", code)) == set(UI_OPTIONS)
    presets = re.search(r"preset\?: (.*);", code)
    assert tuple(re.findall(r'"(\w+)"', presets[1])) == UI_PRESETS


def test_all_changes_of_a_notebooks_message_arrive(monkeypatch):
    # As where there are no threads, in the browser.
    monkeypatch.setattr(type(pn.state), "_thread_id", property(lambda state: state._current_thread))
    viewer = Neuroglancer({"layout": "3d"})
    doc = Document()
    root = viewer.get_root(doc, Comm())
    add_to_doc(root, doc)
    ((model, _),) = viewer._view._models.values()
    report = {"view": "a", "n": 1, "ack": viewer._view.command["seq"], "state": {"layout": "xy"}}
    # As Panel takes in a message.
    doc.hold()
    doc.apply_json_patch(
        {
            "events": [
                {"kind": "ModelChanged", "model": {"id": model.data.id}, "attr": name, "new": new}
                for name, new in (
                    ("hover", {"position": [1, 2, 3], "values": {}}),
                    ("report", report),
                    ("ready", True),
                )
            ]
        }
    )
    doc.unhold()
    assert viewer.hover["position"] == [1, 2, 3]
    assert viewer.layout == "xy"
    assert viewer.ready
    viewer._cleanup(root)


async def test_a_message_that_panel_still_takes_in_is_answered_afterwards(viewer, monkeypatch):
    page, received = Page(viewer), []
    monkeypatch.setattr(
        viewer._view.channel, "receive", lambda carrier, text, data=None: received.append(text)
    )
    page.doc.add_root(page.root)
    event = DataEvent(model=page.model, data=[{"text": "hello"}])
    page.doc.hold()
    viewer._view._process_event(event)
    assert received == []
    page.doc.unhold()
    await asyncio.sleep(0)
    assert received == ["hello"]
    viewer._view._process_event(event)
    assert received == ["hello", "hello"]


def test_a_page_may_tell_over_the_channel_what_it_else_sets():
    viewer = Neuroglancer({"layout": "3d"})
    view = viewer._view
    view._take_told({"name": "hover", "value": {"position": [1, 2, 3], "values": {}}}, None)
    view._take_told({"name": "ready", "value": True}, None)
    report = {"view": "a", "n": 1, "ack": view.command["seq"], "state": {"layout": "xy"}}
    view._take_told({"name": "report", "value": report}, None)
    assert (viewer.hover["position"], viewer.ready, viewer.layout) == ([1, 2, 3], True, "xy")
    with pytest.raises(ChannelError, match="does not tell 'command'"):
        view._take_told({"name": "command", "value": {}}, None)
