// Stands for neuroglancer's util/automatic_focus.js, which takes the focus when the mouse passes over.
//
// On somebody else's page only a press (or the Tab key) may move the focus into the viewer. Once it
// is there, it follows the mouse from panel to panel, as neuroglancer's users are used to.
import { RefCounted } from "neuroglancer/unstable/util/disposable.js";
import { isInputTextTarget } from "neuroglancer/unstable/util/dom.js";
import { page } from "./page";

export class AutomaticallyFocusedElement extends RefCounted {
  constructor(public element: HTMLElement) {
    super();
    element.tabIndex = 0;
    const focus = () => element.focus({ preventScroll: true });
    this.registerEventListener(element, "pointerdown", (event) => {
      if (event.target === element) focus();
    });
    this.registerEventListener(element, "mouseenter", () => {
      const active = page.activeElement;
      if (active === null || active.getRootNode() !== element.getRootNode()) return;
      if (element.contains(active) || isInputTextTarget(active)) return;
      focus();
    });
  }
}
