import fs from "node:fs";
import zlib from "node:zlib";
import { decodeChannels } from "neuroglancer/unstable/sliceview/compressed_segmentation/decode_common.js";
import { describe, expect, it } from "vitest";
import { cut } from "../src/worker/cut";
import { chunk } from "../src/worker/heap";
import { compress } from "../src/worker/labels";
import { bytesPerVoxel, type DataTypeName, PartError } from "../src/worker/layout";
import { findObjects, maskOf, type ObjectId } from "../src/worker/objects";
import { inflate, unpack } from "../src/worker/packed";
import { simplify, tolerance } from "../src/worker/simplify";
import { type Mesh, surface } from "../src/worker/surface";

interface Case {
  dtype: DataTypeName;
  shape: number[];
  factor: number[];
  order: number[];
  memory: string;
  mean: string;
  stride: string;
}

// Made by the official package: fixtures/downsampled.py.
const CASES = JSON.parse(fs.readFileSync(new URL("fixtures/downsampled.json", import.meta.url), "utf8")) as Case[];
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex")).buffer;
const hex = (buffer: ArrayBuffer) => Buffer.from(buffer).toString("hex");

describe("cut", () => {
  it.each(CASES.map((x) => [`${x.dtype} ${x.shape} by ${x.factor}`, x] as const))("equals numpy: %s", (_, x) => {
    const part = {
      start: x.shape.map(() => 0),
      end: x.shape.map((n, d) => Math.ceil(n / (x.factor[d] as number))),
      factor: x.factor,
    };
    expect(hex(cut(x, bytes(x.memory), part, true))).toBe(x.mean);
    expect(hex(cut(x, bytes(x.memory), part, false))).toBe(x.stride);
  });

  it("gives a part of the same voxels", () => {
    const layout = { dtype: "uint8" as const, shape: [4, 3], order: [1, 0] };
    const data = Uint8Array.from({ length: 12 }, (_, i) => i).buffer;
    const part = cut(layout, data, { start: [1, 1], end: [3, 3], factor: [1, 1] }, true);
    expect([...new Uint8Array(part)]).toEqual([5, 6, 9, 10]);
  });

  it("refuses what the array does not have", () => {
    const layout = { dtype: "uint8" as const, shape: [4, 3], order: [1, 0] };
    const data = new ArrayBuffer(12);
    for (const part of [
      { start: [0, 0], end: [5, 3], factor: [1, 1] },
      { start: [-1, 0], end: [4, 3], factor: [1, 1] },
      { start: [0, 0], end: [4, 3], factor: [0, 1] },
      { start: [0], end: [4], factor: [1] },
    ])
      expect(() => cut(layout, data, part, true)).toThrow(PartError);
  });
});

