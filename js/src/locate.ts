// Finds the engine: already on the page, by URL, inlined in a saved page, or asked from Python part by part.

import { Channel, ChannelError } from "./channel";
import type { attach, createViewer } from "./engine";
import type { PanelModel } from "./model";
import { randomId } from "./random";

/** Put in by the build: the files a first picture needs. */
declare const __ENGINE__: { entry: string; preload: string[]; neuroglancer: string };

export interface Engine {
  attach: typeof attach;
  createViewer: typeof createViewer;
}

/** The page's engines by entry name: one however many viewers, loaders and notebook cells there are. */
const REGISTRY = Symbol.for("panel-neuroglancer.engines");
/** The models on the page whose Python has the parts of an engine, by its entry name: any will do. */
const OWNERS = Symbol.for("panel-neuroglancer.owners");

type Progress = (text: string) => void;

const page = globalThis as {
  [REGISTRY]?: Map<string, Promise<Engine>>;
  [OWNERS]?: Map<string, Map<PanelModel, Channel | undefined>>;
};

export function locateEngine(model: PanelModel, progress: Progress): Promise<Engine> {
  page[REGISTRY] ??= new Map();
  const engines = page[REGISTRY];
  const { entry } = __ENGINE__;
  if (!owners().has(model)) owners().set(model, undefined);
  let engine = engines.get(entry);
  if (engine === undefined) {
    engine = load(model, progress);
    engines.set(entry, engine);
    // A failed load must not be remembered: the next try may succeed.
    engine.catch(() => engines.delete(entry));
  }
  return engine;
}

/** The model is removed from the page: ask it no more. */
export function forget(model: PanelModel): void {
  owners().get(model)?.close("The viewer was removed from the page");
  owners().delete(model);
}

/** The loader's own channel to the Python of a model, which must not be removed from the page. */
export function channelOf(model: PanelModel): Channel {
  const channel = owners().get(model) ?? new Channel(model);
  owners().set(model, channel);
  return channel;
}

function owners(): Map<PanelModel, Channel | undefined> {
  page[OWNERS] ??= new Map();
  const all = page[OWNERS];
  const mine = all.get(__ENGINE__.entry) ?? new Map();
  all.set(__ENGINE__.entry, mine);
  return mine;
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
    return await loadParts(fromPython, progress);
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
  return await browserImport(base + __ENGINE__.entry);
}

/**
 * The browser's own import(). Panel's module shim replaces the one it reads in this text by its own,
 * which would fetch every module a second time.
 */
function browserImport(url: string): Promise<Engine> {
  let load: (url: string) => Promise<Engine>;
  try {
    load = new Function("url", "return import(url)") as typeof load;
  } catch {
    load = (url) => import(/* @vite-ignore */ url); // a page that forbids code made of strings
  }
  return load(url);
}

/** Gives the bytes of a part. */
type Source = (name: string) => Promise<ArrayBuffer>;

/** How long to wait for a Python to be there before that of another model is asked too. */
const PATIENCE_MS = 1000;

