// On the page: which of Python's arrays are in the resident worker, and how they get there.
//
// An array is sent once, in slabs (slabs.ts). The voxels of chunks that somebody waits for go first (pieces.ts). The worker is
// started for the first array and ended with the last, which surely frees the memory.
import { Bricks } from "./bricks";
import { ChannelError, type Reply } from "./channel";
import { partUrl, startWorker } from "./parts";
import { Pieces } from "./pieces";
import { askSlabs, SLAB_MAX } from "./slabs";
import { type Announcement, useResidents } from "./sources";
import { product } from "./worker/layout";
import type { FromPage, Patch, Resident, ToPage } from "./worker/messages";

/** A Python viewer that can send its arrays. */
export interface Sender {
  ask(method: string, params: Record<string, unknown>, options: { signal: AbortSignal }): Promise<Reply>;
  /** The bytes of arrays that the page may keep. */
  readonly limit: number;
  /** Whether the arrays come over a network. */
  readonly remote: boolean;
}

/** What Python says of a volume: its array, unless it stays there; bytes of one voxel, and of all. */
export interface Described {
  /** Python's None is null over a server and undefined in the browser. */
  array?: Resident | null;
  voxel: number;
  bytes: number;
}

interface Entry {
  key: string;
  senders: Set<Sender>;
  abort: AbortController;
  info?: Resident | undefined;
  /** Bytes of one voxel, and of all. */
  voxel: number;
  bytes: number;
  /** Whether chunk workers may ask for it; and whether all of it is here. */
  open: boolean;
  ready: boolean;
  pieces?: Pieces | undefined;
  /** When more is known of it; and how to say so. */
  next: Promise<void>;
  advance: () => void;
  /** When all is there, or will not come. */
  settled: Promise<void>;
}

/** Pieces to ask for at once where Python is near: while the page draws, nobody hands on more. */
const PIECES_NEAR = 32;

export class Residents {
  readonly #entries = new Map<string, Entry>();
  readonly #readers = new Map<Worker, (key: string) => void>();
  #connected = new WeakSet<Worker>();
  #worker: Promise<Worker> | undefined;