describe("compressed labels", () => {
  const shape = [23, 18, 20];
  const voxels = shape.reduce((a, b) => a * b, 1);
  const kinds: Record<string, (i: number) => number> = {
    "one label": () => 7,
    "blobs of labels": (i) => Math.floor(i / 300) * 0x01234567,
    "a label in each voxel": (i) => i * 0x9e3779b1,
    "two labels": (i) => (i >> 3) & 1 && 0xffffffff,
    "three labels": (i) => ((7 * i) >> 2) % 3,
    "sixteen labels": (i) => 5 + (Math.floor(i / 3) % 16),
    "seventeen labels": (i) => i % 17,
  };
  const parts = [
    { start: [0, 0, 0], end: shape, factor: [1, 1, 1] },
    { start: [3, 1, 8], end: [23, 17, 16], factor: [1, 1, 1] },
    { start: [0, 1, 0], end: [12, 6, 10], factor: [2, 3, 2] },
  ];
  it.each(
    Object.keys(kinds).flatMap((kind) =>
      (["uint32", "uint64"] as const).flatMap((dtype) =>
        [
          [2, 1, 0],
          [0, 1, 2],
          [1, 2, 0],
        ].map((order) => [kind, dtype, order] as const),
      ),
    ),
  )("neuroglancer reads what was there: %s, %s, order %s", (kind, dtype, order) => {
    const value = kinds[kind] as (i: number) => number;
    const Labels = dtype === "uint32" ? Uint32Array : BigUint64Array;
    const buffer = new ArrayBuffer(voxels * Labels.BYTES_PER_ELEMENT);
    new Uint32Array(buffer).forEach((_, i, words) => {
      words[i] = value(i);
    });
    const layout = { dtype, shape, order };
    for (const part of parts)
      for (const block of [
        [8, 8, 8],
        [16, 8, 4],
        [64, 8, 1],
      ] as [number, number, number][]) {
        const size = part.start.map((a, d) => (part.end[d] as number) - a);
        const read = new Labels(size.reduce((a, b) => a * b, 1));
        decodeChannels(read, new Uint32Array(compress(layout, buffer, part, block)), 0, [...size, 1], block);
        expect(hex(read.buffer as ArrayBuffer)).toBe(hex(cut(layout, buffer, part, false)));
      }
  });

  it("refuses what the array does not have", () => {
    const part = { start: [0, 0, 0], end: [24, 1, 1], factor: [1, 1, 1] };
    const layout = { dtype: "uint32" as const, shape, order: [2, 1, 0] };
    expect(() => compress(layout, new ArrayBuffer(4 * voxels), part, [8, 8, 8])).toThrow(PartError);
  });
});

describe("chunks out of Python's memory", () => {
  const [shape, order] = [
    [20, 12, 9],
    [1, 0, 2],
  ];
  const rest = (block: string) => `2,1,1/1,0,2/9,12,8${block}`;
  const part = { start: [1, 0, 2], end: [9, 12, 8], factor: [2, 1, 1] };

  it.each([
    ["uint8", true, ""],
    ["uint32", false, "#8,8,8"],
    ["uint64", false, ""],
  ] as const)("are those of the array: %s", (dtype, mean, block) => {
    const layout = { dtype, shape, order };
    const alone = new Uint8Array(shape.reduce((a, b) => a * b, 1) * bytesPerVoxel(dtype)).map((_, i) => (i * i) >> 5);
    const memory = new Uint8Array(64 + alone.length + 64).fill(255);
    memory.set(alone, 64);
    let open = 0;
    const array = {
      getBuffer: () => {
        open += 1;
        return { data: memory.subarray(64, 64 + alone.length), release: () => (open -= 1) };
      },
    };
    const found = chunk(array, JSON.stringify(layout), rest(block), mean);
    const expected =
      block === "" ? cut(layout, alone.buffer, part, mean) : compress(layout, alone.buffer, part, [8, 8, 8]);
    expect(hex(found.buffer)).toBe(hex(expected));
    expect(() => chunk(array, JSON.stringify(layout), "1,1,1/0,0,0/99,1,1", mean)).toThrow(PartError);
    expect(open).toBe(0);
  });
});

describe("packed pieces", () => {
  it.each([1, 2, 4, 8])("come out as they were: runs of %i bytes", async (size) => {
    const starts = new Uint8Array(Uint32Array.from([0, 3, 4]).buffer);
    const values = Uint8Array.from({ length: 3 * size }, (_, i) => 9 + i);
    const data = new Uint8Array(zlib.deflateSync(Buffer.concat([starts, values]))).buffer;
    const array = new ArrayBuffer(8 * size);
    const inflated = await inflate({ data, deflated: true });
    unpack({ data: inflated, deflated: false, runs: 3, bytes: 6 * size }, array, 2 * size, size);
    const of = (i: number) => hex(values.slice(i * size, (i + 1) * size).buffer);
    expect(hex(array)).toBe("00".repeat(2 * size) + [0, 0, 0, 1, 2, 2].map(of).join(""));
    expect(inflated.byteLength).toBe(0);
  });
});

