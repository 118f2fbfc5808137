// One viewer as a page sees it: an element that draws, pauses, recovers and goes.
//
// The upstream viewer inside comes and goes with its WebGL context; what the user sees, and the
// state, stay.
import type { CredentialsManager } from "neuroglancer/unstable/credentials_provider/index.js";
import { type Claimant, claimContext, crowded, hasRoom, releaseContext } from "./contexts";
import { makeError, sourceErrors, type ViewerError } from "./errors";
import { onFailures } from "./failures";
import { equal, FETCH, isObject, type JsonObject } from "./json";
import { suppressShortcuts } from "./jupyter";
import { LiveViewer, NoWebGl2Error } from "./live";
import { Notices } from "./notice";
import { useEditor } from "./page";
import { type Hover, readHover, readLinkedSegments } from "./readings";
import { fetchState, StateFileError } from "./remote";
import { styleSheet } from "./styles";
import { Throttle } from "./throttle";
import type { UiChoice } from "./ui";
import { type Box, readVoxels, type Voxels } from "./voxels";

type Upstream = LiveViewer["viewer"];

export interface ViewerOptions {
  state?: JsonObject;
  ui?: UiChoice;
  /** Where data sources get their credentials; by default the page's own ways, such as a log-in window. */
  credentials?: CredentialsManager | undefined;
  /** Called with each upstream viewer as it starts; what it returns is called when that one stops. */
  onStart?: (viewer: Upstream) => (() => void) | undefined;
}

export interface ViewerEvents {
  state: JsonObject;
  hover: Hover;
  ready: boolean;
  errors: ViewerError[];
}

/** The element of a viewer; the running upstream viewer is at hand for debugging and power users. */
export interface ViewerElement extends HTMLDivElement {
  neuroglancerViewer?: Upstream | undefined;
}

/** neuroglancer calls panels without any layer to draw unready for ever. */
function isReady(viewer: Upstream): boolean {
  return viewer.layerManager.managedLayers.every((layer) => !layer.visible) || viewer.isReady();
}

const RETRY_MS = [250, 1000, 3000];

