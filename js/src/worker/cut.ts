// Cuts chunks out of an array in memory and downsamples them, voxel for voxel as the official Python server does.

/** neuroglancer's data types, by numpy's names. */
export type DataTypeName = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "float32";

/** How an array lies in memory, packed. */
export interface Layout {
  dtype: DataTypeName;
  shape: number[];
  /** The dimensions as they are nested in memory, the slowest first. */
  order: number[];
}

type Words = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array;

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
const HIGH = 2 ** 32;

export const wordsPerVoxel = (dtype: DataTypeName): number => (dtype.endsWith("64") ? 2 : 1);

export const bytesPerVoxel = (dtype: DataTypeName): number => WORDS[dtype].BYTES_PER_ELEMENT * wordsPerVoxel(dtype);

export const wordsOf = (dtype: DataTypeName, buffer: ArrayBuffer): Words => new WORDS[dtype](buffer);

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
interface Axis {
  length: number;
  from: number;
  to: number;
}

/** Call `visit` with both offsets for every combination of indices of all axes but the last. */
function walk(axes: Axis[], visit: (from: number, to: number) => void, from = 0, to = 0, depth = 0): void {
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

/**
 * Cut a part out of an array.
 *
 * @param mean whether to downsample by averaging, as for images, or to take every n-th voxel, as for segmentations
 * @returns the voxels in little-endian order, the first dimension fastest
 * @throws PartError where the array has no such part
 */
export function cut(layout: Layout, buffer: ArrayBuffer, part: Part, mean: boolean): ArrayBuffer {
  check(layout, part);
  return mean && part.factor.some((f) => f !== 1) ? average(layout, buffer, part) : pick(layout, buffer, part);
}

/**
 * The place in memory of a part's last voxel.
 *
 * @throws PartError where the array has no such part
 */
export function lastVoxel(layout: Layout, part: Part): number {
  check(layout, part);
  const last = layout.shape.map((n, d) => Math.min(n, (part.end[d] as number) * (part.factor[d] as number)) - 1);
  return dot(
    last,
    last.map(() => 1),
    stridesOf(layout),
  );
}

/** Write the voxels of a box, which lie in the array's order, into an array. */
export function paste(
  layout: Layout,
  buffer: ArrayBuffer,
  { start, end }: Pick<Part, "start" | "end">,
  box: ArrayBuffer,
): void {
  const size = start.map((a, d) => (end[d] as number) - a);
  const one = size.map(() => 1);
  const strides = stridesOf(layout);
  const packed = stridesOf({ shape: size, order: layout.order });
  const words = wordsPerVoxel(layout.dtype);
  const target = wordsOf(layout.dtype, buffer);
  const source = wordsOf(layout.dtype, box);
  const axes = layout.order.map((d) => ({
    length: size[d] as number,
    from: words * (packed[d] as number),
    to: words * (strides[d] as number),
  }));
  const row = words * (axes.at(-1) as Axis).length;
  walk(axes, (from, to) => target.set(source.subarray(from, from + row), to), 0, words * dot(start, one, strides));
}

function pick(layout: Layout, buffer: ArrayBuffer, { start, end, factor }: Part): ArrayBuffer {
  const size = start.map((a, d) => (end[d] as number) - a);
  const words = wordsPerVoxel(layout.dtype);
  const strides = stridesOf(layout);
  const source = wordsOf(layout.dtype, buffer);
  const result = new ArrayBuffer(product(size) * bytesPerVoxel(layout.dtype));
  const target = wordsOf(layout.dtype, result);
  const axes = axesOf(layout.order, size, factor, strides, words);
  const { length, from: step, to: stride } = axes.at(-1) as Axis;
  const origin = words * dot(start, factor, strides);
  walk(axes, (a, b) => {
    let from = origin + a;
    let to = b;
    if (step === words && stride === words) {
      target.set(source.subarray(from, from + length * words), to);
      return;
    }
    for (let i = 0; i < length; ++i, from += step, to += stride) {
      target[to] = source[from] as number;
      if (words === 2) target[to + 1] = source[from + 1] as number;
    }
  });
  return result;
}

/** The walk from a packed array's voxels to those of a part, in the order in which the array lies in memory. */
function axesOf(order: number[], size: number[], factor: number[], strides: number[], words: number): Axis[] {
  const packed = stridesOf({ shape: size, order: size.map((_, d) => size.length - 1 - d) });
  return order.map((d) => ({
    length: size[d] as number,
    from: words * (factor[d] as number) * (strides[d] as number),
    to: words * (packed[d] as number),
  }));
}

export const dot = (a: number[], b: number[], c: number[]): number =>
  a.reduce((sum, x, d) => sum + x * (b[d] as number) * (c[d] as number), 0);

/**
 * The mean over blocks, as numpy gives it in downsample_with_averaging: sums in float32, added up in the order of
 * the offsets inside a block, the last dimension fastest; divided in float64; then cut off to the data type.
 */
function average(layout: Layout, buffer: ArrayBuffer, { start, end, factor }: Part): ArrayBuffer {
  const { shape, dtype, order } = layout;
  const size = start.map((a, d) => (end[d] as number) - a);
  const first = start.map((a, d) => a * (factor[d] as number));
  const extent = shape.map((n, d) => Math.min(n - (first[d] as number), (size[d] as number) * (factor[d] as number)));
  const strides = stridesOf(layout);
  const words = wordsPerVoxel(dtype);
  const signed = dtype === "int64";
  const source = wordsOf(dtype, buffer);
  const sums = new Float32Array(product(size));
  const one = factor.map(() => 1);
  const origin = dot(first, one, strides);
  for (let n = 0, blocks = product(factor); n < blocks; ++n) {
    const offset = unravel(n, factor);
    const length = extent.map((n, d) => Math.ceil((n - (offset[d] as number)) / (factor[d] as number)));
    if (length.some((n) => n <= 0)) continue;
    // The sums lie as the whole part does, also where the last block lacks this offset.
    const axes = axesOf(order, size, factor, strides, 1).map((axis, i) => ({
      ...axis,
      length: length[order[i] as number] as number,
    }));
    const { length: inner, from: step, to: stride } = axes.at(-1) as Axis;
    const shift = origin + dot(offset, one, strides);
    walk(axes, (a, b) => {
      let to = b;
      if (words === 1) {
        for (let i = 0, from = shift + a; i < inner; ++i, from += step, to += stride)
          sums[to] = (sums[to] as number) + (source[from] as number);
        return;
      }
      for (let i = 0, from = 2 * (shift + a); i < inner; ++i, from += 2 * step, to += stride) {
        const high = source[from + 1] as number;
        sums[to] = (sums[to] as number) + ((signed ? high | 0 : high) * HIGH + (source[from] as number));
      }
    });
  }
  return divide(dtype, sums, size, extent, factor);
}

/** The indices of the n-th element of an array of the shape `shape`, the last dimension fastest. */
function unravel(n: number, shape: number[]): number[] {
  let rest = n;
  return shape
    .slice()
    .reverse()
    .map((length) => {
      const index = rest % length;
      rest = (rest - index) / length;
      return index;
    })
    .reverse();
}

function divide(dtype: DataTypeName, sums: Float32Array, size: number[], extent: number[], factor: number[]) {
  const result = new ArrayBuffer(sums.length * bytesPerVoxel(dtype));
  const target = wordsOf(dtype, result);
  const wide = wordsPerVoxel(dtype) === 2;
  // Only the last block of a dimension may be smaller than the rest.
  const last = extent.map((n, d) => n - ((size[d] as number) - 1) * (factor[d] as number));
  const row = size[0] ?? 1;
  for (let at = 0; at < sums.length; at += row) {
    let count = 1;
    for (let d = 1, rest = at / row; d < size.length; ++d) {
      const length = size[d] as number;
      const index = rest % length;
      rest = (rest - index) / length;
      count *= (index === length - 1 ? last[d] : factor[d]) as number;
    }
    for (let i = 0; i < row; ++i) {
      const value = (sums[at + i] as number) / (count * ((i === row - 1 ? last[0] : factor[0]) ?? 1));
      if (wide) {
        const whole = Math.trunc(value);
        target[2 * (at + i)] = whole - Math.floor(whole / HIGH) * HIGH;
        target[2 * (at + i) + 1] = Math.floor(whole / HIGH);
      } else target[at + i] = value;
    }
  }
  return result;
}
