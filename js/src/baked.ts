// Answers what Python would, from files that were made while it ran (baking.py): they lie beside the page, or inside it.
import type { Reply } from "./channel";
import type { Answer } from "./sources";
import { type Bricked, boxOf, bricksOf, readPart } from "./worker/bricks";
import { cut, paste } from "./worker/cut";
import { bytesPerVoxel, type DataTypeName, type Layout, product } from "./worker/layout";
import type { Resident } from "./worker/messages";
import { inflate, unpack } from "./worker/packed";

/** The array of a volume. */
interface BakedArray {
  array: Resident;
  voxel: number;
  bytes: number;
  /** Its files are named after it. */
  digest: string;
  /** Of each brick, how many runs of equal voxels it is stored as; see packed.ts. */
  runs: number[];
  /** The smaller copies that neuroglancer asks for, of a large array. */
  levels?: Level[];
}

/** An array's copy at a coarser scale, in bricks of its own whose first dimension runs fastest. */
interface Level extends Bricked {
  factor: number[];
  /** What the names of its files begin with. */
  name: string;
  runs: number[];
}

/** A volume or skeletons. */
export type BakedSource = Partial<BakedArray> & {
  /** What it says of itself; or why it cannot be drawn. */
  info?: object;
  refused?: { status: number; reason: string };
  /** Why its array is not in the files. */
  needs?: string;
  /** The file of each mesh or skeleton, by the object's number. */
  objects?: Record<string, string>;
};

/** What a model says of the files. */
export interface BakedFiles {
  /** The folder they are in; "": inside the page. */
  url: string;
  sources: Record<string, BakedSource>;
}

const ELEMENT = "panel-neuroglancer-baked-";
/** Bricks of about a megabyte. */
const RECENT = 16;
const PATH = /^\/neuroglancer\/([^/]+)\/([^/]+)(?:\/(\d+)$)?/;

export class Baked {
  /** Bricks of coarse levels that were read last: several chunks are cut out of each. */
  readonly #recent = new Map<string, Promise<ArrayBuffer>>();
  /** Why arrays cannot be kept here. */
  readonly #refused = new Map<string, string>();
  /** What was asked for of each source: digests of objects. */
  readonly #given = new Map<string, Record<string, string>>();

  constructor(private readonly files: BakedFiles) {}