export class EmbeddedViewer implements Claimant {
  readonly element: ViewerElement = document.createElement("div");
  readonly #root = this.element.attachShadow({ mode: "open" });
  readonly #notices: Notices;
  readonly #listeners: { [K in keyof ViewerEvents]: Set<(value: ViewerEvents[K]) => void> } = {
    state: new Set(),
    hover: new Set(),
    ready: new Set(),
    errors: new Set(),
  };
  readonly #sight: IntersectionObserver;
  readonly #reports = {
    state: new Throttle(() => this.#emitState(), 100, 200),
    hover: new Throttle(() => this.#emitHover(), 50, 50),
    ready: new Throttle(() => this.#checkReady(), 100, 100),
    errors: new Throttle(() => void this.#checkErrors(), 200, 400),
  };
  readonly #unmark: () => void;
  readonly #onStart: ViewerOptions["onStart"];
  readonly #credentials: ViewerOptions["credentials"];
  #ui: UiChoice;
  #state: JsonObject;
  #live: LiveViewer | undefined;
  #unwatch: (() => void)[] = [];
  #picture: HTMLCanvasElement | undefined;
  #ready = false;
  #errors: ViewerError[] = [];
  #stateErrors: ViewerError[] = [];
  /** Set while the state is on its way from a file. */
  #fetching: AbortController | undefined;
  #attempts = 0;
  #disposed = false;
  onScreen = true;

  constructor(container: Node, { state = {}, ui = {}, credentials, onStart }: ViewerOptions = {}) {
    this.#onStart = onStart;
    this.#credentials = credentials;
    this.#state = state;
    this.#ui = ui;
    this.element.className = "panel-neuroglancer-viewer";
    this.element.style.cssText = "display:block;position:relative;width:100%;height:100%;";
    this.#root.adoptedStyleSheets = [styleSheet()];
    this.#unmark = suppressShortcuts(this.element);
    this.#notices = new Notices(this.#root);
    container.appendChild(this.element);
    this.#sight = new IntersectionObserver((entries) => this.#see(entries), { rootMargin: "200px" });
    this.#sight.observe(this.element);
    // Of many viewers made at once most are out of sight: who comes late waits to be seen.
    if (hasRoom()) this.#start();
    else this.#rest("Paused while out of sight");
  }

  /** The running upstream viewer; undefined while paused. */
  get viewer(): Upstream | undefined {
    return this.#live?.viewer;
  }

  get errors(): ViewerError[] {
    return this.#errors;
  }

  get isReady(): boolean {
    return this.#ready;
  }

  getState(): JsonObject {
    return this.#live === undefined ? this.#state : this.#live.state;
  }

  /**
   * Show a state, or the file that it refers to. A malformed member is reported in `errors`; the rest
   * of the view is kept.
   */
  setState(state: JsonObject): void {
    this.#state = state;
    this.#stateErrors = [];
    this.#fetching?.abort();
    this.#fetching = undefined;
    if (this.#live !== undefined && FETCH in state) void this.#fetchState(this.#live, state);
    else this.#restore(state);
  }

  async #fetchState({ viewer }: LiveViewer, state: JsonObject): Promise<void> {
    const fetching = new AbortController();
    this.#fetching = fetching;
    this.#notices.busy(`Loading the view from ${state[FETCH]}…`, { clear: true });
    try {
      const found = await fetchState(viewer, state, fetching.signal);
      if (fetching.signal.aborted) return;
      this.#fetching = undefined;
      this.setState(found);
    } catch (error) {
      if (fetching.signal.aborted) return;
      if (!(error instanceof StateFileError)) throw error;
      this.#fetching = undefined;
      // What is shown stays; Python hears of it, and of the error.
      this.#state = this.getState();
      this.#stateErrors = [error.problem];
      this.#reports.errors.call();
      this.#reports.state.call();
    } finally {
      if (this.#fetching === undefined) this.#notices.idle();
    }
  }

  #restore(state: JsonObject): void {
    // Not before it is drawn; and Python must hear so before it hears of the state.
    this.#setReady(false);
    const problems = this.#live?.restore(state) ?? [];
    this.#stateErrors = problems.map((problem) => makeError("state", `The state could not be shown: ${problem}`));
    this.#reports.errors.call();
    this.#reports.state.call();
    this.#reports.ready.call();
  }

  /** Show what somebody wrote as a state; gives a sentence for each mistake. */
  #edit(value: unknown): string[] {
    if (isObject(value)) this.setState(value);
    else {
      const message = `The state is ${JSON.stringify(value)?.slice(0, 80)}; expected a JSON object.`;
      this.#stateErrors = [makeError("state", message)];
      this.#reports.errors.call();
    }
    return this.#stateErrors.map(({ message, fix }) => `${message} ${fix}`);
  }

  /** Choose neuroglancer's controls; a running viewer changes at once. */
  setUi(ui: UiChoice): void {
    this.#ui = ui;
    this.#live?.setUi(ui);
  }

  get linkedSegments(): Record<string, string> {
    return this.viewer === undefined ? {} : readLinkedSegments(this.viewer);
  }

  on<K extends keyof ViewerEvents>(event: K, listener: (value: ViewerEvents[K]) => void): () => void {
    this.#listeners[event].add(listener);
    return () => this.#listeners[event].delete(listener);
  }

  /** Tell the listeners all that they may have missed. */
  tell(): void {
    this.#emitState();
    this.#emit("errors", this.#errors);
    this.#emit("ready", this.#ready);
  }

  /** Resolves once all that is in sight is loaded and drawn; rejects where a source has failed. */
  async ready(): Promise<void> {
    let calm = 0;
    while (calm < 2) {
      if (this.#disposed) throw new Error("The viewer was disposed");
      await new Promise(requestAnimationFrame);
      const { viewer } = this;
      if (viewer === undefined) continue;
      viewer.display.draw();
      calm = isReady(viewer) ? calm + 1 : 0;
      if (calm === 0) {
        await this.#checkErrors();
        if (this.#errors.length > 0)
          throw new Error(this.#errors.map((e) => `${e.layer ?? "viewer"}: ${e.message}`).join("\n"));
      }
    }
  }

  /** Resolves when the next frame has been drawn: at once while paused, late out of sight. */
  async nextFrame(): Promise<void> {
    await this.#live?.nextFrame();
  }

  readVoxels(layer: string, box: Box): Promise<Voxels> {
    if (this.viewer === undefined) throw new Error("The viewer is paused; bring it into sight first");
    return readVoxels(this.viewer, layer, box);
  }

  /** A copy of the picture on the canvas; undefined where nothing can be drawn now. */
  picture(): HTMLCanvasElement | undefined {
    if (this.#live === undefined) return this.#picture;
    const drawable = this.element.offsetWidth > 0 && !this.#live.display.gl.isContextLost();
    return drawable ? this.#live.snapshot() : undefined;
  }

  /** The picture on the canvas as PNG. */
  screenshot(): Promise<Blob> {
    const canvas = this.picture();
    return new Promise((resolve, reject) =>
      canvas === undefined
        ? reject(new Error("The viewer has not drawn yet"))
        : canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture is empty"))), "image/png"),
    );
  }

  /** Give the WebGL context up; the last picture stays and the state is kept. */
  pause(note = "Paused while out of sight"): void {
    if (this.#live === undefined) return;
    this.#state = this.#live.state;
    if (!this.#live.display.gl.isContextLost()) this.#keepPicture(this.#live.snapshot());
    this.#stop();
    this.#rest(note);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#sight.disconnect();
    this.#fetching?.abort();
    for (const report of Object.values(this.#reports)) report.cancel();
    this.#stop();
    this.#unmark();
    this.element.remove();
  }

  #rest(note: string): void {
    this.#notices.busy(note, { turning: false, clear: true, action: { label: "Resume", run: () => this.#start() } });
  }

  #see(entries: IntersectionObserverEntry[]): void {
    this.onScreen = entries.at(-1)?.isIntersecting ?? true;
    if (this.onScreen && this.#live === undefined) this.#start();
  }

  #start(): void {
    if (this.#disposed || this.#live !== undefined) return;
    claimContext(this);
    try {
      this.#live = new LiveViewer(this.#root, this.#ui, () => this.#recover(), this.#credentials);
    } catch (error) {
      releaseContext(this);
      if (!(error instanceof NoWebGl2Error)) throw error;
      this.#fail(error);
      return;
    }
    this.#attempts = 0;
    this.element.neuroglancerViewer = this.#live.viewer;
    this.#watch(this.#live);
    useEditor(this.#live.viewer, (value) => this.#edit(value));
    const stop = this.#onStart?.(this.#live.viewer);
    if (stop !== undefined) this.#unwatch.push(stop);
    this.#notices.idle();
    this.setState(this.#state);
    this.#setErrors(this.#stateErrors);
    this.#picture?.remove();
    this.#picture = undefined;
  }

  #stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch = [];
    this.#live?.dispose();
    this.#live = undefined;
    this.element.neuroglancerViewer = undefined;
    releaseContext(this);
    this.#setReady(false);
  }

  /** The browser took the context: start again from the state, unless it must be shared out. */
  #recover(): void {
    if (this.#live === undefined) return;
    if (crowded() || !this.onScreen) {
      this.pause("Paused: too many 3-D views are open on this page");
      return;
    }
    this.#state = this.#live.state;
    this.#stop();
    this.#notices.busy("The browser took the graphics away. Restoring the view…");
    this.#start();
  }

  #fail(error: NoWebGl2Error): void {
    const problem = makeError("no-webgl2", `This browser gives no WebGL2: ${error.message}`);
    this.#setErrors([problem]);
    const delay = RETRY_MS[this.#attempts];
    this.#attempts += 1;
    const retry = { label: "Try again", run: () => this.#start() };
    this.#notices.busy("No graphics", { turning: delay !== undefined, action: retry });
    this.#notices.problems([problem]);
    if (delay !== undefined) setTimeout(() => this.#start(), delay);
  }

  #keepPicture(picture: HTMLCanvasElement): void {
    picture.className = "picture";
    picture.setAttribute("aria-hidden", "true");
    this.#picture?.remove();
    this.#root.prepend(picture);
    this.#picture = picture;
  }

  #watch({ viewer }: LiveViewer): void {
    const { state, hover, ready, errors } = this.#reports;
    this.#unwatch = [
      viewer.state.changed.add(() => {
        state.call();
        ready.call();
      }),
      viewer.layerManager.layersChanged.add(() => errors.call()),
      onFailures(() => errors.call()),
      viewer.display.updateFinished.add(() => {
        ready.call();
        errors.call();
      }),
      viewer.mouseState.changed.add(() => hover.call()),
      viewer.layerSelectedValues.changed.add(() => hover.call()),
    ];
  }

  #emit<K extends keyof ViewerEvents>(event: K, value: ViewerEvents[K]): void {
    for (const listener of this.#listeners[event]) listener(value);
  }

  #emitState(): void {
    // Until the file is here, what is shown is not what was asked for.
    if (this.#fetching === undefined) this.#emit("state", this.getState());
  }

  #emitHover(): void {
    if (this.viewer !== undefined) this.#emit("hover", readHover(this.viewer));
  }

  #checkReady(): void {
    const { viewer } = this;
    // Without layers neuroglancer's panels wait for a coordinate space that will not come.
    if (viewer !== undefined) this.#setReady(viewer.layerManager.managedLayers.length === 0 || viewer.isReady());
  }

  #setReady(ready: boolean): void {
    if (ready === this.#ready) return;
    // Who hears that the view is ready must know it already.
    if (ready && this.#reports.state.due) this.#reports.state.flush();
    if (ready) this.#live?.catchUp();
    this.#ready = ready;
    this.#emit("ready", ready);
  }

  async #checkErrors(): Promise<void> {
    const { viewer } = this;
    if (viewer === undefined) return;
    const errors = [...this.#stateErrors, ...(await sourceErrors(viewer))];
    if (viewer === this.viewer) this.#setErrors(errors);
  }

  #setErrors(errors: ViewerError[]): void {
    this.#notices.problems(errors);
    if (equal(errors as never, this.#errors as never)) return;
    this.#errors = errors;
    this.#emit("errors", errors);
  }
}
