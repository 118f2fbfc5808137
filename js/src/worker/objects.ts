// The objects of a segmentation: where they are, and which voxels are theirs. Both are generators that stop between
// planes of memory, so that a worker can answer others meanwhile.
import { type Layout, stridesOf, wordsOf, wordsPerVoxel } from "./layout";

export type Triple = [number, number, number];

/** First voxel and one beyond the last, per dimension. */
export interface Box {
  start: Triple;
  end: Triple;
}

/** An object's id: a number where that is exact. */
export type ObjectId = number | bigint;

export function objectId(text: string): ObjectId {
  const id = BigInt(text);
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
}

const joined = (low: number, high: number): ObjectId =>
  high < 2 ** 21 ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);

/** Find the box around each object of a three-dimensional array; 0 is no object. */
export function* findObjects(layout: Layout, buffer: ArrayBuffer): Generator<void, Map<ObjectId, Box>> {
  const boxes = new Map<ObjectId, Box>();
  const boxOf = (id: ObjectId): Box => {
    let box = boxes.get(id);
    if (box === undefined) {
      box = { start: [Infinity, Infinity, Infinity], end: [0, 0, 0] };
      boxes.set(id, box);
    }
    return box;
  };
  const { shape, order, dtype } = layout;
  const [a, b, c] = order as Triple;
  const [planes, rows, length] = [a, b, c].map((d) => shape[d]) as Triple;
  const words = wordsOf(dtype, buffer);
  const step = wordsPerVoxel(dtype);
  const at: Triple = [0, 0, 0];
  let box: Box | undefined;
  let low = 0;
  let high = 0;
  const close = (start: number, end: number) => {
    if (box === undefined) return;
    at[c] = start;
    grow(box, at);
    at[c] = end - 1;
    grow(box, at);
  };
  for (let plane = 0, p = 0; plane < planes; ++plane) {
    at[a] = plane;
    for (let row = 0; row < rows; ++row) {
      at[b] = row;
      let start = 0;
      for (let i = 0; i < length; ++i, p += step) {
        const word = words[p] as number;
        const upper = step === 2 ? (words[p + 1] as number) : 0;
        if (word === low && upper === high) continue;
        if (i > start) close(start, i);
        start = i;
        low = word;
        high = upper;
        box = word === 0 && upper === 0 ? undefined : boxOf(joined(word, upper));
      }
      close(start, length);
    }
    yield;
  }
  return boxes;
}

function grow({ start, end }: Box, at: Triple): void {
  for (let d = 0; d < 3; ++d) {
    const x = at[d] as number;
    if (x < (start[d] as number)) start[d] = x;
    if (x >= (end[d] as number)) end[d] = x + 1;
  }
}

/** The voxels of one object: 1 inside and 0 outside, x fastest, with a border of 0 all around. */
export interface Mask {
  data: Uint8Array<ArrayBuffer>;
  shape: Triple;
  /** The array's index of the mask's first voxel, one before the object's box. */
  origin: Triple;
}

/** Copy out which voxels in `box` belong to an object. */
export function* maskOf(layout: Layout, buffer: ArrayBuffer, id: ObjectId, box: Box): Generator<void, Mask> {
  const { order, dtype } = layout;
  const size = box.end.map((n, d) => n - (box.start[d] as number)) as Triple;
  const shape = size.map((n) => n + 2) as Triple;
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  const steps: Triple = [1, shape[0], shape[0] * shape[1]];
  const strides = stridesOf(layout);
  const words = wordsOf(dtype, buffer);
  const width = wordsPerVoxel(dtype);
  const low = Number(BigInt(id) & 0xffffffffn);
  const high = Number(BigInt(id) >> 32n);
  const [a, b, c] = order as Triple;
  const origin = strides.reduce((sum, stride, d) => sum + stride * (box.start[d] as number), 0);
  const first = steps[0] + steps[1] + steps[2];
  const [length, step, jump] = [size[c] as number, steps[c] as number, width * (strides[c] as number)];
  for (let i = 0; i < (size[a] as number); ++i) {
    for (let j = 0; j < (size[b] as number); ++j) {
      let from = width * (origin + i * (strides[a] as number) + j * (strides[b] as number));
      let to = first + i * (steps[a] as number) + j * (steps[b] as number);
      for (let k = 0; k < length; ++k, from += jump, to += step) {
        if (words[from] === low && (width === 1 || words[from + 1] === high)) data[to] = 1;
      }
    }
    yield;
  }
  return { data, shape, origin: box.start.map((n) => n - 1) as Triple };
}
