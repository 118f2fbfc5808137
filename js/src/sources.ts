// Data that Python serves: neuroglancer's own python:// data source, with the channel in place of HTTP.
//
// neuroglancer builds URLs below the address of the page and fetches them, on the page and in the
// chunk worker alike. Both addresses and fetches are seams (seams.mjs): the addresses get a scheme of
// our own, and a fetch of that scheme goes from the worker to the page and from there to the session
// of the viewer whose token the address carries. Arrays that are kept in the resident worker
// (residents.ts) are asked for there, without the page.
import { note } from "./failures";
import type { ResidentAnswer, ResidentAsk, ResidentCancel } from "./worker/messages";

/** Stands for the address of the page in neuroglancer's python data source. */
export const PYTHON_BASE = "python-channel://page/v/viewer/";
const SCHEME = "python-channel:";

export interface Answer {
  status: number;
  reason: string;
  data: ArrayBuffer | undefined;
  /** Whether the voxels are compressed as labels already. */
  compressed?: boolean;
}

/** Answers the requests for one Python viewer's data. */
export interface DataPeer {
  fetch(path: string, signal: AbortSignal): Promise<Answer>;
}

/** What of Python's is kept in the browser; only the page has some. */
interface ResidentData {
  join(reader: Worker, onReady: (key: string) => void): void;
  settled(key: string): Promise<void>;
  soon(key: string): Promise<boolean>;
  hasMeshes(key: string): boolean;
}

/** To a chunk worker: an array can be asked for in the resident worker, or no longer. */
export interface Announcement {
  resident: string;
  /** undefined: no longer. */
  generation?: number;
  /** Whether all of it is there; else chunks are answered as their voxels come. */
  whole?: boolean;
  meshes?: boolean;
  /** Sent with the first announcement of each resident worker. */
  port?: MessagePort;
}

let residents: ResidentData | undefined;

export function useResidents(data: ResidentData): void {
  residents = data;
}

/** Parts of a path such as /neuroglancer/raw/TOKEN.VOLUME/1,1,1/0,0,0/64,64,64. */
const PATH = /^\/neuroglancer\/([^/]+)\/(([^/.]+)\.[^/]+)(?:\/(.*))?$/;
/** Status of an answer that there is a better place to ask at by now. */
const ASK_AGAIN = 0;
/** Status where the resident worker has another generation of the array, or none. */
const GONE = 410;

/** A path without what follows a #, which only the resident worker heeds. */
const bare = (path: string) => path.replace(/#.*/, "");

const peers = new Map<string, Set<DataPeer>>();

/** Let `peer` answer for the volumes of the viewer `token`; several views of one viewer may. */
export function addPeer(token: string, peer: DataPeer): () => void {
  const known = peers.get(token) ?? new Set();
  peers.set(token, known.add(peer));
  return () => {
    known.delete(peer);
    if (known.size === 0) peers.delete(token);
  };
}

function peerOf(path: string): DataPeer | undefined {
  const token = PATH.exec(path)?.[3];
  return token === undefined ? undefined : peers.get(token)?.values().next().value;
}

async function askPeer(path: string, signal: AbortSignal): Promise<Answer> {
  const [, kind, key] = PATH.exec(path) ?? [];
  if (kind === "mesh" && key !== undefined && residents !== undefined) {
    // Rather wait for the array than make Python mesh it.
    await residents.settled(key);
    if (residents.hasMeshes(key)) return { status: ASK_AGAIN, reason: "", data: undefined };
  }
  if (kind === "raw" && key !== undefined && (await residents?.soon(key)))
    return { status: ASK_AGAIN, reason: "", data: undefined };
  signal.throwIfAborted();
  const peer = peerOf(path);
  if (peer !== undefined) return peer.fetch(path, signal);
  return { status: 404, reason: "No Python viewer on this page serves this volume", data: undefined };
}

// The worker and the page talk beside neuroglancer's RPC, whose handlers know nothing of these.
interface Ask {
  pythonFetch: number;
  path: string;
}
interface Cancel {
  pythonCancel: number;
}
/** What came of a request, whoever answered it: a failure, or the end of one. */
interface Outcome {
  pythonOutcome: string;
  status: number;
  reason: string;
}
interface Reply {
  pythonReply: number;
  answer: Answer;
}

const inWorker = typeof self.document === "undefined";
const waiting = new Map<number, (answer: Answer) => void>();
const failed = new Set<string>();
let lastId = 0;

// What the chunk worker knows of the resident worker.
const announced = new Map<string, Announcement>();
const asked = new Map<number, { key: string; resolve: (answer: Answer) => void }>();
let residentPort: MessagePort | undefined;

if (inWorker) {
  self.addEventListener("message", (event: MessageEvent<Partial<Reply & Announcement>>) => {
    const { pythonReply, answer, resident } = event.data ?? {};
    if (pythonReply !== undefined && answer !== undefined) {
      event.stopImmediatePropagation();
      waiting.get(pythonReply)?.(answer);
      waiting.delete(pythonReply);
    }
    if (resident !== undefined) {
      event.stopImmediatePropagation();
      hear(event.data as Announcement);
    }
  });
}

function hear(announcement: Announcement): void {
  const { resident: key, generation, port } = announcement;
  if (port !== undefined) {
    residentPort = port;
    port.onmessage = ({ data: { id, status, reason, data, compressed } }: MessageEvent<ResidentAnswer>) => {
      asked.get(id)?.resolve({ status: status === GONE ? ASK_AGAIN : status, reason, data, compressed });
      asked.delete(id);
    };
  }
  if (generation !== undefined) {
    announced.set(key, announcement);
    return;
  }
  announced.delete(key);
  for (const [id, ask] of asked) {
    if (ask.key !== key) continue;
    asked.delete(id);
    ask.resolve({ status: ASK_AGAIN, reason: "", data: undefined });
  }
}

/** Ask the resident worker, which heeds what follows a # in the path; undefined where it has no such thing. */
function askResident(path: string, signal: AbortSignal): Promise<Answer> | undefined {
  const [, kind, key, , rest] = PATH.exec(path) ?? [];
  if (key === undefined || rest === undefined || (kind !== "raw" && kind !== "mesh")) return undefined;
  const known = announced.get(key);
  if (residentPort === undefined || known?.generation === undefined || (kind === "mesh" && !known.meshes))
    return undefined;
  const { generation } = known;
  const port = residentPort;
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    asked.set(id, { key, resolve });
    signal.addEventListener("abort", () => {
      if (!asked.delete(id)) return;
      port.postMessage({ cancel: id } satisfies ResidentCancel);
      reject(signal.reason);
    });
    port.postMessage({ id, key, generation, kind, rest } satisfies ResidentAsk);
  });
}

