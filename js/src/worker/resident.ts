// The resident worker: keeps whole arrays, one for all viewers on the page, and cuts chunks and objects out of them.
//
// It is a worker of its own, not the chunk worker, so that several viewers share one copy of an array. Chunk workers
// ask through ports; neither the page nor Python has a part in it.
import { partUrl, startWorker } from "../parts";
import { bytesPerVoxel, cut, type Layout, PartError, product } from "./cut";
import type { MeshResult, MeshTask } from "./mesh";
import { type Box, findObjects, maskOf, type ObjectId, objectId, type Triple } from "./objects";
import type { MeshOptions } from "./simplify";

/** What an array is, and how it is to be served. */
export interface Resident extends Layout {
  key: string;
  generation: number;
  /** Downsample by the mean, else by taking every n-th voxel. */
  mean: boolean;
  /** How to make meshes, if at all. */
  meshes: (MeshOptions & { scales: Triple }) | null;
}

export interface FromPage {
  open?: Resident;
  /** A piece of the array `key`, from this byte on. */
  slab?: { key: string; generation: number; offset: number; data: ArrayBuffer; packed: boolean };
  drop?: string;
  port?: MessagePort;
}

/** All of an array is there, or it cannot be kept. */
export interface ToPage {
  key: string;
  generation: number;
  error?: string;
}

export interface ResidentAsk {
  id: number;
  key: string;
  generation: number;
  kind: "raw" | "mesh";
  /** The rest of the path: the part, or the object. */
  rest: string;
}

export interface ResidentCancel {
  cancel: number;
}

export interface ResidentAnswer {
  id: number;
  status: number;
  reason: string;
  data?: ArrayBuffer;
}

interface Kept {
  info: Resident;
  buffer: ArrayBuffer;
  missing: number;
  objects?: Promise<Map<ObjectId, Box>>;
}

interface Job extends ResidentAsk {
  port: MessagePort;
  cancelled: boolean;
}

/** The array was dropped or replaced meanwhile. */
export const GONE = 410;
/** Milliseconds of work after which others get their turn. */
const TURN_MS = 12;

const arrays = new Map<string, Kept>();
const jobs = new Map<MessagePort, Map<number, Job>>();
const cuts = new Set<Job>();
let cutting = false;
let lastMesh: Promise<void> = Promise.resolve();

const pause = new MessageChannel();
const resumed: (() => void)[] = [];
pause.port1.onmessage = () => resumed.shift()?.();

/** Let messages in. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    resumed.push(resolve);
    pause.port2.postMessage(null);
  });
}

/** Run `work` to its end with pauses; undefined if the array is dropped or nobody waits any more. */
async function paced<T>(work: Generator<void, T>, wanted: () => boolean): Promise<T | undefined> {
  let since = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - since < TURN_MS) continue;
    await turn();
    if (!wanted()) return undefined;
    since = performance.now();
  }
}

function open(info: Resident): void {
  arrays.delete(info.key);
  const bytes = product(info.shape) * bytesPerVoxel(info.dtype);
  try {
    arrays.set(info.key, { info, buffer: new ArrayBuffer(bytes), missing: bytes });
  } catch {
    const { key, generation } = info;
    self.postMessage({ key, generation, error: `the browser gave no ${bytes} bytes` } satisfies ToPage);
  }
}

