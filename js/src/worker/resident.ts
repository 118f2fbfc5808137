// The resident worker: keeps whole arrays, one for all viewers on the page, and cuts chunks and objects out of them.
//
// It is a worker of its own, not the chunk worker, so that several viewers share one copy of an array. Chunk workers
// ask through ports; neither the page nor Python has a part in it.
import { partUrl, startWorker } from "../parts";
import { type Bricked, boxOf, brickCount, bricksOf, readPart } from "./bricks";
import { cut, lastVoxel, paste } from "./cut";
import { compress } from "./labels";
import { bytesPerVoxel, type Layout, type Part, PartError, product } from "./layout";
import type { MeshResult, MeshTask } from "./mesh";
import type {
  Brick,
  Complete,
  Forgo,
  FromPage,
  Need,
  Piece,
  Resident,
  ResidentAnswer,
  ResidentAsk,
  ResidentCancel,
  Slab,
} from "./messages";
import { type Box, findObjects, maskOf, type ObjectId, objectId, type Triple } from "./objects";
import { giveBack, inflate, unpack } from "./packed";

interface Kept {
  info: Resident;
  buffer: ArrayBuffer;
  /** All bytes up to this one are here. */
  upTo: number;
  /** Pieces beyond that: where they begin and end. */
  ahead: Map<number, number>;
  /** The bricks that are still to come, of an array that comes in some. */
  missing?: Set<number> | undefined;
  objects?: Promise<Map<ObjectId, Box>>;
}

interface Job extends ResidentAsk {
  port: MessagePort;
  cancelled: boolean;
  /** The number under which its voxels were asked for. */
  need?: number;
}

/** The array was dropped or replaced meanwhile. */
export const GONE = 410;
/** Milliseconds of work after which others get their turn. */
const TURN_MS = 12;

const arrays = new Map<string, Kept>();
const jobs = new Map<MessagePort, Map<number, Job>>();
const cuts = new Set<Job>();
const needed = new Map<number, Job>();
let lastNeed = 0;
let cutting = false;
let more = false;
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
    const missing = isBricked(info) ? new Set(Array(brickCount(info)).keys()) : undefined;
    arrays.set(info.key, { info, buffer: new ArrayBuffer(bytes), upTo: 0, ahead: new Map(), missing });
  } catch {
    const { key, generation } = info;
    self.postMessage({ key, generation, error: `the browser gave no ${bytes} bytes` } satisfies Complete);
  }
}

async function take({ key, generation, offset, ...slab }: Slab): Promise<void> {
  const data = await inflate(slab);
  const kept = arrays.get(key);
  if (kept?.info.generation !== generation) return;
  unpack({ ...slab, data }, kept.buffer, offset, bytesPerVoxel(kept.info.dtype));
  kept.ahead.set(offset, offset + slab.bytes);
  for (let end = kept.ahead.get(kept.upTo); end !== undefined; end = kept.ahead.get(kept.upTo)) {
    kept.ahead.delete(kept.upTo);
    kept.upTo = end;
  }
  void cutAll();
  if (kept.upTo === kept.buffer.byteLength) complete(kept.info);
}

function complete({ key, generation, meshes }: Resident): void {
  self.postMessage({ key, generation } satisfies Complete);
  // By the time a mesh is wanted, Python may be too busy to serve the worker's file.
  if (meshes !== null) void startMesher();
}

const isBricked = (info: Resident): info is Resident & Bricked => info.brick !== undefined;

async function place({ key, generation, brick, ...packed }: Brick): Promise<void> {
  const data = await inflate(packed);
  const kept = arrays.get(key);
  if (kept?.info.generation !== generation || !isBricked(kept.info)) return;
  const { info, buffer } = kept;
  const box = boxOf(info, brick);
  const voxel = bytesPerVoxel(info.dtype);
  const bytes = voxel * product(box.end.map((n, d) => n - (box.start[d] as number)));
  const voxels = new ArrayBuffer(bytes);
  unpack({ ...packed, data, bytes }, voxels, 0, voxel);
  paste(info, buffer, box, voxels);
  if (!kept.missing?.delete(brick)) return;
  if (kept.missing.size === 0) kept.upTo = buffer.byteLength;
  void cutAll();
  if (kept.missing.size === 0) complete(info);
}

async function change({ key, since, generation, patches }: NonNullable<FromPage["change"]>): Promise<void> {
  const kept = arrays.get(key);
  const ready = await Promise.all(patches.map(async (patch) => ({ ...patch, data: await inflate(patch) })));
  if (kept === undefined || arrays.get(key) !== kept || kept.info.generation !== since) {
    self.postMessage({ key, generation, error: "the array was replaced" } satisfies Complete);
    return;
  }
  const voxel = bytesPerVoxel(kept.info.dtype);
  for (const patch of ready) {
    const voxels = new ArrayBuffer(patch.bytes);
    unpack(patch, voxels, 0, voxel);
    paste(kept.info, kept.buffer, patch, voxels);
  }
  const { objects: _, ...rest } = kept;
  arrays.set(key, { ...rest, info: { ...kept.info, generation } });
  self.postMessage({ key, generation } satisfies Complete);
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
        forgo(job);
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
    void cutAll();
  };
}