function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Edges that are not used once in each direction. */
function openEdges({ indices }: Mesh): number {
  const edges = new Map<string, number>();
  indices.forEach((a, i) => {
    const edge = `${a} ${indices[i % 3 === 2 ? i - 2 : i + 1]}`;
    edges.set(edge, (edges.get(edge) ?? 0) + 1);
  });
  return [...edges].filter(([edge, n]) => n !== 1 || edges.get(edge.split(" ").reverse().join(" ")) !== 1).length;
}

describe("surface", () => {
  it("is closed for any voxels", () => {
    let random = 1;
    for (const density of [0.1, 0.5, 0.9]) {
      const mask = Uint8Array.from({ length: 14 ** 3 }, (_, i) => {
        random = (random * 48271) % 2147483647;
        const inner = [i % 14, Math.floor(i / 14) % 14, Math.floor(i / 196)].every((x) => x > 0 && x < 13);
        return inner && random / 2147483647 < density ? 1 : 0;
      });
      const mesh = surface(mask, [14, 14, 14], [0, 0, 0]);
      expect(mesh.indices.length).toBeGreaterThan(0);
      expect(openEdges(mesh)).toBe(0);
    }
  });

  it("is where the object is, however the array lies in memory", async () => {
    for (const order of [
      [2, 1, 0],
      [0, 1, 2],
      [1, 0, 2],
    ]) {
      for (const [dtype, id] of [
        ["uint8", 7],
        ["uint64", 2n ** 63n + 1n],
      ] as [DataTypeName, ObjectId][]) {
        const layout = { dtype, shape: [6, 5, 4], order };
        const buffer = new ArrayBuffer(120 * (dtype === "uint8" ? 1 : 8));
        const array = dtype === "uint8" ? new Uint8Array(buffer) : new BigUint64Array(buffer);
        const at = order.map((d) => [1, 2, 3][d] as number) as [number, number, number];
        const [, b, c] = order.map((d) => layout.shape[d] as number) as [number, number, number];
        array[at[0] * b * c + at[1] * c + at[2]] = id;
        const boxes = finish(findObjects(layout, buffer));
        expect([...boxes]).toEqual([[id, { start: [1, 2, 3], end: [2, 3, 4] }]]);
        const mask = finish(maskOf(layout, buffer, id, { start: [1, 2, 3], end: [2, 3, 4] }));
        const mesh = surface(mask.data, mask.shape, mask.origin);
        expect(mesh.positions.length / 3).toBe(6);
        const sums = [0, 1, 2].map((d) => mesh.positions.filter((_, i) => i % 3 === d).reduce((x, y) => x + y, 0) / 6);
        expect(sums).toEqual([1, 2, 3]);
      }
    }
  });
});

describe("simplify", () => {
  it("leaves fewer triangles and no holes, and nothing to do for a negative error", async () => {
    const n = 24;
    const mask = Uint8Array.from({ length: n ** 3 }, (_, i) => {
      const distance = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].reduce(
        (sum, x) => sum + (x - 12) ** 2,
        0,
      );
      return distance < 80 ? 1 : 0;
    });
    const mesh = surface(mask, [n, n, n], [0, 0, 0]);
    expect(await simplify(mesh, [n, n, n], [1, 1, 1], { max_quadrics_error: -1 })).toBe(mesh);
    const simple = await simplify(mesh, [n, n, n], [4e-9, 4e-9, 4e-9], {});
    expect(simple.indices.length).toBeLessThan(mesh.indices.length / 2);
    expect(openEdges(simple)).toBe(0);
  });

  it("allows less for smaller angles and errors", () => {
    expect(tolerance({ max_normal_angle_deviation: 10 })).toBeLessThan(tolerance({}));
    expect(tolerance({ max_quadrics_error: 1e-3 })).toBeLessThan(tolerance({}));
  });
});