/** Resolves when it is the turn of what is fetched with a signal; what it resolves to is to be called after that. */
type TakeTurn = (signal: AbortSignal) => Promise<() => void>;

let takeTurn: TakeTurn = () => Promise.resolve(() => {});

/** In a chunk worker: let chunks wait for their turn before Python is asked for them. */
export function useTurns(take: TakeTurn): void {
  takeTurn = take;
}

/** In a chunk worker: ask where the data is. */
async function ask(path: string, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    const answer = await (askResident(path, signal) ?? askInTurn(path, signal));
    if (answer.status !== ASK_AGAIN) return answer;
    signal.throwIfAborted();
  }
}

async function askInTurn(path: string, signal: AbortSignal): Promise<Answer> {
  const done = await takeTurn(signal);
  try {
    // The array may have come meanwhile.
    return await (askResident(path, signal) ?? askPage(path, signal));
  } finally {
    done();
  }
}

function askPage(path: string, signal: AbortSignal): Promise<Answer> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, resolve);
    signal.addEventListener("abort", () => {
      if (!waiting.delete(id)) return;
      self.postMessage({ pythonCancel: id } satisfies Cancel);
      reject(signal.reason);
    });
    self.postMessage({ pythonFetch: id, path: bare(path) } satisfies Ask);
  });
}

/** On the page: answer what a chunk worker asks. */
export function answerWorker(worker: Worker): void {
  const running = new Map<number, { path: string; abort: AbortController }>();
  const reply = (pythonReply: number, answer: Answer) =>
    worker.postMessage({ pythonReply, answer } satisfies Reply, answer.data === undefined ? [] : [answer.data]);
  residents?.join(worker, (key) => {
    for (const [id, { path, abort }] of running) {
      const [, kind, of] = PATH.exec(path) ?? [];
      if (of !== key || kind !== "raw") continue;
      running.delete(id);
      abort.abort();
      reply(id, { status: ASK_AGAIN, reason: "", data: undefined });
    }
  });
  worker.addEventListener("message", (event: MessageEvent<Partial<Ask & Cancel & Outcome>>) => {
    const { pythonFetch: id, pythonCancel, path, pythonOutcome, status = 0, reason = "" } = event.data ?? {};
    if (pythonOutcome !== undefined) {
      event.stopImmediatePropagation();
      note(pythonOutcome, status, reason);
    }
    if (pythonCancel !== undefined) {
      event.stopImmediatePropagation();
      running.get(pythonCancel)?.abort.abort();
      running.delete(pythonCancel);
    }
    if (id === undefined || path === undefined) return;
    event.stopImmediatePropagation();
    const abort = new AbortController();
    running.set(id, { path, abort });
    askPeer(path, abort.signal)
      .catch((error: Error): Answer => ({ status: 500, reason: error.message, data: undefined }))
      .then((answer) => {
        running.delete(id);
        if (abort.signal.aborted) return;
        reply(id, answer);
      });
  });
}

function tell(path: string, { status, reason }: Answer): void {
  if (!inWorker) note(path, status, reason);
  else if (status === 200 ? failed.delete(path) : failed.add(path))
    self.postMessage({ pythonOutcome: path, status, reason } satisfies Outcome);
}

/** Stands for fetch() in neuroglancer's fetchOk. */
export async function fetchAny(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
  if (!url.startsWith(SCHEME)) return fetch(input, init);
  const path = url.slice(url.indexOf("/neuroglancer/"));
  const signal = init?.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const answer = await (inWorker ? ask : askPeer)(path, signal);
  const { status, reason, data, compressed } = answer;
  tell(bare(path), answer);
  const statusText = reason.replace(/[^\x20-\x7e]/g, " ").slice(0, 200);
  if (status !== 200 || data === undefined)
    return Object.defineProperty(new Response(data ?? null, { status, statusText }), "url", { value: url });
  // A response of its own would copy the voxels in and out.
  return Object.assign(new Response(null, { status, statusText }), {
    compressed,
    arrayBuffer: async () => data,
    json: async () => JSON.parse(new TextDecoder().decode(data)),
  });
}