/** Answer one request for a chunk after the other, if its voxels are here, with a chance for each to be cancelled. */
async function cutAll(): Promise<void> {
  more = true;
  if (cutting) return;
  cutting = true;
  while (more) {
    more = false;
    for (const job of cuts) {
      if (!cutOne(job)) continue;
      cuts.delete(job);
      await turn();
    }
  }
  cutting = false;
}

/** Answer a request for a chunk; false if its voxels are still to come. */
function cutOne(job: Job): boolean {
  const kept = keptFor(job);
  if (kept === undefined) {
    answer(job, GONE, "The array was replaced");
    return true;
  }
  const { info, buffer } = kept;
  const { part, block } = readPart<Triple>(job.rest);
  try {
    if (!isHere(kept, part)) {
      if (job.need === undefined) need(job);
      return false;
    }
    give(job, info, buffer, part, block);
  } catch (error) {
    fail(job, error);
  }
  return true;
}

function isHere({ info, upTo, missing }: Kept, part: Part): boolean {
  // Throws where the array has no such part.
  const last = bytesPerVoxel(info.dtype) * lastVoxel(info, part);
  if (missing === undefined || !isBricked(info)) return last < upTo;
  return missing.size === 0 || !bricksOf(info, part).some((brick) => missing.has(brick));
}

function give(
  job: Job,
  { mean, ...layout }: Layout & { mean: boolean },
  buffer: ArrayBuffer,
  part: Part,
  block?: Triple,
) {
  if (block === undefined || mean) answer(job, 200, "OK", cut(layout, buffer, part, mean));
  else answer(job, 200, "OK", compress(layout, buffer, part, block), true);
}

function fail(job: Job, error: unknown): void {
  answer(job, error instanceof PartError ? 400 : 500, (error as Error).message);
}

/** Ask for the voxels of a chunk ahead of the rest of the array. */
function need(job: Job): void {
  const { key, generation, rest } = job;
  lastNeed += 1;
  job.need = lastNeed;
  needed.set(lastNeed, job);
  self.postMessage({ need: lastNeed, key, generation, rest } satisfies Need);
}

function forgo({ need, key }: Job): void {
  if (need !== undefined && needed.delete(need)) self.postMessage({ forgo: need, key } satisfies Forgo);
}

/** For one chunk after the other: new memory costs more than what is done with it. */
let scratch = new ArrayBuffer(0);

/** Make a chunk of its own voxels. */
async function piece({ need, ...packed }: Piece): Promise<void> {
  const data = await inflate(packed);
  const job = needed.get(need);
  const kept = job && keptFor(job);
  if (job === undefined || kept === undefined) return;
  if (packed.compressed) return answer(job, 200, "OK", data, true);
  const { part, block } = readPart<Triple>(job.rest);
  const { dtype, mean } = kept.info;
  const shape = part.end.map((b, d) => b - (part.start[d] as number));
  const bytes = product(shape) * bytesPerVoxel(dtype);
  const layout = { dtype, mean, shape, order: shape.map((_, d) => shape.length - 1 - d) };
  const whole = { start: shape.map(() => 0), end: shape, factor: shape.map(() => 1) };
  try {
    if (packed.runs === 0) {
      // As they are: the first dimension fastest.
      if (block === undefined || mean) return answer(job, 200, "OK", data);
      give(job, layout, data, whole, block);
      return giveBack(data);
    }
    if (scratch.byteLength < bytes) scratch = new ArrayBuffer(bytes);
    unpack({ ...packed, data, bytes }, scratch, 0, bytesPerVoxel(dtype));
    give(job, layout, scratch, whole, block);
  } catch (error) {
    fail(job, error);
  }
}

function keptFor({ key, generation }: Job): Kept | undefined {
  const kept = arrays.get(key);
  return kept?.info.generation === generation ? kept : undefined;
}

function answer(job: Job, status: number, reason: string, data?: ArrayBuffer, compressed = false): void {
  const { id, port, cancelled } = job;
  jobs.get(port)?.delete(id);
  cuts.delete(job);
  forgo(job);
  if (cancelled) return;
  port.postMessage({ id, status, reason, data, compressed } satisfies ResidentAnswer, data === undefined ? [] : [data]);
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
  if (data.brick !== undefined) void place(data.brick);
  if (data.piece !== undefined) void piece(data.piece);
  if (data.change !== undefined) void change(data.change);
  if (data.drop !== undefined) {
    arrays.delete(data.drop);
    void cutAll();
  }
  if (data.port !== undefined) connect(data.port);
});
