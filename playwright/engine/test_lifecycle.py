"""Made, moved, hidden, resized and disposed of: nothing stays behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Counts what a page could forget: listeners on the window and the document, WebGL contexts, workers. (What Playwright
# knows of workers comes late, or not at all where they end while it gets to know them.)
COUNT = """
(() => {
  const listening = new Set(), contexts = [];
  const targets = new Map([[window, "window"], [document, "document"]]);
  const numbers = new WeakMap();
  let last = 0;
  const key = (target, type, listener, options) => {
    if (!numbers.has(listener)) numbers.set(listener, ++last);
    return [targets.get(target), type, numbers.get(listener), !!(typeof options === "object" ? options?.capture : options)].join();
  };
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (targets.has(target) && listener && !options?.once) {
      const name = key(target, type, listener, options);
      listening.add(name);
      options?.signal?.addEventListener("abort", () => listening.delete(name));
    }
    return addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (targets.has(target) && listener) listening.delete(key(target, type, listener, options));
    return removeEventListener.call(target, type, listener, options);
  };
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) contexts.push(new WeakRef(context));
    return context;
  };
  const workers = new Set();
  window.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      workers.add(this);
    }
    terminate() {
      workers.delete(this);
      super.terminate();
    }
  };
  window.count = () => ({
    workers: workers.size,
    listeners: [...listening].map((name) => name.split(",").slice(0, 2).join()).sort(),
    contexts: contexts.filter((ref) => ref.deref() && !ref.deref().isContextLost()).length,
  });
})();
"""
CYCLES, WARM_UP = 50, 10


def test_fifty_viewers_leave_nothing(new_page: Callable[..., Any]) -> None:
    lab = new_page(COUNT)
    page = lab.page
    tools = page.context.new_cdp_session(page)

    def heap() -> float:
        tools.send("HeapProfiler.collectGarbage")
        return float(tools.send("Runtime.getHeapUsage")["usedSize"])

    def cycles(times: int) -> None:
        page.evaluate("([times, options]) => harness.cycle(times, options)", [times, options])

    state = lab.state(
        lab.image(), lab.segmentation(), layout="4panel", selectedLayer={"visible": True, "layer": "labels"}
    )
    options = {"state": state, "ui": {"preset": "full"}, "width": 240, "height": 120}
    cycles(WARM_UP)
    first, size = page.evaluate("count()"), heap()
    cycles(CYCLES - WARM_UP)
    last, grown = page.evaluate("count()"), heap()
    assert first["contexts"] == last["contexts"] == 0
    assert last["listeners"] == first["listeners"], "listeners on the window or the document were left"
    assert last["workers"] == 0, f"{last['workers']} workers run on"
    assert grown < 1.1 * size, f"the heap grew from {size / 1e6:.1f} to {grown / 1e6:.1f} MB"
    assert page.evaluate("document.querySelector('main').childElementCount") == 0
    assert lab.open().picture().max() > 0, "another viewer must still draw"
    open_now = page.evaluate("count()")
    assert (open_now["contexts"], open_now["workers"]) == (1, 1)
    lab.watch.check()


def test_what_was_open_or_held_leaves_no_listener(new_page: Callable[..., Any]) -> None:
    """A menu, a dropdown and a drag listen on the document: they end with the viewer, or with the drag."""
    lab = new_page(COUNT)
    page = lab.page
    half = {"type": "viewer", "layers": ["image"], "layout": "xy"}
    counts = []
    for name in ("warm", "first", "second"):
        view = lab.open(
            name,
            lab.state(layout={"type": "row", "children": [half, half]}),
            ui={"preset": "full"},
            size=(600, 300),
        )
        for _ in range(2):  # drags of the picture
            view.hover(0.2, 0.6)
            page.mouse.down()
            page.mouse.move(*view.at(0.25, 0.65), steps=2)
            page.mouse.up()
        view.find(".neuroglancer-position-dimension-coordinate").first.click()
        view.find(".neuroglancer-position-dimension-dropdown").wait_for()
        menu = view.find(".neuroglancer-context-menu").last
        bar = view.find(".neuroglancer-layer-panel").last
        bar.click(button="right", position={"x": 200, "y": 10})
        menu.wait_for()
        page.evaluate("name => harness.close(name)", name)
        counts.append(page.evaluate("count()")["listeners"])
    assert counts[1] == counts[0] == counts[2]
    lab.watch.check()


SAME_CONTEXT = "view.viewer.display.gl === window.kept && !window.kept.isContextLost()"


def test_moved_between_containers_and_shadow_roots(lab: Any) -> None:
    view = lab.open()
    before = view.picture()
    view.run("window.kept = view.viewer.display.gl")
    view.page.evaluate("""() => {
      const other = document.createElement("div");
      other.id = "other";
      other.style.cssText = "width:256px;height:192px;position:absolute;left:300px;top:200px";
      document.querySelector("#stage").append(other);
    }""")
    view.run("document.querySelector('#other').append(view.element)")
    view.ready()
    assert (view.picture() == before).all()
    view.run("document.querySelector('#other').attachShadow({ mode: 'open' }).append(view.element)")
    view.ready()
    assert view.run(SAME_CONTEXT)
    assert (view.picture() == before).all()
    moved = view.page.locator("#other").screenshot()
    view.run("document.querySelector('#a').append(view.element)")
    view.ready()
    assert view.box.screenshot() == moved
    assert view.run(SAME_CONTEXT)
    # It still answers to the mouse where it now is.
    view.hover()
    view.page.mouse.wheel(0, 100)
    view.wait("view.getState().position[2] !== 5.5")


def test_hidden_and_shown_again(lab: Any) -> None:
    view = lab.open()
    shown = view.screen()
    view.run("document.querySelector('#a').style.display = 'none'")
    view.set_state({**view.state, "position": [16, 12, 9.5]})
    assert view.state["position"] == [16, 12, 9.5]
    view.run("document.querySelector('#a').style.display = ''")
    view.ready()
    assert (view.screen() != shown).any()
    view.set_state({**view.state, "position": [16, 12, 5.5]})
    view.ready()
    assert (view.screen() == shown).all()


def test_an_empty_box_is_no_error_and_size_follows(lab: Any) -> None:
    view = lab.open(size=(0, 0), ready=False)
    view.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert view.run("view.errors") == []
    for width, height in [(200, 100), (300, 250), (120, 180)]:
        view.run(
            "document.querySelector('#a').style.cssText = `width:${x[0]}px;height:${x[1]}px`", [width, height]
        )
        view.wait(
            "view.viewer?.display.canvas.width === x[0] && view.viewer.display.canvas.height === x[1]",
            [width, height],
        )
        view.ready()
        picture = view.picture()
        assert picture.shape == (height, width, 3)
        assert (view.screen() == picture).all()
        assert picture[height // 2, width // 2].max() > 0


def test_disposed_at_any_time(lab: Any) -> None:
    """Disposing before the first picture, twice, or while a dialog is open, is quiet."""
    view = lab.open(ready=False)
    view.run("(view.dispose(), view.dispose())")
    other = lab.open("b", ui={"preset": "full"}, size=(500, 300))
    other.run("void view.viewer.editJsonState()")
    other.find(".neuroglancer-state-editor").wait_for()
    other.run("view.dispose()")
    lab.page.wait_for_function("document.querySelector('#b').childElementCount === 0")
    third = lab.open("c", ui={"preset": "full"}, size=(500, 300))
    third.run("void view.viewer.editJsonState()")
    third.find(".neuroglancer-state-editor").wait_for()
