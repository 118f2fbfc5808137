// Links the page's Bokeh document with Python's: each change and each message arrives once, in the order it was made.
import { release, withhold } from "./controls.js";
import { heirs, Pairing, rename, viewersOf } from "./drawn.js";

const DRAWN = "drawn-"; // what ids begin with that Python has not given
const AT_ONCE = 20; // changes in one patch: what waits behind them can still be merged, and the page stays alive

/** The page's changes on their way to Python. */
export class Outbox {
  #queue = [];
  #busy = true; // until `open`
  #send;

  /** `send(patch)` hands a patch to Python and resolves when Python is through with it. */
  constructor(send) {
    this.#send = send;
  }

  /** Let go of what has been waiting. */
  open() {
    this.#busy = false;
    this.#schedule();
  }

  push(event) {
    // A property's newer value replaces one that still waits, as long as it overtakes no message: while Python is busy, a
    // dragged slider sends its last value and not a hundred. Messages are never merged.
    if (event.kind === "ModelChanged") {
      for (let i = this.#queue.length - 1; i >= 0 && this.#queue[i].kind === "ModelChanged"; i--) {
        if (this.#queue[i].model === event.model && this.#queue[i].attr === event.attr) {
          this.#queue.splice(i, 1);
          break;
        }
      }
    }
    this.#queue.push(event);
    this.#schedule();
  }

  /** Drop the changes of those models. */
  drop(condition) {
    this.#queue = this.#queue.filter(({ model, msg_data: data }) => !condition(model ?? data?.origin));
  }

  /** Whether a change of a model's property waits. */
  holds(id, attr) {
    return this.#queue.some((event) => event.model?.id === id && event.attr === attr);
  }

  #schedule() {
    if (this.#busy || !this.#queue.length) return;
    this.#busy = true;
    queueMicrotask(() => this.#flush());
  }

  async #flush() {
    const events = this.#queue.splice(0, AT_ONCE);
    try {
      // A clone, so that both runtimes see plain data: a worker gets one anyway.
      await this.#send(structuredClone(events[0].document.create_json_patch(events)));
    } catch (error) {
      console.error("A change of the page did not reach Python:", error);
    }
    this.#busy = false;
    this.#schedule();
  }
}

// Bokeh's and Panel's scripts come last on the page.
const parsed = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
  else resolve();
});

/** The page's document: first what `convert` drew, then Python's. */
export class PageDocument {
  #rootIds;
  #outbox;
  #drawn; // as JSON
  #doc;
  #toPage = new Map();
  #toPython = new Map();

  /** `send(patch)` hands a patch to Python and resolves when Python is through with it. */
  constructor(rootIds, send) {
    this.#rootIds = rootIds;
    this.#outbox = new Outbox((patch) => send(rename(patch, (id) => this.#toPython.get(id) ?? id)));
  }

  /** Whether there is something to be seen. */
  get shown() {
    return this.#doc !== undefined;
  }

  /** Take in what `convert` drew: JSON, in which `site` stands for the page's folder, `base`. Returns its viewers. */
  read(json, site, base) {
    const local = json.replaceAll(site, base).replaceAll(encodeURIComponent(site), encodeURIComponent(base));
    const [data] = Object.values(JSON.parse(local));
    // Python's ids must not mean anything here by chance.
    this.#drawn = rename(data, (id) => DRAWN + id);
    return viewersOf(this.#drawn);
  }

  /** Draw what was read. */
  async drawFirst() {
    try {
      await this.#draw(this.#drawn, withhold);
    } catch (error) {
      this.#clear();
      throw error;
    }
  }

  /** Make the page's document Python's. */
  async become(json) {
    const [data] = Object.values(JSON.parse(json));
    let became = false;
    try {
      became = this.shown && this.#become(data);
    } catch (error) {
      console.warn("What was drawn could not become Python's document, which is drawn anew:", error);
    }
    if (!became) {
      const before = this.#doc;
      this.#clear();
      await this.#draw(data, (doc) => {
        if (before === undefined) return;
        // Its viewers go on from what was done in those whose place they take (js/src/session.ts).
        for (const [id, drawn] of heirs(this.#drawn, data))
          doc.get_model_by_id(id).former = before.get_model_by_id(drawn);
      });
    }
    this.#drawn = undefined;
  }

  /** Switch the controls off: there is nobody to heed them. */
  withhold() {
    withhold(this.#doc);
  }

  /** Send what waits to Python, and what comes. */
  open() {
    this.#outbox.open();
  }

  /** Apply one patch of Python's. */
  receive(patch, buffers) {
    try {
      this.#apply(rename(patch, (id) => this.#toPage.get(id) ?? id), buffers);
    } catch (error) {
      console.error("A change of Python's could not be shown:", error);
    }
  }

  async #draw(data, prepare = () => {}) {
    await parsed;
    const doc = Bokeh.require("document").Document.from_json(data);
    this.#doc = doc;
    prepare(doc);
    // Listen before the first view is built: what a view says while it is being drawn counts, too.
    doc.on_change((event) => {
      if (event.sync !== false && doc === this.#doc) this.#outbox.push(event); // false: it came from Python
    }, false);
    const elements = this.#rootIds.map((id) => document.querySelector(`[data-root-id="${id}"]`));
    await Bokeh.embed.add_document_standalone(doc, document.body, elements);
  }

  /** Change what is drawn into Python's; returns whether that can be. */
  #become(data) {
    const pairing = new Pairing(this.#drawn, data);
    if (!pairing.whole) return false;
    const doc = this.#doc;
    release(doc);
    for (const [python, drawn] of pairing.pairs) {
      this.#toPage.set(python, drawn);
      this.#toPython.set(drawn, python);
    }
    this.#outbox.drop((model) => model?.id.startsWith(DRAWN) && !this.#toPython.has(model.id));
    // What comes from now on is in Python's names, also for the components of the app's own.
    const { Deserializer } = Bokeh.require("core/serialization/deserializer");
    doc.resolver = new doc.resolver.constructor(doc.resolver.parent);
    new Deserializer(doc.resolver).decode(data.defs ?? []);
    const { events, resets } = pairing.changes((id, attr) => this.#outbox.holds(id, attr));
    this.#apply({ events });
    for (const [id, attr] of resets) {
      const model = doc.get_model_by_id(id);
      model?.setv({ [attr]: model.property(attr).default_value(model) }, { sync: false });
    }
    return true;
  }

  #apply(patch, buffers) {
    const doc = this.#doc;
    const own = new Set(doc._new_models);
    doc.apply_json_patch(patch, buffers);
    // Python knows the models that it has just sent. Bokeh would send them back whole with the next message of theirs, and
    // cannot: some of their properties are not set.
    for (const model of doc._new_models) if (!own.has(model)) doc._new_models.delete(model);
  }

  /** Take away what was drawn: it has nothing in common with Python's. */
  #clear() {
    this.#outbox.drop(() => true);
    this.#doc?.views_manager?.clear();
    this.#doc = undefined;
    this.#toPage.clear();
    this.#toPython.clear();
  }
}
