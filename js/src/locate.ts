// Finds the engine: already on the page, by URL, inlined in a saved page, or asked from Python part by part.

import { Channel } from "./channel";
import type { attach, createViewer } from "./engine";
import type { PanelModel } from "./model";

/** Put in by the build: the files a first picture needs. */
declare const __ENGINE__: { entry: string; preload: string[]; neuroglancer: string };

export interface Engine {
  attach: typeof attach;
  createViewer: typeof createViewer;
}

/** The page's engines by entry name: one however many viewers, loaders and notebook cells there are. */
const REGISTRY = Symbol.for("panel-neuroglancer.engines");

type Progress = (text: string) => void;

export function locateEngine(model: PanelModel, progress: Progress): Promise<Engine> {
  const page = globalThis as { [REGISTRY]?: Map<string, Promise<Engine>> };
  page[REGISTRY] ??= new Map();
  const engines = page[REGISTRY];
  const { entry } = __ENGINE__;
  let engine = engines.get(entry);
  if (engine === undefined) {
    engine = load(model, progress);
    engines.set(entry, engine);
    // A failed load must not be remembered: the next try may succeed.
    engine.catch(() => engines.delete(entry));
  }
  return engine;
}

async function load(model: PanelModel, progress: Progress): Promise<Engine> {
  const { url } = model.engine;
  let failure: unknown;
  if (url) {
    try {
      return await loadByUrl(new URL(url, document.baseURI).href);
    } catch (error) {
      failure = error;
      console.warn(`The viewer is not at ${url} (${(error as Error).message}); asking Python for it.`);
    }
  }
  try {
    const inlined = inlinedParts();
    if (inlined !== undefined) return await loadParts(inlined, progress);
    const channel = new Channel(model);
    return await loadParts((name) => fromPython(channel, name), progress);
  } catch (error) {
    throw failure === undefined ? error : new Error(`${(failure as Error).message}; ${(error as Error).message}`);
  }
}

async function loadByUrl(base: string): Promise<Engine> {
  for (const name of __ENGINE__.preload) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = base + name;
    document.head.append(link);
  }
  return (await import(/* @vite-ignore */ base + __ENGINE__.entry)) as Engine;
}

/** Gives the bytes of a part. */
type Source = (name: string) => Promise<ArrayBuffer>;

async function fromPython(channel: Channel, name: string): Promise<ArrayBuffer> {
  const { data } = await channel.ask("engine.read", { name, encoding: "gzip" });
  if (data === undefined) throw new Error(`Python sent nothing for ${name}`);
  return await unzip(data);
}

/** A saved page carries all parts once: base64 of gzip, by name. */
function inlinedParts(): Source | undefined {
  const element = document.getElementById("panel-neuroglancer-engine");
  if (element === null) return undefined;
  const { files } = JSON.parse(element.textContent ?? "{}") as { files: Record<string, string> };
  return async (name) => {
    const text = files[name];
    if (text === undefined) throw new Error(`This page does not contain ${name}`);
    return await unzip(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  };
}

function unzip(packed: BlobPart): Promise<ArrayBuffer> {
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/**
 * Load the engine from parts that have no address of their own.
 *
 * Each part becomes a blob; the names of other parts inside it are replaced by their blobs' URLs,
 * for which those must exist first. Parts behind a dynamic import() are made when they are needed.
 */
async function loadParts(read: Source, progress: Progress): Promise<Engine> {
  const urls = new Map<string, Promise<string>>();
  let bytes = 0;
  const resolve = (name: string): Promise<string> => {
    let url = urls.get(name);
    if (url === undefined) {
      url = make(name);
      urls.set(name, url);
      url.catch(() => urls.delete(name));
    }
    return url;
  };
  const make = async (name: string): Promise<string> => {
    const data = await read(name);
    bytes += data.byteLength;
    progress(`Loading the viewer… ${(bytes / 1e6).toFixed(1)} MB`);
    if (!name.endsWith(".js")) return URL.createObjectURL(new Blob([data], { type: "application/wasm" }));
    let text = new TextDecoder().decode(data);
    text = text.replace(
      /\bimport\("\.\/([\w.-]+\.js)"\)/g,
      (_, other) => `__panelNeuroglancerPart("${other}").then(u=>import(u))`,
    );
    const needed = new Set(
      [...text.matchAll(/(?:\bfrom|\bimport|\bURL\()\s*"\.\/([\w.-]+\.js)"/g)].map((match) => match[1] as string),
    );
    for (const other of needed) text = text.replaceAll(`"./${other}"`, `"${await resolve(other)}"`);
    return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  };
  answerWorkers(resolve);
  return (await import(/* @vite-ignore */ await resolve(__ENGINE__.entry))) as Engine;
}

/** Let the page and its workers ask for the parts they load on demand (see parts.ts). */
function answerWorkers(resolve: (name: string) => Promise<string>): void {
  const scope = globalThis as { __panelNeuroglancerPart?: typeof resolve; __panelNeuroglancerParts?: string };
  scope.__panelNeuroglancerPart = resolve;
  scope.__panelNeuroglancerParts = `panel-neuroglancer-${crypto.randomUUID()}`;
  const channel = new BroadcastChannel(scope.__panelNeuroglancerParts);
  channel.onmessage = async ({ data: { id, name } }: MessageEvent<{ id: string; name?: string }>) => {
    if (name === undefined) return;
    try {
      channel.postMessage({ id, url: await resolve(name) });
    } catch (error) {
      channel.postMessage({ id, error: (error as Error).message });
    }
  };
}