function unpack(data: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

async function take({ key, generation, offset, data, packed }: NonNullable<FromPage["slab"]>): Promise<void> {
  const voxels = packed ? await unpack(data) : data;
  const kept = arrays.get(key);
  if (kept?.info.generation !== generation) return;
  new Uint8Array(kept.buffer).set(new Uint8Array(voxels), offset);
  kept.missing -= voxels.byteLength;
  if (kept.missing !== 0) return;
  self.postMessage({ key, generation } satisfies ToPage);
  // By the time a mesh is wanted, Python may be too busy to serve the worker's file.
  if (kept.info.meshes !== null) void startMesher();
}

function connect(port: MessagePort): void {
  const own = new Map<number, Job>();
  jobs.set(port, own);
  port.onmessage = ({ data }: MessageEvent<ResidentAsk | ResidentCancel>) => {
    if ("cancel" in data) {
      const job = own.get(data.cancel);
      if (job !== undefined) {
        job.cancelled = true;
        own.delete(job.id);
        cuts.delete(job);
      }
      return;
    }
    const job = { ...data, port, cancelled: false };
    own.set(job.id, job);
    if (job.kind === "mesh") {
      // One at a time: each needs memory for its object.
      lastMesh = lastMesh.then(() => mesh(job));
      return;
    }
    cuts.add(job);
    if (!cutting) void cutAll();
  };
}

/** Answer one request for a chunk after the other, with a chance for each to be cancelled. */
async function cutAll(): Promise<void> {
  cutting = true;
  for (const job of cuts) {
    cuts.delete(job);
    cutOne(job);
    await turn();
  }
  cutting = false;
}

function cutOne(job: Job): void {
  const kept = keptFor(job);
  if (kept === undefined) {
    answer(job, GONE, "The array was replaced");
    return;
  }
  const [factor, start, end] = job.rest.split("/").map((text) => text.split(",").map(Number)) as [
    number[],
    number[],
    number[],
  ];
  try {
    answer(job, 200, "OK", cut(kept.info, kept.buffer, { start, end, factor }, kept.info.mean));
  } catch (error) {
    answer(job, error instanceof PartError ? 400 : 500, (error as Error).message);
  }
}

function keptFor({ key, generation }: Job): Kept | undefined {
  const kept = arrays.get(key);
  return kept?.info.generation === generation ? kept : undefined;
}

function answer(job: Job, status: number, reason: string, data?: ArrayBuffer): void {
  jobs.get(job.port)?.delete(job.id);
  if (job.cancelled) return;
  job.port.postMessage({ id: job.id, status, reason, data } satisfies ResidentAnswer, data === undefined ? [] : [data]);
}

async function mesh(job: Job): Promise<void> {
  if (job.cancelled) return;
  try {
    const kept = keptFor(job);
    if (kept === undefined) return answer(job, GONE, "The array was replaced");
    const { info, buffer } = kept;
    kept.objects ??= paced(findObjects(info, buffer), () => arrays.get(info.key) === kept).then(
      (all) => all ?? new Map(),
    );
    const id = objectId(job.rest);
    const box = (await kept.objects).get(id);
    if (keptFor(job) !== kept) return answer(job, GONE, "The array was replaced");
    if (box === undefined || info.meshes === null) return answer(job, 404, `The volume has no object ${job.rest}`);
    const mask = await paced(maskOf(info, buffer, id, box), () => keptFor(job) === kept && !job.cancelled);
    if (mask === undefined) return answer(job, GONE, "The array was replaced");
    const { scales, ...options } = info.meshes;
    answer(job, 200, "OK", await surfaceOf({ id: job.id, mask, shape: info.shape as Triple, scales, options }));
  } catch (error) {
    answer(job, 500, (error as Error).message);
  }
}

let mesher: Promise<Worker> | undefined;

function startMesher(): Promise<Worker> {
  mesher ??= partUrl("./mesh-worker.js", import.meta.url).then(startWorker);
  return mesher;
}

/** Have the mesh worker make a surface. */
async function surfaceOf(task: MeshTask): Promise<ArrayBuffer> {
  const worker = await startMesher();
  return await new Promise((resolve, reject) => {
    const end = () => {
      worker.removeEventListener("message", done);
      worker.removeEventListener("error", failed);
    };
    const done = ({ data: result }: MessageEvent<MeshResult>) => {
      end();
      if ("data" in result) resolve(result.data);
      else reject(new Error(result.error));
    };
    const failed = (event: ErrorEvent) => {
      end();
      mesher = undefined;
      reject(new Error(`The mesh worker failed: ${event.message}`));
    };
    worker.addEventListener("message", done);
    worker.addEventListener("error", failed);
    worker.postMessage(task, [task.mask.data.buffer]);
  });
}

self.addEventListener("message", ({ data }: MessageEvent<FromPage>) => {
  if (data.open !== undefined) open(data.open);
  if (data.slab !== undefined) void take(data.slab);
  if (data.drop !== undefined) arrays.delete(data.drop);
  if (data.port !== undefined) connect(data.port);
});
