// The mean over blocks of voxels, as numpy gives it in the official package's downsample_with_averaging: sums in float32, added
// up in the order of the offsets inside a block, the last dimension fastest; divided in float64; then cut off to the data type.
import {
  type Axis,
  axesOf,
  bytesPerVoxel,
  type DataTypeName,
  dot,
  type Layout,
  type Memory,
  type Part,
  product,
  stridesOf,
  type Words,
  walk,
  wordsOf,
  wordsPerVoxel,
} from "./layout";

const HIGH = 2 ** 32;
/** The largest magnitude of a voxel, where sums may be exact in float32. */
const LARGEST: Partial<Record<DataTypeName, number>> = { uint8: 255, int8: 128, uint16: 65535, int16: 32768 };
/** Float32 knows all whole numbers up to here, so that the order of adding does not matter. */
const EXACT = 2 ** 24;

/** Average a part of an array, which must have it. */
export function average(layout: Layout, buffer: Memory, { start, end, factor }: Part): ArrayBuffer {
  const { shape, dtype } = layout;
  const size = start.map((a, d) => (end[d] as number) - a);
  const first = start.map((a, d) => a * (factor[d] as number));
  const extent = shape.map((n, d) => Math.min(n - (first[d] as number), (size[d] as number) * (factor[d] as number)));
  const area = { layout, source: wordsOf(dtype, buffer), size, first, extent, factor };
  const exact = (LARGEST[dtype] ?? Number.POSITIVE_INFINITY) * product(factor) <= EXACT;
  return divide(dtype, exact ? sumRows(area) : sumOffsets(area), size, extent, factor);
}

interface Area {
  layout: Layout;
  source: Words;
  /** Blocks; the first voxel; voxels; and voxels of a whole block; all per dimension. */
  size: number[];
  first: number[];
  extent: number[];
  factor: number[];
}

/** Sums of blocks, where the order does not matter: each row of voxels is read once, as it lies in memory. */
function sumRows({ layout: { order, ...layout }, source, size, first, extent, factor }: Area): Int32Array {
  const strides = stridesOf({ ...layout, order });
  const sums = new Int32Array(product(size));
  const one = factor.map(() => 1);
  const axes = axesOf(order, size, one, strides, 1);
  const { to: stride } = axes.at(-1) as Axis;
  const [step, length] = [factor, extent].map((numbers) => numbers[order.at(-1) as number]) as [number, number];
  const visit = (depth: number, from: number, to: number) => {
    if (depth === axes.length - 1) {
      sumRow(source, from, length, step, sums, to, stride);
      return;
    }
    const axis = axes[depth] as Axis;
    const [f, n] = [factor, extent].map((numbers) => numbers[order[depth] as number]) as [number, number];
    for (let i = 0; i < n; ++i) visit(depth + 1, from + i * axis.from, to + Math.floor(i / f) * axis.to);
  };
  visit(0, dot(first, one, strides), 0);
  return sums;
}

/** Add the sums of each `step` voxels in a row. */
function sumRow(
  source: Words,
  from: number,
  length: number,
  step: number,
  sums: Int32Array,
  to: number,
  stride: number,
): void {
  const end = from + length;
  const whole = end - (length % step);
  let at = from;
  let sum = to;
  // Loops over two or four voxels would cost more than the voxels.
  if (step === 2)
    for (; at < whole; at += 2, sum += stride)
      sums[sum] = (sums[sum] as number) + (source[at] as number) + (source[at + 1] as number);
  else if (step === 4)
    for (; at < whole; at += 4, sum += stride)
      sums[sum] =
        (sums[sum] as number) +
        (source[at] as number) +
        (source[at + 1] as number) +
        (source[at + 2] as number) +
        (source[at + 3] as number);
  for (; at < end; sum += stride) {
    let block = 0;
    for (const next = Math.min(at + step, end); at < next; ++at) block += source[at] as number;
    sums[sum] = (sums[sum] as number) + block;
  }
}

/** Sums of blocks, one offset inside the blocks after the other. */
function sumOffsets({ layout, source, size, first, extent, factor }: Area): Float32Array {
  const { dtype, order } = layout;
  const strides = stridesOf(layout);
  const words = wordsPerVoxel(dtype);
  const signed = dtype === "int64";
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
  return sums;
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

function divide(
  dtype: DataTypeName,
  sums: Int32Array | Float32Array,
  size: number[],
  extent: number[],
  factor: number[],
) {
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
