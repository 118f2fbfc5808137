// What went wrong, in words, and what to do about it.

import { MessageSeverity } from "neuroglancer/unstable/util/message_list.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";

export interface ViewerError {
  kind:
    | "no-webgl2"
    | "engine"
    | "bad-url"
    | "unknown-host"
    | "not-found"
    | "cors"
    | "forbidden"
    | "bad-json"
    | "state"
    | "source";
  layer: string | null;
  message: string;
  fix: string;
}

const FIXES: Record<ViewerError["kind"], string> = {
  "no-webgl2":
    "Turn on hardware acceleration in the browser's settings, update the browser, or close other tabs that draw in 3-D.",
  engine: "Reload the page. If that does not help, the installation is incomplete: reinstall panel-neuroglancer.",
  "bad-url":
    "Give a source such as precomputed://https://host/path or zarr://s3://bucket/path, or paste a Neuroglancer link.",
  "unknown-host": "Check the host's name and your network connection.",
  "not-found": "Check the path: there is nothing at this address.",
  forbidden: "The server refuses access: sign in, or ask the data's owner to make it public.",
  cors: "The server answers, but does not let other sites read from it: its owner must send Access-Control-Allow-Origin.",
  "bad-json":
    "The file is not the JSON it should be: check that the address names the folder of the data and not a web page.",
  state: "Correct the named part of the state; the rest of the view was kept.",
  source: "Check that the format before :// is the format of the data.",
};

export function makeError(kind: ViewerError["kind"], message: string, layer: string | null = null): ViewerError {
  return { kind, layer, message, fix: FIXES[kind] };
}

/** What kind of failure neuroglancer's message about a data source tells of. */
export function classify(message: string): ViewerError["kind"] {
  if (/HTTP error 0\b|Network or CORS error/.test(message)) return "unknown-host";
  if (/HTTP error 404\b|not found/i.test(message)) return "not-found";
  if (/HTTP error 40[13]\b/.test(message)) return "forbidden";
  if (/JSON|Unexpected token|Error parsing/i.test(message)) return "bad-json";
  if (
    /URLs must start with|no format detected|(invalid|unsupported|unknown).*(url|scheme|protocol|data source|provider)|missing.*(protocol|scheme)/i.test(
      message,
    )
  )
    return "bad-url";
  return "source";
}

/** The address in a message about a failed request. */
export function urlIn(message: string): string | undefined {
  return /https?:\/\/[^\s"'\\]+/.exec(message)?.[0];
}

const reachable = new Map<string, Promise<boolean>>();

/** Whether a host answers at all: a request it forbids us to read still tells. */
export function answers(url: string): Promise<boolean> {
  const { origin } = new URL(url);
  let known = reachable.get(origin);
  if (known === undefined) {
    known = fetch(url, { mode: "no-cors", method: "GET", cache: "no-store" }).then(
      () => true,
      () => false,
    );
    reachable.set(origin, known);
    // The network may be back later.
    void known.then((yes) => yes || setTimeout(() => reachable.delete(origin), 5000));
  }
  return known;
}

/** The errors of all layers' data sources. */
export async function sourceErrors(viewer: Viewer): Promise<ViewerError[]> {
  const found: ViewerError[] = [];
  for (const managed of viewer.layerManager.managedLayers) {
    for (const source of managed.layer?.dataSources ?? []) {
      const messages = new Set(
        [...source.messages].filter((m) => m.severity === MessageSeverity.error).map((m) => m.message),
      );
      for (const message of messages) {
        let kind = classify(message);
        const url = urlIn(message);
        if (kind === "unknown-host" && url !== undefined && (await answers(url))) kind = "cors";
        found.push(makeError(kind, message, managed.name));
      }
    }
  }
  return found;
}
