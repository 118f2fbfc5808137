// One running upstream viewer: made, read, and taken down without leaving anything behind.
import "neuroglancer";
import "neuroglancer/unstable/datasource/python/register_default.js";
import "neuroglancer/unstable/sliceview/chunk_format_handlers.js";
import type { CredentialsManager } from "neuroglancer/unstable/credentials_provider/index.js";
import { DisplayContext } from "neuroglancer/unstable/display_context.js";
import { getStatusMessageContainers } from "neuroglancer/unstable/status.js";
import { setDefaultInputEventBindings } from "neuroglancer/unstable/ui/default_input_event_bindings.js";
import { isInputTextTarget } from "neuroglancer/unstable/util/dom.js";
import { Viewer } from "neuroglancer/unstable/viewer.js";
import type { JsonObject } from "./json";
import { pace } from "./pace";
import { closeHome, type Home, openHome, useHome } from "./page";
import { restoreState } from "./restore";
import { Shown } from "./shown";
import "./tools";
import { type UiChoice, uiOptions } from "./ui";

/** WebGL2 is missing or switched off. */
export class NoWebGl2Error extends Error {
  override name = "NoWebGl2Error";
}

/** Draws nothing while there is nothing to draw on; neuroglancer assumes a canvas with a size. */
class EmbeddedDisplayContext extends DisplayContext {
  override draw(): void {
    const { canvas } = this;
    // Without WebGL2 there is no `gl`, but neuroglancer watches the size already.
    if (this.wasDisposed || this.gl?.isContextLost() !== false) return;
    if (!canvas.isConnected || canvas.offsetWidth === 0 || canvas.offsetHeight === 0) return;
    super.draw();
  }
}

const EVENTS_OF_USE = ["pointerenter", "pointerdown", "focusin", "keydown", "dragenter"] as const;

/** One upstream viewer in one shadow root, on one WebGL context. */
export class LiveViewer {
  readonly viewer: Viewer;
  readonly display: DisplayContext;
  /** Have all data that came drawn with the next frame. */
  readonly catchUp: () => void;
  readonly #home: Home;
  readonly #target: HTMLElement;
  readonly #shown: Shown;
  readonly #listeners = new AbortController();
  #disposed = false;

  /**
   * @param root the shadow root to draw in
   * @param ui which of neuroglancer's controls to show
   * @param onContextLost called when the browser takes the WebGL context away
   * @param credentialsManager where data sources get their credentials
   * @throws NoWebGl2Error where the browser gives no WebGL2 context
   */
  constructor(root: ShadowRoot, ui: UiChoice, onContextLost: () => void, credentialsManager?: CredentialsManager) {
    const target = document.createElement("div");
    target.className = "target";
    root.prepend(target);
    this.#target = target;
    this.#home = openHome(root);
    this.#use();
    const { signal } = this.#listeners;
    for (const type of EVENTS_OF_USE) root.addEventListener(type, () => this.#use(), { capture: true, signal });
    try {
      this.display = new EmbeddedDisplayContext(target);
    } catch (error) {
      this.#takeDown();
      throw new NoWebGl2Error((error as Error).message, { cause: error });
    }
    this.display.canvas.addEventListener("webglcontextlost", () => this.#disposed || onContextLost(), { signal });
    target.dataset.ui = ui.preset ?? "full";
    this.viewer = new Viewer(this.display, {
      showLayerDialog: false,
      resetStateWhenEmpty: false,
      credentialsManager,
      ...uiOptions(ui),
    });
    this.#shown = new Shown(this.viewer);
    this.catchUp = pace(this.viewer);
    setDefaultInputEventBindings(this.viewer.inputEventBindings);
    this.viewer.element.setAttribute("role", "application");
    this.viewer.element.setAttribute("aria-label", "Neuroglancer viewer. Press H for help on keys.");
    root.addEventListener("keydown", keepTypingInside, { signal });
    // In place of neuroglancer's document-wide handlers: no menu and no page zoom over the viewer.
    target.addEventListener("contextmenu", keepMenuAway, { signal });
    target.addEventListener("wheel", keepScrollInside, { passive: false, signal });
  }

  get state(): JsonObject {
    return this.#shown.state;
  }

  /** Show `state`; what is already as wanted is not touched. Gives a sentence for each malformed member. */
  restore(state: JsonObject): string[] {
    this.#use();
    this.#shown.wanted = state;
    return restoreState(this.viewer, () => this.state, state);
  }

  setUi(ui: UiChoice): void {
    this.#target.dataset.ui = ui.preset ?? "full";
    for (const [key, value] of Object.entries(uiOptions(ui))) {
      const option = (this.viewer.uiConfiguration as unknown as Record<string, { value: boolean } | undefined>)[key];
      if (option !== undefined) option.value = value;
    }
  }

  nextFrame(): Promise<void> {
    const { display } = this;
    return new Promise((resolve) => {
      const stop = display.updateFinished.add(() => {
        stop();
        // The browser gives the frame after it when it is through with this one.
        requestAnimationFrame(() => resolve());
      });
      display.scheduleRedraw();
    });
  }

  /** A copy of the last picture, to stand in while the viewer is paused. */
  snapshot(): HTMLCanvasElement {
    const { canvas } = this.display;
    const copy = document.createElement("canvas");
    copy.width = canvas.width;
    copy.height = canvas.height;
    // The drawing buffer is only defined right after drawing.
    this.display.draw();
    copy.getContext("2d")?.drawImage(canvas, 0, 0);
    return copy;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { gl, canvas } = this.display;
    this.viewer.dispose();
    this.display.dispose();
    gl.getExtension("WEBGL_lose_context")?.loseContext();
    canvas.width = canvas.height = 1;
    this.#takeDown();
  }

  #use(): void {
    useHome(this.#home);
    for (const messages of getStatusMessageContainers()) {
      if (messages.parentNode !== this.#home.status) this.#home.status.append(messages);
    }
  }

  #takeDown(): void {
    this.#listeners.abort();
    closeHome(this.#home);
    this.#target.remove();
  }
}

/** Outside the shadow root nobody can see that a key was typed into a field and is no shortcut. */
function keepTypingInside(event: Event): void {
  if (isInputTextTarget(event.composedPath()[0] as EventTarget)) event.stopPropagation();
}

/** The right button steers the view: the browser opens no menu, nor does the page, as JupyterLab would. */
function keepMenuAway(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

/** The wheel over the viewer scrolls its own lists or steers the view, never the page. */
function keepScrollInside(event: WheelEvent): void {
  if (event.ctrlKey) {
    event.preventDefault();
    return;
  }
  for (const node of event.composedPath()) {
    if (!(node instanceof Element)) break;
    const vertical = event.deltaY !== 0;
    const [size, room] = vertical ? [node.scrollHeight, node.clientHeight] : [node.scrollWidth, node.clientWidth];
    if (size <= room) continue;
    const style = getComputedStyle(node);
    if (!/auto|scroll/.test(vertical ? style.overflowY : style.overflowX)) continue;
    const position = vertical ? node.scrollTop : node.scrollLeft;
    const delta = vertical ? event.deltaY : event.deltaX;
    if (delta < 0 ? position > 0 : position + room < size - 1) return;
  }
  event.preventDefault();
}
