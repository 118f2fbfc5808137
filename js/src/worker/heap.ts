// Cuts chunks out of an array in Python's own memory, where Python runs in the browser (heap.py): the same as the resident
// worker does, but before the array is there.
import { readPart } from "./bricks";
import { cut } from "./cut";
import { compress } from "./labels";
import type { DataTypeName } from "./layout";
import type { Triple } from "./objects";

/** A Python object with the buffer protocol, as Pyodide gives it. */
interface PyArray {
  /** Does not copy. */
  getBuffer(type: "u8"): { data: Uint8Array<ArrayBuffer>; release(): void };
}

/**
 * Cut one chunk.
 *
 * @param array packed
 * @param layout its data type, shape and order, as JSON
 * @param rest which part, and after a # the size of the blocks in which labels are to be compressed
 * @param mean whether to downsample by averaging
 */
export function chunk(array: PyArray, layout: string, rest: string, mean: boolean): Uint8Array<ArrayBuffer> {
  const { dtype, shape, order } = JSON.parse(layout) as { dtype: DataTypeName; shape: number[]; order: number[] };
  const { part, block } = readPart<Triple>(rest);
  const buffer = array.getBuffer("u8");
  try {
    const { data } = buffer;
    const known = { dtype, shape, order };
    return new Uint8Array(block === undefined ? cut(known, data, part, mean) : compress(known, data, part, block));
  } finally {
    buffer.release();
  }
}