  /** What the page has of each source, for Python to compare; see matching.py. */
  get given(): Record<string, unknown>[] {
    return [...this.#given].map(([key, objects]) => {
      const { info, digest } = this.#source(key) ?? {};
      return { key, info, objects, ...(digest && { digest }) };
    });
  }

  #source(key: string): BakedSource | undefined {
    return this.files.sources[key];
  }

  /** Answer a request for anything but voxels; undefined where only Python could. */
  async fetch(path: string): Promise<Answer | undefined> {
    const [, kind = "", key = "", id = ""] = PATH.exec(path) ?? [];
    const source = this.#source(key);
    if (source?.refused !== undefined) return { ...source.refused, data: undefined };
    if ((kind === "info" || kind === "skeletoninfo") && source?.info !== undefined) {
      this.#given.set(key, {});
      return { status: 200, reason: "OK", data: new TextEncoder().encode(JSON.stringify(source.info)).buffer };
    }
    const name = source?.objects?.[id];
    if ((kind !== "mesh" && kind !== "skeleton") || name === undefined) return undefined;
    this.#given.set(key, { ...this.#given.get(key), [id]: name });
    return { status: 200, reason: "OK", data: await this.#read(name) };
  }

  /** Why a request cannot be answered here. */
  why(path: string): string {
    const [, kind, key = "", id] = PATH.exec(path) ?? [];
    if (id !== undefined) return `Object ${id} is not in this page, and there is no Python to ask`;
    const why = this.#refused.get(key) ?? this.#source(key)?.needs ?? "it was left out";
    return `The ${kind === "raw" ? "array" : "data"} is not in this page: ${why}`;
  }

  /** Answer what residents.ts asks for (see resident.py), and bricks.ts; undefined where only Python could. */
  ask(method: string, params: Record<string, unknown>): Promise<Reply> | undefined {
    const source = this.#source(String(params.key));
    if (source === undefined) return undefined;
    if (method === "source.resident") return Promise.resolve(this.#describe(String(params.key), source, params));
    if (method === "files.brick") return this.#brick(source, Number(params.brick));
    if (method === "files.chunk") return this.#chunk(source, String(params.rest));
    return undefined;
  }

  #describe(key: string, { array, voxel = 1, bytes = 0 }: BakedSource, { limit }: Record<string, unknown>): Reply {
    const room = Math.max(0, Number(limit));
    if (bytes > room) this.#refused.set(key, `it has ${bytes} bytes, and there is room for ${room}`);
    return { result: { array: bytes > room ? null : array, voxel, bytes }, data: undefined };
  }

  async #brick({ array, digest, runs = [] }: BakedSource, brick: number): Promise<Reply> {
    try {
      const data = await this.#read(`${digest}.${brick}`);
      return { result: { runs: runs[brick] ?? 0, deflated: false }, data };
    } catch (error) {
      if (array !== undefined) this.#refused.set(array.key, (error as Error).message);
      throw error;
    }
  }

  /** The voxels of a chunk, where there is a copy at its scale. */
  async #chunk({ array, levels = [] }: BakedSource, rest: string): Promise<Reply> {
    const { part } = readPart(rest);
    const level = levels.find(({ factor }) => `${factor}` === `${part.factor}`);
    if (array === undefined || level === undefined) return { result: {}, data: undefined };
    const chunk = layoutOf(array.dtype, part);
    const data = new ArrayBuffer(bytesOf(chunk));
    const one = part.factor.map(() => 1);
    const place = async (index: number) => {
      const box = boxOf(level, index);
      const brick = layoutOf(array.dtype, box);
      const voxels = await this.#levelBrick(level, index, brick);
      const start = part.start.map((a, d) => Math.max(a, box.start[d] as number));
      const end = part.end.map((b, d) => Math.min(b, box.end[d] as number));
      const within = (origin: number[]) => ({ start: minus(start, origin), end: minus(end, origin), factor: one });
      paste(chunk, data, within(part.start), cut(brick, voxels, within(box.start), false));
    };
    await Promise.all(bricksOf(level, { ...part, factor: one }).map(place));
    return { result: { runs: 0, deflated: false }, data };
  }

  #levelBrick({ name, runs }: Level, index: number, layout: Layout): Promise<ArrayBuffer> {
    const file = `${name}.${index}`;
    const reading = this.#recent.get(file) ?? this.#unpacked(file, layout, runs[index] ?? 0);
    // To the end of the line.
    this.#recent.delete(file);
    this.#recent.set(file, reading);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= RECENT) break;
      this.#recent.delete(oldest);
    }
    return reading;
  }

  async #unpacked(file: string, layout: Layout, runs: number): Promise<ArrayBuffer> {
    const data = await this.#read(file);
    const bytes = bytesOf(layout);
    const voxels = new ArrayBuffer(bytes);
    unpack({ data, bytes, runs, deflated: false }, voxels, 0, bytesPerVoxel(layout.dtype));
    return voxels;
  }

  async #read(name: string): Promise<ArrayBuffer> {
    const { url } = this.files;
    const data = url === "" ? inlined(name) : await download(new URL(url + name, document.baseURI));
    return await inflate({ data, deflated: true });
  }
}

const bytesOf = ({ shape, dtype }: Layout) => product(shape) * bytesPerVoxel(dtype);
const minus = (a: number[], b: number[]) => a.map((n, d) => n - (b[d] as number));

/** How a box lies in memory whose first dimension runs fastest. */
function layoutOf(dtype: DataTypeName, { start, end }: { start: number[]; end: number[] }): Layout {
  const shape = minus(end, start);
  return { dtype, shape, order: shape.map((_, d) => shape.length - 1 - d) };
}

async function download(url: URL): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname.split("/").at(-1)} could not be loaded: HTTP ${response.status}`);
  return await response.arrayBuffer();
}

function inlined(name: string): ArrayBuffer {
  const element = document.getElementById(ELEMENT + name);
  if (element === null) throw new Error(`${name} is missing from this page`);
  return Uint8Array.from(atob(element.textContent ?? ""), (c) => c.charCodeAt(0)).buffer;
}
