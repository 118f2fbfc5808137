// Cuts labels out of an array in the form in which neuroglancer draws them: small blocks, each with a table of its labels
// and a few bits per voxel. neuroglancer makes that itself out of voxels, in other workers, at several times the cost.
import { cut } from "./cut";
import { check, dot, type Layout, type Memory, type Part, product, stridesOf, wordsOf, wordsPerVoxel } from "./layout";
import type { Triple } from "./objects";
import { Places } from "./places";
import { canScanRows, packRows, ROWS, scanRows } from "./rows";

const places = new Places();
const rows = new Uint32Array(ROWS);
let scratch = new Uint32Array(0);

/**
 * Cut a part out of an array of 32 or 64-bit labels, by taking every n-th voxel, in neuroglancer's compressed form.
 *
 * @param block voxels of a block along x, y, z; at most 512 in all
 * @throws PartError where the array has no such part
 */
export function compress(layout: Layout, buffer: Memory, part: Part, block: Triple): ArrayBuffer {
  check(layout, part);
  const size = part.start.map((a, d) => (part.end[d] as number) - a);
  const width = wordsPerVoxel(layout.dtype);
  // Where x does not run fastest, voxels are better put in order first than picked one by one from all over the memory.
  const direct = layout.order.at(-1) === 0;
  const voxels = direct ? buffer : cut(layout, buffer, part, false);
  const factor = direct ? part.factor : size.map(() => 1);
  const strides = direct
    ? stridesOf(layout)
    : stridesOf({ shape: size, order: size.map((_, d) => size.length - 1 - d) });
  const origin = direct ? dot(part.start, factor, strides) : 0;
  const words = wordsOf(layout.dtype, voxels) as Uint32Array;
  const [nx, ny, nz] = size as Triple;
  const [bx, by, bz] = block;
  const [sx, sy, sz] = strides.map((stride, d) => width * stride * (factor[d] as number)) as Triple;
  const grid = [Math.ceil(nx / bx), Math.ceil(ny / by), Math.ceil(nz / bz)] as Triple;
  const volume = product(block);
  const most = 1 + product(grid) * (2 + Math.ceil(volume / 2) + volume * width);
  if (scratch.length < most) scratch = new Uint32Array(most);
  const out = scratch;
  const indices = new Uint16Array(Math.ceil(volume / 32) * 32);
  const inRows = width === 1 && canScanRows(block);
  const single = new Map<number | bigint, number>();
  // One channel, which begins after this word; all offsets count from there.
  const base = 1;
  out[0] = base;
  let header = base;
  let end = base + 2 * product(grid);
  for (let z0 = 0; z0 < nz; z0 += bz) {
    const az = Math.min(bz, nz - z0);
    for (let y0 = 0; y0 < ny; y0 += by) {
      const ay = Math.min(by, ny - y0);
      for (let x0 = 0; x0 < nx; x0 += bx) {
        const ax = Math.min(bx, nx - x0);
        const first = width * origin + x0 * sx + y0 * sy + z0 * sz;
        const whole = ax * ay * az === volume;
        const fast = whole && inRows && scanRows(words, { first, sx, sy, sz, ny: by, nz: bz }, places, rows);
        if (!whole) indices.fill(0);
        if (!fast) scan(words, width, first, [ax, ay, az], [sx, sy, sz], bx, by, indices);
        const { count } = places;
        let bits = 0;
        if (count > 1) for (bits = 1; 1 << bits < count; ) bits *= 2;
        out[header + 1] = end - base;
        if (fast && bits > 0) end = packRows(rows, by * bz, bits, out, end);
        else if (bits === 1) end = packBits(indices, volume, out, end);
        else if (bits > 0) end = pack(indices, volume, bits, out, end);
        let table = end - base;
        const low = places.low[0] as number;
        const key = count > 1 ? undefined : width === 1 ? low : BigInt(places.high[0] as number) * HIGH + BigInt(low);
        const known = key === undefined ? undefined : single.get(key);
        if (known !== undefined) table = known;
        else {
          if (key !== undefined) single.set(key, table);
          for (let i = 0; i < count; ++i) {
            out[end++] = places.low[i] as number;
            if (width === 2) out[end++] = places.high[i] as number;
          }
        }
        out[header] = table | (bits << 24);
        header += 2;
      }
    }
  }
  return out.slice(0, end).buffer;
}

const HIGH = 1n << 32n;

/** Find the places of a block's labels, of one or two words each. */
function scan(
  words: Uint32Array,
  width: number,
  first: number,
  [ax, ay, az]: Triple,
  [sx, sy, sz]: Triple,
  bx: number,
  by: number,
  indices: Uint16Array,
): void {
  places.clear();
  const toHigh = width - 1;
  // The last two labels stand by: most blocks have no more, and they take turns.
  let low = words[first] as number;
  let high = toHigh && (words[first + toHigh] as number);
  let place = places.of(low, high);
  let otherLow = low;
  let otherHigh = high;
  let otherPlace = place;
  for (let z = 0; z < az; ++z) {
    for (let y = 0; y < ay; ++y) {
      let from = first + z * sz + y * sy;
      let to = bx * (y + by * z);
      for (const stop = to + ax; to < stop; from += sx, ++to) {
        const nextLow = words[from] as number;
        const nextHigh = toHigh && (words[from + toHigh] as number);
        if (nextLow !== low || nextHigh !== high) {
          const isOther = nextLow === otherLow && nextHigh === otherHigh;
          const nextPlace = isOther ? otherPlace : places.of(nextLow, nextHigh);
          otherLow = low;
          otherHigh = high;
          otherPlace = place;
          low = nextLow;
          high = nextHigh;
          place = nextPlace;
        }
        indices[to] = place;
      }
    }
  }
}

/** Write places of so many bits each; returns where they end. */
function pack(places: Uint16Array, count: number, bits: number, out: Uint32Array, at: number): number {
  let end = at;
  for (let i = 0; i < count; i += 32 / bits) {
    let word = 0;
    for (let k = i, shift = 0; shift < 32; ++k, shift += bits) word |= (places[k] as number) << shift;
    out[end++] = word;
  }
  return end;
}

/** The same for one bit each, which is what most blocks need. */
function packBits(places: Uint16Array, count: number, out: Uint32Array, at: number): number {
  let end = at;
  for (let i = 0; i < count; i += 32) {
    let word = 0;
    for (let k = i + 31; k >= i; --k) word = (word << 1) | (places[k] as number);
    out[end++] = word;
  }
  return end;
}