  /** A chunk worker that will ask for arrays; `onReady` is called when one can be asked for. */
  join(reader: Worker, onReady: (key: string) => void): void {
    this.#readers.set(reader, onReady);
    const terminate = reader.terminate.bind(reader);
    reader.terminate = () => {
      this.#readers.delete(reader);
      terminate();
    };
    for (const entry of this.#entries.values()) void this.#announce(reader, entry);
  }

  /** Have the worker ready for an array that may come from a sender. */
  prepare(sender: Sender): void {
    if (sender.limit > 0) this.#start().catch(() => {});
  }

  /**
   * Have the array `key` here, if it is one and there is room; `sender` wants it until it releases it.
   *
   * @param described what Python says of it, where that is known
   */
  want(key: string, sender: Sender, described?: Described): void {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        key,
        senders: new Set([sender]),
        abort: new AbortController(),
        voxel: 1,
        bytes: 0,
        open: false,
        ready: false,
        next: Promise.resolve(),
        advance: () => {},
        settled: Promise.resolve(),
      };
      this.#entries.set(key, entry);
      this.#begin(entry, sender, described);
    }
    entry.senders.add(sender);
  }

  /** `sender` shows these arrays only, or nothing at all any more. */
  release(sender: Sender, keeps?: (key: string) => boolean): void {
    for (const entry of [...this.#entries.values()]) {
      if (keeps?.(entry.key) || !entry.senders.delete(sender)) continue;
      if (entry.senders.size === 0) {
        this.#drop(entry);
        this.#entries.delete(entry.key);
        this.#endWorker();
      }
    }
    if (keeps === undefined) this.#endWorker();
  }

  /** Python has changed the array: what is here is old. To be called before neuroglancer asks for chunks again. */
  renew(key: string, generation: number): void {
    const entry = this.#entries.get(key);
    const sender = entry?.senders.values().next().value;
    if (entry?.info === undefined || sender === undefined || entry.info.generation === generation) return;
    if (entry.ready) {
      entry.settled = this.#update(entry, entry.info, sender, generation);
      return;
    }
    this.#drop(entry);
    this.#begin(entry, sender);
  }

  /** Python has another array than the one that is here, or on its way, from files. */
  replace(key: string, sender: Sender): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#drop(entry);
    this.#begin(entry, sender);
  }

  /** Have what has changed sent, or everything where that is not known. */
  async #update(entry: Entry, info: Resident, sender: Sender, generation: number): Promise<void> {
    const { key, bytes, abort } = entry;
    const { signal } = abort;
    this.#close(entry);
    advance(entry);
    try {
      const { digest, ...asSent } = info;
      const asked = { key, since: info.generation, generation, ...(digest && { digest }) };
      const { result } = await sender.ask("source.changes", asked, { signal });
      const { boxes } = result as { boxes?: [number[], number[]][] | null };
      const size = boxes?.reduce((sum, [start, end]) => sum + sizeOf(start, end) * entry.voxel, 0) ?? bytes;
      if (boxes != null && size < Math.min(bytes / 2, SLAB_MAX)) {
        const packed = sender.remote;
        const patches = await Promise.all(
          boxes
            .filter(([start, end]) => sizeOf(start, end) > 0)
            .map(async ([start, end]): Promise<Patch> => {
              const reply = await sender.ask("source.box", { key, generation, start, end, packed }, { signal });
              if (reply.data === undefined) throw new Error("Python sent no voxels");
              const form = reply.result as { runs: number; deflated: boolean };
              return { start, end, data: reply.data, bytes: sizeOf(start, end) * entry.voxel, ...form };
            }),
        );
        const worker = await this.#start();
        signal.throwIfAborted();
        const next = { ...asSent, generation };
        const complete = this.#complete(worker, next, signal);
        worker.postMessage(
          { change: { key, since: info.generation, generation, patches } } satisfies FromPage,
          patches.map(({ data }) => data),
        );
        await complete;
        signal.throwIfAborted();
        entry.info = next;
        entry.ready = true;
        await this.#open(entry);
        for (const onReady of this.#readers.values()) onReady(key);
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      console.debug(`An array is sent anew: ${(error as Error).message}`);
    }
    if (signal.aborted) return;
    this.#drop(entry);
    this.#begin(entry, sender);
    await entry.settled;
  }

  /** When the array is there or will not come. */
  async settled(key: string): Promise<void> {
    await this.#entries.get(key)?.settled;
  }

  /** Whether the array is here, or on its way: then its chunks are to be asked for here. */
  async soon(key: string): Promise<boolean> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    while (!entry.open && (await Promise.race([entry.settled.then(() => false), entry.next.then(() => true)])));
    return entry.open;
  }

  /** Whether meshes of the array's objects can be asked for here. */
  hasMeshes(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry?.ready === true && entry.info?.meshes != null;
  }

  /** Bytes that one more array of a sender's may have. */
  roomFor(sender: Sender): number {
    return sender.limit - [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  #begin(entry: Entry, sender: Sender, described?: Described): void {
    entry.abort = new AbortController();
    advance(entry);
    entry.settled = this.#fill(entry, sender, described);
  }

  async #fill(entry: Entry, sender: Sender, described?: Described): Promise<void> {
    const { key, abort } = entry;
    const { signal } = abort;
    try {
      // Both take their time.
      const starting = this.#start();
      starting.catch(() => {});
      const { array, voxel, bytes } = described ?? (await this.#describe(key, sender, signal));
      if (array == null) return;
      Object.assign(entry, { info: array, voxel, bytes });
      const worker = await starting;
      signal.throwIfAborted();
      const complete = this.#complete(worker, array, signal);
      worker.postMessage({ open: array } satisfies FromPage);
      const packed = sender.remote;
      const { generation } = array;
      const bricks = bricksFrom(worker, array, sender, signal);
      const pieces = new Pieces(
        (need, asked) =>
          bricks?.piece(need) ??
          sender.ask("source.chunk", { key, generation, rest: need.rest, packed }, { signal: asked }),
        (piece) => worker.postMessage({ piece } satisfies FromPage, [piece.data]),
        sender.remote ? undefined : PIECES_NEAR,
      );
      entry.pieces = pieces;
      await this.#open(entry);
      advance(entry);
      const slabs = () =>
        askSlabs(
          { info: array, voxel, bytes },
          sender,
          signal,
          () => pieces.calm,
          (slab) => worker.postMessage({ slab } satisfies FromPage, [slab.data]),
        );
      await Promise.all([complete, bricks?.fill(pieces, signal) ?? slabs()]);
      signal.throwIfAborted();
      entry.ready = true;
      await this.#open(entry);
      for (const onReady of this.#readers.values()) onReady(key);
    } catch (error) {
      if (signal.aborted) return;
      this.#drop(entry);
      const other = [...entry.senders].find((candidate) => candidate !== sender);
      const kind = error instanceof ChannelError ? error.kind : "";
      // Another view of the same Python viewer goes on where one was closed. A stale array is renewed.
      if (kind === "closed" && other !== undefined) {
        this.#begin(entry, other);
        await entry.settled;
      } else if (kind !== "closed" && kind !== "stale")
        console.warn(`An array stays in Python, which is slower: ${(error as Error).message}`);
    }
  }

  async #describe(key: string, sender: Sender, signal: AbortSignal): Promise<Described> {
    const { result } = await sender.ask("source.resident", { key, limit: this.roomFor(sender) }, { signal });
    return result as unknown as Described;
  }

  /** When the worker has all of an array. */
  #complete(worker: Worker, { key, generation }: Resident, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = ({ data }: MessageEvent<ToPage>) => {
        if (!("generation" in data) || "need" in data) return;
        if (data.key !== key || data.generation !== generation) return;
        worker.removeEventListener("message", listener);
        if (data.error === undefined) resolve();
        else reject(new Error(data.error));
      };
      worker.addEventListener("message", listener);
      signal.addEventListener("abort", () => {
        worker.removeEventListener("message", listener);
        reject(signal.reason);
      });
    });
  }

  async #open(entry: Entry): Promise<void> {
    entry.open = true;
    await Promise.all([...this.#readers.keys()].map((reader) => this.#announce(reader, entry)));
  }

  async #announce(reader: Worker, entry: Entry): Promise<void> {
    if (!entry.open) return;
    const worker = await this.#start();
    const { key, info, ready } = entry;
    if (!entry.open || info === undefined) return;
    const { generation } = info;
    const message: Announcement = { resident: key, generation, whole: ready, meshes: ready && info.meshes != null };
    if (this.#connected.has(reader)) {
      reader.postMessage(message);
      return;
    }
    this.#connected.add(reader);
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port1 } satisfies FromPage, [port1]);
    reader.postMessage({ ...message, port: port2 } satisfies Announcement, [port2]);
  }

  /** Forget an array's voxels; the entry stays. */
  #drop(entry: Entry): void {
    const { key } = entry;
    entry.abort.abort(new DOMException("The array was dropped", "AbortError"));
    this.#close(entry);
    void this.#worker?.then((worker) => worker.postMessage({ drop: key } satisfies FromPage));
    entry.pieces?.clear();
    entry.pieces = undefined;
    entry.info = undefined;
    entry.bytes = 0;
  }

  /** Let nobody ask for an array for now. */
  #close(entry: Entry): void {
    for (const reader of this.#readers.keys()) reader.postMessage({ resident: entry.key } satisfies Announcement);
    entry.open = false;
    entry.ready = false;
  }

  #start(): Promise<Worker> {
    this.#worker ??= partUrl("./resident-worker.js", import.meta.url, { forWorker: true }).then((url) => {
      const worker = startWorker(url);
      worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
        if ("need" in data) this.#entries.get(data.key)?.pieces?.want(data);
        if ("forgo" in data) this.#entries.get(data.key)?.pieces?.forgo(data.forgo);
      });
      return worker;
    });
    return this.#worker;
  }

  #endWorker(): void {
    if (this.#entries.size > 0) return;
    void this.#worker?.then((worker) => worker.terminate());
    this.#worker = undefined;
    this.#connected = new WeakSet();
  }
}

/** What brings an array that comes in bricks; undefined for others. */
function bricksFrom(worker: Worker, array: Resident, sender: Sender, signal: AbortSignal): Bricks | undefined {
  const { brick: shape } = array;
  if (shape === undefined) return undefined;
  return new Bricks(
    { ...array, brick: shape },
    (method, params) => sender.ask(method, params, { signal }),
    (brick) => worker.postMessage({ brick } satisfies FromPage, [brick.data]),
  );
}

/** Voxels of a box. */
const sizeOf = (start: number[], end: number[]): number => product(end.map((n, d) => n - (start[d] as number)));

/** Say that more is known, and promise to say so again. */
function advance(entry: Entry): void {
  entry.advance();
  entry.next = new Promise((resolve) => {
    entry.advance = resolve;
  });
}

/** The page's. */
export const residents = new Residents();
useResidents(residents);
