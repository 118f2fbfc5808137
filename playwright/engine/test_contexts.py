"""WebGL contexts are few, and the browser may take them: views give way and come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_context_loss_heals_itself(lab: Any) -> None:
    view = lab.open(
        state=lab.state(
            lab.image(), lab.segmentation(segments=["7"], segmentColors={"7": "#ff0000"}), layout="4panel"
        ),
        size=(320, 240),
    )
    view.click(0.25, 0.25)
    view.page.keyboard.press("ArrowRight")
    view.wait("view.getState().position[0] === 17.5")
    view.page.mouse.move(700, 550)
    view.ready()
    state, picture = view.state, view.picture()
    for _ in range(2):
        view.run(
            "(window.lost = view.viewer, view.viewer.display.gl.getExtension('WEBGL_lose_context').loseContext())"
        )
        view.wait("view.viewer !== undefined && view.viewer !== window.lost")
        view.ready()
        assert view.state == state
        assert (view.picture() == picture).all()
        assert view.run("view.errors") == []
        assert view.find("[role=status]").is_hidden()
        assert view.run("view.element.neuroglancerViewer === view.viewer")
    # The healed viewer is the same to its user.
    view.click(0.25, 0.25)
    view.page.keyboard.press("ArrowRight")
    view.wait("view.getState().position[0] === 18.5")


LIVE = "Object.entries(harness.views).filter(([, view]) => view.viewer !== undefined).map(([id]) => id)"


def test_twenty_viewers_on_a_long_page(new_page: Callable[..., Any]) -> None:
    lab = new_page()
    page = lab.page
    names = [f"v{n}" for n in range(20)]
    states = [lab.state(position=[16, 12, n % 16 + 0.5]) for n in range(20)]
    options = [
        {
            "state": state,
            "width": 320,
            "height": 240,
            "html": "<div data-here style='margin-bottom: 60px'></div>",
            "ui": {"preset": "none"},
        }
        for state in states
    ]
    page.evaluate(
        "([names, options]) => Promise.all(names.map((name, n) => harness.open(name, options[n])))",
        [names, options],
    )
    views = {name: lab.view(name) for name in names}
    first = {}
    for name in ("v0", "v1"):
        page.wait_for_function("name => harness.views[name].viewer !== undefined", arg=name)
        first[name] = views[name].ready().picture()
        assert first[name].max() > 100
    pictures: dict[str, Any] = {}
    for name in names:  # down the page, as a reader goes
        view = views[name]
        view.box.scroll_into_view_if_needed()
        view.wait("view.viewer !== undefined")
        pictures[name] = view.ready().picture()
        assert pictures[name].max() > 100
        assert view.find("[role=status]").is_hidden()
        assert len(page.evaluate(LIVE)) <= 14, "too many contexts are held"
    assert len({picture.tobytes() for picture in pictures.values()}) == 16, "each plane has its picture"
    live = set(page.evaluate(LIVE))
    given_way = [name for name in names if name not in live]
    assert len(given_way) >= 6
    assert "v0" in given_way
    for name in given_way:
        view = views[name]
        assert view.run("view.getState().position[2]") == int(name[1:]) % 16 + 0.5
        assert view.run("view.element.neuroglancerViewer") is None
        assert (view.picture() == pictures[name]).all(), "the last picture must stay"
        assert view.find("canvas.picture").count() == 1
        assert view.find("[role=status]").get_by_text("Paused").count() == 1
    # Python moves a viewer that is paused; it comes back there.
    views["v0"].set_state({**states[0], "position": [16, 12, 3.5]})
    views["v0"].box.scroll_into_view_if_needed()
    views["v0"].wait("view.viewer !== undefined")
    views["v0"].ready()
    assert (views["v0"].picture() == pictures["v3"]).all()
    views["v1"].wait("view.viewer !== undefined")
    assert (views["v1"].ready().picture() == first["v1"]).all()
    assert all(page.evaluate("Object.values(harness.views).map((view) => view.errors.length === 0)"))
    lab.watch.check()


def test_resume_button(lab: Any) -> None:
    view = lab.open(size=(320, 240))
    picture = view.picture()
    view.run("view.pause()")
    assert view.run("view.viewer") is None
    assert (view.picture() == picture).all()
    view.find("button").get_by_text("Resume").click()
    view.wait("view.viewer !== undefined")
    assert (view.ready().picture() == picture).all()
    assert view.find("canvas.picture").count() == 0


NO_WEBGL2 = """
const { getContext } = HTMLCanvasElement.prototype;
window.broken = true;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" && window.broken ? null : getContext.call(this, kind, ...rest);
};
"""


def test_no_webgl2_says_so_and_tries_again(new_page: Callable[..., Any]) -> None:
    lab = new_page(NO_WEBGL2)
    view = lab.open(ready=False, size=(400, 300))
    alert = lab.page.get_by_role("alert")
    alert.wait_for()
    assert "WebGL2" in alert.inner_text()
    assert "hardware acceleration" in alert.inner_text()
    (error,) = view.run("view.errors")
    assert error["kind"] == "no-webgl2"
    assert error["fix"] in alert.inner_text()
    assert view.state["position"] == [16, 12, 5.5], "the state is kept"
    assert view.run("view.element.getBoundingClientRect().height") == 300
    # At once, before the next try that is made without asking.
    view.run("(window.broken = false, view.element.shadowRoot.querySelector('[role=status] button').click())")
    assert view.run("view.viewer !== undefined")
    view.wait("view.viewer !== undefined")
    view.ready()
    assert view.picture().max() > 0
    assert view.run("view.errors") == []
    assert alert.is_hidden()
    lab.watch.check()