/** Ask one Python after the other: a model that was drawn without any cannot know, and its channel waits. */
function fromPython(name: string): Promise<ArrayBuffer> {
  const asked: Channel[] = [];
  const done = new AbortController();
  let timer: ReturnType<typeof setInterval> | undefined;
  const answered = new Promise<ArrayBuffer>((resolve, reject) => {
    const seen = new Set<PanelModel>();
    let waiting = 0;
    const ask = async (model: PanelModel) => {
      const channel = channelOf(model);
      seen.add(model);
      asked.push(channel);
      waiting += 1;
      try {
        const { data } = await channel.ask("engine.read", { name, encoding: "gzip" }, { signal: done.signal });
        if (data === undefined) throw new Error(`Python sent nothing for ${name}`);
        resolve(await unzip(data));
      } catch (error) {
        waiting -= 1;
        // Its model was removed, or its Python has ended: the next one knows as much.
        if (error instanceof ChannelError && error.kind === "closed") next(error);
        else reject(error);
      }
    };
    const next = (failure: Error) => {
      const model = [...owners().keys()].find((other) => !seen.has(other));
      if (model !== undefined) void ask(model);
      else if (waiting === 0) reject(failure);
    };
    const failure = new Error(`No viewer on this page is left to ask Python for ${name}`);
    next(failure);
    timer = setInterval(() => {
      if (asked.every(({ carrier }) => carrier === undefined)) next(failure);
    }, PATIENCE_MS);
  });
  return answered.finally(() => {
    clearInterval(timer);
    done.abort();
  });
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
 * The workers of a page opened from disk may not read its blobs: for them parts become data: URLs.
 */
async function loadParts(read: Source, progress: Progress): Promise<Engine> {
  const fromDisk = self.origin === "null" || location.protocol === "file:";
  const bytesOf = new Map<string, Promise<ArrayBuffer>>();
  const urls = new Map<string, Promise<string>>();
  let bytes = 0;
  // What is asked for later, such as a rare codec, must not cover the picture.
  let started = false;
  const remember = <T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> => {
    let made = map.get(key);
    if (made === undefined) {
      made = make();
      map.set(key, made);
      made.catch(() => map.delete(key));
    }
    return made;
  };
  const get = async (name: string): Promise<ArrayBuffer> => {
    const data = await read(name);
    bytes += data.byteLength;
    if (!started) progress(`Loading the viewer… ${(bytes / 1e6).toFixed(1)} MB`);
    return data;
  };
  const resolve = (name: string, asData = false): Promise<string> =>
    remember(urls, `${name} ${asData}`, () => make(name, asData));
  const make = async (name: string, asData: boolean): Promise<string> => {
    const address = asData ? dataUrl : blobUrl;
    const data = await remember(bytesOf, name, () => get(name));
    if (!name.endsWith(".js")) return await address(data, "application/wasm");
    let text = new TextDecoder().decode(data);
    text = text.replace(
      /\bimport\("\.\/([\w.-]+\.js)"\)/g,
      (_, other) => `__panelNeuroglancerPart("${other}").then(u=>import(u))`,
    );
    for (const [found, before, other] of [...text.matchAll(/(\bfrom\s*|\bimport\s*|\bURL\(\s*)"\.\/([\w.-]+\.js)"/g)]) {
      const url = await resolve(other as string, asData || (fromDisk && (before as string).startsWith("URL")));
      text = text.replaceAll(found, `${before}"${url}"`);
    }
    return await address(text, "text/javascript");
  };
  answerWorkers(resolve, fromDisk);
  const engine = await browserImport(await resolve(__ENGINE__.entry));
  started = true;
  return engine;
}

function blobUrl(content: BlobPart, type: string): string {
  return URL.createObjectURL(new Blob([content], { type }));
}

function dataUrl(content: BlobPart, type: string): Promise<string> {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(new Blob([content], { type }));
  });
}

/** Let the page and its workers ask for the parts they load on demand (see parts.ts). */
function answerWorkers(resolve: (name: string, asData?: boolean) => Promise<string>, fromDisk: boolean): void {
  const scope = globalThis as { __panelNeuroglancerPart?: typeof resolve; __panelNeuroglancerParts?: string };
  scope.__panelNeuroglancerPart = (name, forWorker) => resolve(name, fromDisk && forWorker);
  scope.__panelNeuroglancerParts = `panel-neuroglancer-${randomId()}`;
  const channel = new BroadcastChannel(scope.__panelNeuroglancerParts);
  channel.onmessage = async ({ data: { id, name } }: MessageEvent<{ id: string; name?: string }>) => {
    if (name === undefined) return;
    try {
      channel.postMessage({ id, url: await resolve(name, fromDisk) });
    } catch (error) {
      channel.postMessage({ id, error: (error as Error).message });
    }
  };
}
