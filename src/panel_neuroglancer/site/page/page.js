// The page of a converted app: starts Python, here or in a worker, shows how far it is, and links both documents.
import { Indicator } from "./indicator.js";
import { draw, Outbox, receive } from "./link.js";
import { apply, describe, startPython } from "./python.js";

const config = JSON.parse(document.getElementById("pn-config").textContent);
const base = new URL(".", document.baseURI).href;
const place = JSON.stringify(window.location);
const indicator = new Indicator();
const say = (...args) => indicator.say(...args);

function show(documents, outbox) {
  return draw(documents, config.roots, outbox).catch((error) => {
    throw Object.assign(error, { page: true }); // not Python's fault
  });
}

function inWorker() {
  // A global of this name is where the viewer's channel looks for the worker, as in Panel's own pages.
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  globalThis.pyodideWorker = worker;
  let doc;
  let idle;
  const outbox = new Outbox((patch) => new Promise((resolve) => {
    idle = resolve;
    worker.postMessage({ type: "patch", patch });
  }));
  const handlers = {
    status: ({ args }) => say(...args),
    failed: ({ error }) => indicator.fail(error),
    idle: () => idle(),
    patch: ({ patch, buffers }) => receive(doc, patch, buffers),
    async render({ documents }) {
      doc = await show(documents, outbox);
      worker.postMessage({ type: "drawn", location: place });
      outbox.open();
      indicator.done();
    },
  };
  worker.addEventListener("message", async ({ data }) => {
    try {
      await handlers[data?.type]?.(data);
    } catch (error) {
      indicator.fail(describe(error));
    }
  });
  worker.addEventListener("error", (event) => indicator.fail(describe(new Error(event.message || "The worker did not load"))));
  worker.postMessage({ type: "boot", config, base });
}

async function onPage() {
  const { pyodide, bridge } = await startPython(config, base, say);
  globalThis.pyodide = pyodide;
  bridge.prepare();
  const outbox = new Outbox((patch) => {
    apply(bridge, patch).catch((error) => {
      console.error("A change of the page did not reach Python:", error);
      if (error.pyodide_fatal_error) indicator.fail(describe(error));
    });
    return new Promise((resolve) => setTimeout(resolve)); // let the page breathe before more of it
  });
  const doc = await show(await bridge.run(config.source, config.filename), outbox);
  bridge.link((patch, buffers) => receive(doc, patch, buffers), place);
  outbox.open();
  indicator.done();
}

if (typeof WebAssembly === "undefined") {
  indicator.fail({
    title: "This browser cannot run Python",
    reason: "It has no WebAssembly, or it is switched off.",
    fix: "Use a current Chrome, Edge, Firefox or Safari; in a locked-down profile, ask for WebAssembly to be allowed.",
  });
} else if (config.target === "pyodide-worker") {
  inWorker();
} else {
  onPage().catch((error) => indicator.fail(describe(error)));
}
