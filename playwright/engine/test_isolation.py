"""The page's looks and the viewer's do not touch each other."""

from __future__ import annotations

from typing import Any

import numpy as np

HOSTILE = """
* { color: red !important; font: italic 40px cursive !important; box-sizing: content-box !important; display: inline-block !important;
    background: lime !important; margin: 9px !important; transform: rotate(3deg) !important; visibility: visible !important; }
canvas, svg, img { width: 10px !important; height: 10px !important; filter: invert(1) !important; }
button, input, select { border: 8px dashed blue !important; opacity: 0.2 !important; }
:root { --white: red; --layer-color: red; --background: red; font-size: 40px !important; }
"""
INHERITED = """
body { color: red; font: italic 700 40px/3 cursive; letter-spacing: 5px; word-spacing: 9px; text-transform: uppercase; text-align: right; text-indent: 40px;
       direction: rtl; white-space: pre; cursor: wait; visibility: visible; user-select: none; pointer-events: auto; list-style: square; text-shadow: 3px 3px red; }
:root { --layer-color: red; --num-layers-width: 90px; color-scheme: dark; accent-color: red; font-size: 40px; }
.overlay, .neuroglancer-icon, .target, .status, .portal, [role] { display: none !important; }
div { border: 3px solid red; padding: 7px; }
button, input, select, li, ul, canvas { color: red !important; width: 10px !important; border: 8px dashed blue !important; }
"""
PANELS = {
    "layerListPanel": {"visible": True},
    "selectedLayer": {"visible": True, "layer": "image", "size": 260},
    "showScaleBar": True,
    "helpPanel": {"row": 1},
}


def open_full(lab: Any) -> Any:
    view = lab.open(
        state=lab.state(lab.image(), lab.segmentation(segments=["7"]), layout="4panel", **PANELS),
        ui={"preset": "full"},
        size=(700, 500),
    )
    lab.page.evaluate("document.fonts.ready")
    return view


def settle(lab: Any, view: Any) -> np.ndarray:
    """Return the screen once two frames in a row look alike."""
    last = view.screen()
    while True:
        view.ready()
        now = view.screen()
        if (now == last).all():
            return now
        last = now


def differs(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Say where pixels are not the same; Chromium may draw the same text two shades of 255 off when it draws it again."""
    return np.asarray((np.abs(after.astype(int) - before) > 3).any(-1))


def test_rules_of_the_page_do_not_reach_in(lab: Any) -> None:
    view = open_full(lab)
    before = settle(lab, view)
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 50
    lab.page.evaluate(
        "css => { const s = document.createElement('style'); s.dataset.test = ''; s.textContent = css; document.head.append(s); }",
        INHERITED,
    )
    # The page may lay out the box it made; only that is put back.
    box = "width: 700px !important; height: 500px !important; border: 0 !important; padding: 0 !important;"
    lab.page.evaluate("css => { document.querySelector('#a').style.cssText = css; }", box)
    assert lab.page.evaluate("getComputedStyle(document.querySelector('#a')).fontSize") == "40px"
    assert (
        lab.page.evaluate("getComputedStyle(document.querySelector('#a').firstElementChild).borderTopWidth")
        == "0px"
    )
    after = settle(lab, view)
    assert after.shape == before.shape
    wrong = differs(after, before)
    assert not wrong.any(), (
        f"{wrong.sum()} pixels differ, rows and columns {[(n.min(), n.max()) for n in np.nonzero(wrong)]}"
    )


def test_a_page_shouting_important_does_not_reach_in(lab: Any) -> None:
    """Inside the viewer every computed style stays, even where the page says !important of everything."""
    view = open_full(lab)
    before = settle(lab, view)
    css = (
        HOSTILE
        + "main *, main { all: revert !important; } #a { width: 700px !important; height: 500px !important; display: block !important; }"
    )
    lab.page.evaluate(
        "css => { const s = document.createElement('style'); s.dataset.test = ''; s.textContent = css; document.head.append(s); }",
        css,
    )
    assert lab.page.evaluate("getComputedStyle(document.body).color") == "rgb(255, 0, 0)"
    # The page's body is turned and coloured; look at the viewer alone.
    lab.page.evaluate("document.body.style.setProperty('transform', 'none', 'important')")
    lab.page.evaluate("document.documentElement.style.setProperty('transform', 'none', 'important')")
    after = settle(lab, view)
    wrong = differs(after, before)
    assert not wrong.any(), (
        f"{wrong.sum()} pixels differ, rows and columns {[(n.min(), n.max()) for n in np.nonzero(wrong)]}"
    )


LOOKS = """() => {
  const looks = {};
  for (const element of document.querySelectorAll("[data-probe] *, body, html")) {
    const style = getComputedStyle(element);
    looks[element.tagName + element.className] = Object.fromEntries([...style].map((name) => [name, style.getPropertyValue(name)]));
  }
  for (const size of ["height", "block-size", "perspective-origin", "transform-origin", "inline-size"])
    for (const tag of ["HTML", "BODY"]) delete looks[tag][size];
  return {
    looks,
    sheets: document.styleSheets.length,
    adopted: document.adoptedStyleSheets.length,
    body: [...document.body.children].map((element) => element.tagName),
    head: document.head.children.length,
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id).filter((id) => id !== "a"),
    title: document.title,
    address: location.href,
  };
}"""
PROBES = """() => {
  const probes = document.createElement("section");
  probes.dataset.probe = "";
  probes.dataset.test = "";
  probes.innerHTML = `<div class="overlay">overlay</div><button class="neuroglancer-icon">x</button><ul class="status"><li>l</li></ul>
    <a href="#">a</a><input><select></select><table><tr><td>t</td></tr></table><h2>h</h2><pre class="CodeMirror">c</pre><div class="target picture portal">t</div>`;
  document.body.append(probes);
}"""


def test_the_page_keeps_its_looks(lab: Any) -> None:
    lab.page.evaluate(PROBES)
    before = lab.page.evaluate(LOOKS)
    assert "DIVoverlay" in before["looks"]
    view = open_full(lab)
    for key in ("editJsonState", "showScreenshotDialog"):
        view.run(f"void view.viewer.{key}()")
        lab.page.keyboard.press("Escape")
    during = lab.page.evaluate(LOOKS)
    for tag, look in before["looks"].items():
        changed = {k: (v, during["looks"][tag][k]) for k, v in look.items() if during["looks"][tag][k] != v}
        assert not changed, f"{tag}: {changed}"
    assert {k: v for k, v in during.items() if k != "looks"} == {
        k: v for k, v in before.items() if k != "looks"
    }
