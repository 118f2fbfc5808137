// How the engine starts its workers and fetches its wasm, wherever its parts came from.
//
// Served by URL, a part's address is relative to the module that asks. Handed over as text (over
// the channel, or inlined in a saved page) parts are blobs, which have no folder: then the loader
// has put the address of each worker into the text, and leaves a resolver for the rest.

import { answerWorker } from "./sources";

/** Gives the URL of a part by its file name, where parts are not files in one folder. */
export type PartResolver = (name: string, forWorker: boolean) => Promise<string>;

interface PartsGlobal {
  __panelNeuroglancerPart?: PartResolver;
  /** Name of the BroadcastChannel on which the page answers workers that ask for parts. */
  __panelNeuroglancerParts?: string;
}

const scope = globalThis as PartsGlobal;

/** The first byte of what gzip wrote. */
const GZIP = 0x1f;

/** Start a module worker that may ask the page for what Python serves. */
export function startWorker(url: URL | string): Worker {
  const worker = makeWorker(url);
  // Before neuroglancer listens, whose handler takes every message for its own.
  answerWorker(worker);
  return worker;
}

/** Make a module worker, also when its address is on another origin or a blob. */
function makeWorker(url: URL | string): Worker {
  const address = String(url);
  const channel = scope.__panelNeuroglancerParts;
  if (channel === undefined && new URL(address, "x:/").origin === self.location.origin)
    return new Worker(address, { type: "module" });
  const prelude = channel === undefined ? "" : workerPrelude(channel);
  // A page opened from disk (see locate.ts) may start no module worker, but a classic one may load modules.
  const fromDisk = address.startsWith("data:");
  const code = workerStart(address);
  const bootUrl = URL.createObjectURL(new Blob([prelude, code], { type: "text/javascript" }));
  const worker = new Worker(bootUrl, { type: fromDisk ? "classic" : "module" });
  // The worker has fetched its script once it speaks; until then the URL must stay.
  worker.addEventListener("message", () => URL.revokeObjectURL(bootUrl), { once: true });
  return worker;
}

/** The URL of a part that is loaded on demand; `path` is written out where it is used, for the build to see. */
export async function partUrl(path: string, base: string, { forWorker = false } = {}): Promise<string> {
  const resolve = scope.__panelNeuroglancerPart;
  return resolve === undefined ? new URL(path, base).href : await resolve(path.slice(2), forWorker);
}

/** Fetch a part that is compressed with gzip, as a response that WebAssembly can stream. */
export async function fetchPart(path: string, base: string): Promise<Response> {
  const url = await partUrl(path, base);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Part ${path} of the viewer could not be loaded: HTTP ${response.status}`);
  const part = await response.blob();
  // Some servers say of such a file that it is compressed, and then the browser has unpacked it already.
  const [first] = new Uint8Array(await part.slice(0, 1).arrayBuffer());
  const bytes = part.stream();
  const wasm = first === GZIP ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
  // Streaming compilation insists on the media type.
  return new Response(wasm, { headers: { "content-type": "application/wasm" } });
}

/** Code that loads a worker's module, and keeps what is sent to the worker until the module is there to hear it. */
function workerStart(address: string): string {
  return `const early = [], keep = (event) => { event.stopImmediatePropagation(); early.push(event); };
self.addEventListener("message", keep);
import(${JSON.stringify(address)}).then(() => {
  self.removeEventListener("message", keep);
  for (const { data, ports } of early) self.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
}, (error) => setTimeout(() => { throw error; }));
`;
}

/** Code that lets a worker ask the page for parts; plain JavaScript because it runs before any module. */
function workerPrelude(channel: string): string {
  return `const c = new BroadcastChannel(${JSON.stringify(channel)}), waiting = new Map();
globalThis.__panelNeuroglancerParts = ${JSON.stringify(channel)};
globalThis.__panelNeuroglancerPart = (name) => new Promise((resolve, reject) => {
  const id = crypto.getRandomValues(new Uint32Array(4)).join(); waiting.set(id, { resolve, reject }); c.postMessage({ id, name }); });
c.onmessage = ({ data }) => { const w = waiting.get(data.id); if (!w || data.name) return; waiting.delete(data.id);
  data.url ? w.resolve(data.url) : w.reject(new Error(data.error)); };
`;
}
