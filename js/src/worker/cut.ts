// Cuts chunks out of an array in memory and downsamples them, voxel for voxel as the official Python server does.
import {
  type Axis,
  axesOf,
  bytesPerVoxel,
  check,
  dot,
  type Layout,
  type Memory,
  type Part,
  product,
  stridesOf,
  walk,
  wordsOf,
  wordsPerVoxel,
} from "./layout";
import { average } from "./mean";

/**
 * Cut a part out of an array.
 *
 * @param mean whether to downsample by averaging, as for images, or to take every n-th voxel, as for segmentations
 * @returns the voxels in little-endian order, the first dimension fastest
 * @throws PartError where the array has no such part
 */
export function cut(layout: Layout, buffer: Memory, part: Part, mean: boolean): ArrayBuffer {
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

function pick(layout: Layout, buffer: Memory, { start, end, factor }: Part): ArrayBuffer {
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
