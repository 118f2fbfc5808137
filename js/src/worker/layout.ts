// How arrays lie in memory, and ways through them.

/** neuroglancer's data types, by numpy's names. */
export type DataTypeName = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "float32";

/** How an array lies in memory, packed. */
export interface Layout {
  dtype: DataTypeName;
  shape: number[];
  /** The dimensions as they are nested in memory, the slowest first. */
  order: number[];
}

export type Words = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array;

// Voxels of 64 bits are two words: bigints would be many times slower.
const WORDS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: Uint32Array,
  uint64: Uint32Array,
  float32: Float32Array,
} as const;
export const wordsPerVoxel = (dtype: DataTypeName): number => (dtype.endsWith("64") ? 2 : 1);

export const bytesPerVoxel = (dtype: DataTypeName): number => WORDS[dtype].BYTES_PER_ELEMENT * wordsPerVoxel(dtype);

/** Where an array lies: a buffer of its own, or a part of one. */
export type Memory = ArrayBuffer | Uint8Array<ArrayBuffer>;

export function wordsOf(dtype: DataTypeName, memory: Memory): Words {
  const Typed = WORDS[dtype];
  if (memory instanceof ArrayBuffer) return new Typed(memory);
  return new Typed(memory.buffer, memory.byteOffset, memory.byteLength / Typed.BYTES_PER_ELEMENT);
}

/** Voxels from one index to the next, per dimension. */
export function stridesOf({ shape, order }: Pick<Layout, "shape" | "order">): number[] {
  const strides = shape.map(() => 1);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

export const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** One dimension of a walk through two arrays at once. */
export interface Axis {
  length: number;
  from: number;
  to: number;
}

/** Call `visit` with both offsets for every combination of indices of all axes but the last. */
export function walk(axes: Axis[], visit: (from: number, to: number) => void, from = 0, to = 0, depth = 0): void {
  if (depth >= axes.length - 1) {
    visit(from, to);
    return;
  }
  const axis = axes[depth] as Axis;
  for (let i = 0; i < axis.length; ++i) walk(axes, visit, from + i * axis.from, to + i * axis.to, depth + 1);
}

/** A part of an array at a reduced resolution. */
export interface Part {
  /** First voxel, and one beyond the last, at the reduced resolution. */
  start: number[];
  end: number[];
  /** Voxels of the full resolution per voxel. */
  factor: number[];
}

export class PartError extends Error {
  override name = "PartError";
}

/** @throws PartError where the array has no such part */
export function check({ shape }: Layout, { start, end, factor }: Part): void {
  const fits = shape.every((n, d) => {
    const [a, b, f] = [start[d], end[d], factor[d]] as [number, number, number];
    return Number.isInteger(f) && f >= 1 && a >= 0 && a <= b && b <= Math.ceil(n / f);
  });
  const ranks = [start.length, end.length, factor.length];
  if (!fits || ranks.some((rank) => rank !== shape.length))
    throw new PartError(`An array of the shape ${shape} has no part from ${start} to ${end} in steps of ${factor}`);
}

/** The walk from a packed array's voxels to those of a part, in the order in which the array lies in memory. */
export function axesOf(order: number[], size: number[], factor: number[], strides: number[], words: number): Axis[] {
  const packed = stridesOf({ shape: size, order: size.map((_, d) => size.length - 1 - d) });
  return order.map((d) => ({
    length: size[d] as number,
    from: words * (factor[d] as number) * (strides[d] as number),
    to: words * (packed[d] as number),
  }));
}

export const dot = (a: number[], b: number[], c: number[]): number =>
  a.reduce((sum, x, d) => sum + x * (b[d] as number) * (c[d] as number), 0);
