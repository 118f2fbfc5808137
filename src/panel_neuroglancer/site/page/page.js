// The page of a converted app: draws what `convert` drew, starts Python meanwhile, here or in a worker, and lets it take over.
import { Indicator } from "./indicator.js";
import { PageDocument } from "./link.js";
import { apply, describe, startPython } from "./python.js";
import { beginViewers, Pictures } from "./viewers.js";

const config = JSON.parse(document.getElementById("pn-config").textContent);
const base = new URL(".", document.baseURI).href;
const place = JSON.stringify(window.location);
const indicator = new Indicator();
const say = (...args) => indicator.say(...args);

/** Viewers wait for this before they look for Python (js/src/arrival.ts). */
const ARRIVAL = Symbol.for("panel-neuroglancer.arrival");
/** How long Python waits at most for the first pictures, where it leaves little time for others. */
const PATIENCE_MS = 3000;
/** With no more processors than two Python and the pictures only slow each other down. */
const fewProcessors = navigator.hardwareConcurrency <= 2;
const pictures = new Pictures();
let arrived;
globalThis[ARRIVAL] = { python: new Promise((resolve) => { arrived = resolve; }), pictures, early: new Map() };

let page;
let drawing; // resolves to whether there are viewers
let endEarly = () => {};

/** Draw what `convert` drew, with `send` to take the changes to Python later. */
function drawFirst(send) {
  page = new PageDocument(config.roots, send);
  const drawn = document.getElementById("pn-drawn")?.textContent;
  drawing = (async () => {
    if (!drawn) return false;
    const viewers = page.read(drawn, config.site, base);
    if (config.engine) endEarly = beginViewers(new URL(config.engine, base), viewers, () => !page.shown);
    await page.drawFirst();
    return viewers.length > 0;
  })().catch((error) => {
    // Python may draw what could not be drawn without it.
    console.warn("The page could not be drawn before Python is there:", error);
    endEarly();
    return false;
  });
}

/** Resolves when the first pictures are there, or as good as never will be. */
async function pictured() {
  if (await drawing) await Promise.race([pictures.made(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

/** Make the page Python's; `link` connects Python with it. */
async function takeOver(documents, link) {
  try {
    await drawing;
    await page.become(documents);
  } catch (error) {
    throw Object.assign(error, { page: true }); // not Python's fault
  }
  link();
  page.open();
  endEarly();
  delete globalThis[ARRIVAL];
  arrived(true);
  indicator.done();
}

/** Say what went wrong; what is there stays, and can be used as far as it needs no Python. */
async function fail(error) {
  await drawing; // what fails at once, too
  if (page?.shown) page.withhold();
  else endEarly();
  arrived(false); // unless it has arrived: what dies later is told otherwise
  indicator.fail(error, page?.shown);
}

function inWorker() {
  // A global of this name is where the viewer's channel looks for the worker, as in Panel's own pages.
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  globalThis.pyodideWorker = worker;
  let idle;
  drawFirst((patch) => new Promise((resolve) => {
    idle = resolve;
    worker.postMessage({ type: "patch", patch });
  }));
  const handlers = {
    status: ({ args }) => say(...args),
    failed: ({ error }) => fail(error),
    idle: () => idle(),
    patch: ({ patch, buffers }) => page.receive(patch, buffers),
    render: ({ documents }) => takeOver(documents, () => worker.postMessage({ type: "drawn", location: place })),
  };
  worker.addEventListener("message", async ({ data }) => {
    try {
      await handlers[data?.type]?.(data);
    } catch (error) {
      fail(describe(error));
    }
  });
  worker.addEventListener("error", (event) => fail(describe(new Error(event.message || "The worker did not load"))));
  const begin = () => worker.postMessage({ type: "boot", config, base });
  if (fewProcessors) pictured().then(begin);
  else begin();
}

async function onPage() {
  let bridge;
  drawFirst((patch) => {
    apply(bridge, patch).catch((error) => {
      console.error("A change of the page did not reach Python:", error);
      if (error.pyodide_fatal_error) fail(describe(error));
    });
    return new Promise((resolve) => setTimeout(resolve)); // let the page breathe before more of it
  });
  // Here nothing is drawn while Python runs.
  const ready = pictured();
  if (fewProcessors) await ready;
  const python = await startPython(config, base, say, ready);
  bridge = python.bridge;
  globalThis.pyodide = python.pyodide;
  bridge.prepare();
  const documents = await bridge.run(config.source, config.filename);
  await takeOver(documents, () => bridge.link((patch, buffers) => page.receive(patch, buffers), place));
}

if (typeof WebAssembly === "undefined") {
  drawFirst(() => {});
  fail({
    title: "This browser cannot run Python",
    reason: "It has no WebAssembly, or it is switched off.",
    fix: "Use a current Chrome, Edge, Firefox or Safari; in a locked-down profile, ask for WebAssembly to be allowed.",
  });
} else if (config.target === "pyodide-worker") {
  inWorker();
} else {
  onPage().catch((error) => fail(describe(error)));
}
