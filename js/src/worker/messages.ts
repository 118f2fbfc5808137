// What the page, the chunk workers and the resident worker say to each other.
import type { Layout } from "./layout";
import type { Triple } from "./objects";
import type { Packed } from "./packed";
import type { MeshOptions } from "./simplify";

/** What an array is, and how it is to be served. */
export interface Resident extends Layout {
  key: string;
  generation: number;
  /** Downsample by the mean, else by taking every n-th voxel. */
  mean: boolean;
  /** How to make meshes, if at all. */
  meshes: (MeshOptions & { scales: Triple }) | null;
  /** The shape of the bricks in which it comes; undefined: it comes in slabs. */
  brick?: number[];
  /** What tells it from all others, where it comes from files. */
  digest?: string | undefined;
}

/** A piece of the array `key`, from the byte `offset` on. */
export interface Slab extends Packed {
  key: string;
  generation: number;
  offset: number;
}

/** One brick of the array `key`, in the array's order; see bricks.ts. */
export interface Brick extends Omit<Packed, "bytes"> {
  key: string;
  generation: number;
  brick: number;
}

/** The new voxels of a box, in the array's order. */
export interface Patch extends Packed {
  start: number[];
  end: number[];
}

export interface FromPage {
  open?: Resident;
  slab?: Slab;
  brick?: Brick;
  /** Make an array of one generation the next. */
  change?: { key: string; since: number; generation: number; patches: Patch[] };
  /** The voxels that a chunk needs, ahead of the rest of the array. */
  piece?: Piece;
  drop?: string;
  port?: MessagePort;
}

/** All of an array is there, or it cannot be kept. */
export interface Complete {
  key: string;
  generation: number;
  error?: string;
}

/** A chunk waits for voxels that are not here yet. */
export interface Need {
  /** The number of this need. */
  need: number;
  key: string;
  generation: number;
  /** The rest of the path, as in `ResidentAsk`. */
  rest: string;
}

/** A chunk waits no longer. */
export interface Forgo {
  forgo: number;
  key: string;
}

export type ToPage = Complete | Need | Forgo;

/** The voxels of that chunk, x running fastest. */
export interface Piece extends Omit<Packed, "bytes">, Need {
  /** Whether they are compressed as labels already. */
  compressed?: boolean;
}

export interface ResidentAsk {
  id: number;
  key: string;
  generation: number;
  kind: "raw" | "mesh";
  /** The rest of the path: the object; or the part, and after a # the size of the blocks in which labels are compressed. */
  rest: string;
}

export interface ResidentCancel {
  cancel: number;
}

export interface ResidentAnswer {
  id: number;
  status: number;
  reason: string;
  data?: ArrayBuffer | undefined;
  /** Whether the voxels are compressed as labels. */
  compressed: boolean;
}
