"""The row above the viewer, and the card below."""

import panel as pn
from stand_ins import LINK, STATE, Page

from panel_neuroglancer import Neuroglancer, parse_url, to_url
from panel_neuroglancer.demo import KASTHURI2011


def test_the_row_is_there_only_without_a_source(dist):
    with_row, without = Neuroglancer(), Neuroglancer(STATE)
    assert with_row.url_input in with_row.select(pn.widgets.TextInput)
    assert without.select(pn.widgets.TextInput) == []


def test_what_is_typed_loads_only_with_load_or_enter(dist):
    viewer = Neuroglancer()
    tab = Page(viewer)
    viewer.url_input.value_input = LINK
    viewer.url_input.value = LINK
    assert viewer.url == LINK
    assert tab.commands == []
    viewer.load_button.clicks += 1
    assert tab.commands[-1]["state"] == STATE
    viewer.url_input.value = to_url({"layout": "xy"})
    viewer.url_input.enter_pressed = True
    assert viewer.state == {"layout": "xy"}


def test_what_is_pasted_may_come_as_one_change(dist):
    viewer = Neuroglancer()
    viewer.url_input.param.update(value_input=LINK, value=LINK)
    assert viewer.state == {}
    viewer.url_input.param.trigger("enter_pressed")
    assert viewer.state == STATE


def test_what_is_typed_survives_reports_and_other_changes(dist):
    viewer = Neuroglancer()
    tab = Page(viewer)
    viewer.url_input.value_input = "https://half.typ"
    tab.report({"layout": "xy"})
    assert viewer.url_input.value == ""
    viewer.url_input.value = "https://half.typed"
    tab.report({"layout": "3d"})
    viewer.position = [1, 1, 1]
    assert viewer.url_input.value == viewer.url == "https://half.typed"
    viewer.url_input.value_input = viewer.url_input.value = ""
    tab.report({"layout": "xz"})
    assert viewer.url_input.value == ""
    assert parse_url(viewer.url) == {"layout": "xz"}


def test_published_apps_keep_working(dist):
    viewer = Neuroglancer()
    urls = []
    viewer.param.watch(lambda event: urls.append(event.new), "url")
    viewer.url = LINK
    viewer._load_url()
    assert viewer.url == LINK
    assert viewer.url_input.value == LINK
    assert viewer.state == STATE
    tab = Page(viewer)
    tab.report({**STATE, "layout": "3d"})
    assert viewer.url.startswith("https://ng.example/#!")
    assert urls == [LINK, viewer.url]
    viewer._load_demo()
    assert viewer.state == KASTHURI2011


def test_a_bad_link_shows_an_alert_until_the_next_good_one(dist):
    viewer = Neuroglancer()
    viewer.url_input.value = "<b>nonsense"
    viewer._load_url()
    alert = viewer._alert.object
    assert alert.startswith('<div role="alert"><div>')
    assert "&lt;b&gt;nonsense" in alert
    assert "<b>nonsense" not in alert
    (error,) = viewer.errors
    assert error["kind"] == "bad-url"
    assert error["fix"] in alert.replace("&#x27;", "'")
    viewer.url = LINK
    assert viewer.errors == []
    assert viewer._alert.object == '<div role="alert"></div>'


def test_the_sites_own_demo_comes_first(dist, monkeypatch):
    monkeypatch.setenv("PANEL_NEUROGLANCER_DEMO_STATE", "data/demo.json")
    monkeypatch.setenv("PANEL_NEUROGLANCER_SITE_URL", "https://h.org/site/")
    assert Neuroglancer(load_demo=True).state == {"#url": "https://h.org/site/data/demo.json"}
    monkeypatch.setenv("PANEL_NEUROGLANCER_DEMO_STATE", "")
    assert Neuroglancer(load_demo=True).state == KASTHURI2011


def test_the_state_card_follows(dist):
    viewer = Neuroglancer(STATE)
    assert viewer.json_pane not in viewer.select(pn.pane.JSON)
    viewer.show_state = True
    assert viewer.json_pane in viewer.select(pn.pane.JSON)
    viewer.layout = "3d"
    assert viewer.json_pane.object == viewer.state
    assert to_url(viewer.state).replace("&", "&amp;") in viewer.shareable_url_pane.object
    viewer.show_state = False
    assert viewer.json_pane not in viewer.select(pn.pane.JSON)
