// What went wrong, in words, and what to do about it.

import { SegmentationUserLayer } from "neuroglancer/unstable/layer/segmentation/index.js";
import { MessageSeverity } from "neuroglancer/unstable/util/message_list.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";

import { type Failure, failuresOf } from "./failures";

/** The address of what Python serves, and the key in it. */
const PYTHON = /^python:\/\/[^/]+\/([^/?#|]+)/;
const FETCHING = "python-channel:";

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
    | "source"
    | "data"
    | "read"
    | "no-object";
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
  data: "Correct it in Python and give the layer the new volume.",
  read: "Python's log has the traceback. When the cause is mended, invalidate() of the volume reads it again.",
  "no-object": "Choose among the ids that the data has.",
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

/** What Python failed to give for one layer: one error for each kind, however many parts and objects it concerns. */
function readErrors(layer: string, key: string, isShown: (id: string) => boolean): ViewerError[] {
  const found = new Map<ViewerError["kind"], Failure[]>();
  for (const failure of failuresOf(key)) {
    const ofObject = failure.what === "mesh" || failure.what === "skeleton";
    if (ofObject && !isShown(failure.which)) continue;
    const kind = failure.status >= 500 ? "read" : ofObject && failure.status === 404 ? "no-object" : "data";
    found.set(kind, [...(found.get(kind) ?? []), failure]);
  }
  return [...found].map(([kind, failures]) => {
    const reason = failures[0]?.reason ?? "";
    return makeError(kind, failures.length === 1 ? reason : `${reason} (and ${failures.length - 1} more)`, layer);
  });
}

/** The errors of all layers' data sources. */
export async function sourceErrors(viewer: Viewer): Promise<ViewerError[]> {
  const found: ViewerError[] = [];
  for (const managed of viewer.layerManager.managedLayers) {
    const { layer } = managed;
    const isShown = (id: string) =>
      layer instanceof SegmentationUserLayer &&
      layer.displayState.segmentationGroupState.value.visibleSegments.has(BigInt(id));
    for (const source of layer?.dataSources ?? []) {
      const key = PYTHON.exec(source.spec.url)?.[1];
      if (key !== undefined) found.push(...readErrors(managed.name, key, isShown));
      const messages = new Set(
        [...source.messages].filter((m) => m.severity === MessageSeverity.error).map((m) => m.message),
      );
      for (const message of messages) {
        // It is told above in Python's own words.
        if (key !== undefined && message.includes(FETCHING)) continue;
        let kind = classify(message);
        const url = urlIn(message);
        if (kind === "unknown-host" && url !== undefined && (await answers(url))) kind = "cors";
        found.push(makeError(kind, message, managed.name));
      }
    }
  }
  return found;
}
