// States that are kept in a file: {"#url": "gs://bucket/state.json", …members laid over it}.
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { answers, classify, makeError, type ViewerError } from "./errors";
import { FETCH, isObject, type Json, type JsonObject } from "./json";

/** A state file could not be had; `problem` is for the user. */
export class StateFileError extends Error {
  override name = "StateFileError";

  constructor(readonly problem: ViewerError) {
    super(problem.message);
  }
}

/**
 * Fetch the state that `state` refers to, through neuroglancer's own key-value stores.
 *
 * @throws StateFileError where there is none, or it is not a JSON object
 */
export async function fetchState(viewer: Viewer, state: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  const { [FETCH]: url, ...over } = state;
  const stores = viewer.dataSourceProvider.sharedKvStoreContext.kvStoreContext;
  let text: string;
  try {
    const { response } = await stores.read(String(url), { throwIfMissing: true, signal });
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    const { message } = error as Error;
    const kind = classify(message) === "not-found" ? await whyMissing(String(url)) : classify(message);
    throw new StateFileError(makeError(kind, `The state at ${url} could not be loaded: ${message}`));
  }
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new StateFileError(makeError("bad-json", `The file ${url} is not JSON: ${(error as Error).message}`));
  }
  if (!isObject(found)) throw new StateFileError(makeError("bad-json", `The file ${url} holds no viewer state`));
  return { ...resolveSources(found, String(url)), ...over };
}

/** neuroglancer calls a file missing, too, where the browser does not say why it could not be had. */
async function whyMissing(url: string): Promise<ViewerError["kind"]> {
  if (!/^https?:/.test(url)) return "not-found";
  try {
    await fetch(url);
    return "not-found";
  } catch {
    return (await answers(url)) ? "cors" : "unknown-host";
  }
}

/** Make the relative source URLs of a state file, such as zarr://./em.zarr, absolute: they are beside the file. */
export function resolveSources(state: JsonObject, base: string): JsonObject {
  if (!Array.isArray(state.layers) || !/^https?:/.test(base)) return state;
  const resolve = (source: Json | undefined): Json | undefined => {
    if (Array.isArray(source)) return source.map((x) => resolve(x) as Json);
    if (isObject(source)) return { ...source, url: resolve(source.url) };
    if (typeof source !== "string") return source;
    return source.replace(
      /^((?:[a-z][\w+-]*:\/\/)?)(\.{1,2}\/.*)$/,
      (_, scheme, path) => scheme + new URL(path, base).href,
    );
  };
  const layers = state.layers.map((layer) => (isObject(layer) ? { ...layer, source: resolve(layer.source) } : layer));
  return { ...state, layers };
}
