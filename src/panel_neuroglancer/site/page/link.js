// Links the page's Bokeh document with Python's: each change and each message arrives once, in the order it was made.

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

/** Draw Python's document into the page's elements and collect its changes in `outbox`. Resolves to the document. */
export async function draw(json, rootIds, outbox) {
  await parsed;
  const [data] = Object.values(JSON.parse(json));
  const doc = Bokeh.require("document").Document.from_json(data);
  // Listen before the first view is built: what a view says while it is being drawn counts, too.
  doc.on_change((event) => {
    if (event.sync !== false) outbox.push(event); // false: it came from Python
  }, false);
  const elements = rootIds.map((id) => document.querySelector(`[data-root-id="${id}"]`));
  await Bokeh.embed.add_document_standalone(doc, document.body, elements);
  return doc;
}

/** Apply one patch of Python's. */
export function receive(doc, patch, buffers) {
  try {
    doc.apply_json_patch(patch, buffers);
    // Python knows the models that it has just sent. Bokeh would send them back whole with the next message of theirs, and
    // cannot: some of their properties are not set.
    doc._new_models.clear();
  } catch (error) {
    console.error("A change of Python's could not be shown:", error);
  }
}
