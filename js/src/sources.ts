// Data that Python serves: neuroglancer's own python:// data source, with the channel in place of HTTP.
//
// neuroglancer builds URLs below the address of the page and fetches them, on the page and in the
// chunk worker alike. Both addresses and fetches are seams (seams.mjs): the addresses get a scheme of
// our own, and a fetch of that scheme goes from the worker to the page and from there to the session
// of the viewer whose token the address carries.

/** Stands for the address of the page in neuroglancer's python data source. */
export const PYTHON_BASE = "python-channel://page/v/viewer/";
const SCHEME = "python-channel:";

export interface Answer {
  status: number;
  reason: string;
  data: ArrayBuffer | undefined;
}

/** Answers the requests for one Python viewer's data. */
export interface DataPeer {
  fetch(path: string, signal: AbortSignal): Promise<Answer>;
}

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

/** The viewer's token in a path such as /neuroglancer/raw/TOKEN.VOLUME/1,1,1/0,0,0/64,64,64. */
function peerOf(path: string): DataPeer | undefined {
  const token = /^\/neuroglancer\/[^/]+\/([^/.]+)\./.exec(path)?.[1];
  return token === undefined ? undefined : peers.get(token)?.values().next().value;
}

async function askPeer(path: string, signal: AbortSignal): Promise<Answer> {
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
interface Reply {
  pythonReply: number;
  answer: Answer;
}

const inWorker = typeof self.document === "undefined";
const waiting = new Map<number, (answer: Answer) => void>();
let lastId = 0;

if (inWorker) {
  self.addEventListener("message", (event: MessageEvent<Reply>) => {
    if (event.data?.pythonReply === undefined) return;
    event.stopImmediatePropagation();
    const { pythonReply, answer } = event.data;
    waiting.get(pythonReply)?.(answer);
    waiting.delete(pythonReply);
  });
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
    self.postMessage({ pythonFetch: id, path } satisfies Ask);
  });
}

/** On the page: answer what a chunk worker asks. */
export function answerWorker(worker: Worker): void {
  const running = new Map<number, AbortController>();
  worker.addEventListener("message", (event: MessageEvent<Partial<Ask & Cancel>>) => {
    const { pythonFetch: id, pythonCancel, path } = event.data ?? {};
    if (pythonCancel !== undefined) {
      event.stopImmediatePropagation();
      running.get(pythonCancel)?.abort();
    }
    if (id === undefined || path === undefined) return;
    event.stopImmediatePropagation();
    const abort = new AbortController();
    running.set(id, abort);
    askPeer(path, abort.signal)
      .catch((error: Error): Answer => ({ status: 500, reason: error.message, data: undefined }))
      .then((answer) => {
        running.delete(id);
        if (abort.signal.aborted) return;
        const transfer = answer.data === undefined ? [] : [answer.data];
        worker.postMessage({ pythonReply: id, answer } satisfies Reply, transfer);
      });
  });
}

/** Stands for fetch() in neuroglancer's fetchOk. */
export async function fetchAny(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
  if (!url.startsWith(SCHEME)) return fetch(input, init);
  const path = url.slice(url.indexOf("/neuroglancer/"));
  const signal = init?.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const { status, reason, data } = await (inWorker ? askPage : askPeer)(path, signal);
  return new Response(data ?? null, { status, statusText: reason.replace(/[^\x20-\x7e]/g, " ").slice(0, 200) });
}
