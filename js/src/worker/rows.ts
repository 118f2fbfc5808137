// Blocks of labels whose rows have eight voxels, as most do: with four bits for each voxel a row is one word, and words are
// compared and packed several times as fast as voxels one by one.
import type { Triple } from "./objects";
import type { Places } from "./places";

const ROW = 8;
/** The most rows of a block. */
export const ROWS = 64;
/** The most labels of four bits. */
const MOST = 16;
/** A place in all voxels of a row. */
const ALL = 0x11111111;

/** A block of one-word labels: where its first voxel lies, and from one to the next along x, y and z; its rows. */
export interface Rows {
  first: number;
  sx: number;
  sy: number;
  sz: number;
  ny: number;
  nz: number;
}

/** Whether blocks of this size can be made of rows, four of which fill whole words with one bit for each voxel. */
export const canScanRows = ([x, y, z]: Triple): boolean => x === ROW && y * z <= ROWS && (y * z) % 4 === 0;

/** Find the places of a block's labels, a word for each row; false if there are more than sixteen. */
export function scanRows(
  words: Uint32Array,
  { first, sx, sy, sz, ny, nz }: Rows,
  places: Places,
  rows: Uint32Array,
): boolean {
  places.clear();
  let low = words[first] as number;
  let place = places.of(low, 0);
  let other = low;
  let otherPlace = place;
  let row = 0;
  for (let z = 0; z < nz; ++z) {
    for (let y = 0, from = first + z * sz; y < ny; ++y, from += sy, ++row) {
      let at = from;
      let k = 0;
      while (k < ROW && words[at] === low) {
        at += sx;
        ++k;
      }
      if (k === ROW) {
        rows[row] = Math.imul(place, ALL);
        continue;
      }
      let word = Math.imul(place, ALL);
      for (; k < ROW; ++k, at += sx) {
        const next = words[at] as number;
        if (next === low) continue;
        const nextPlace = next === other ? otherPlace : places.of(next, 0);
        if (nextPlace >= MOST) return false;
        // From here on, as far as is known.
        const shift = 4 * k;
        word = (word & ((1 << shift) - 1)) | (Math.imul(nextPlace, ALL) << shift);
        other = low;
        otherPlace = place;
        low = next;
        place = nextPlace;
      }
      rows[row] = word;
    }
  }
  return true;
}

/** Write rows with one, two or four bits for each voxel; returns where they end. */
export function packRows(rows: Uint32Array, count: number, bits: number, out: Uint32Array, at: number): number {
  let end = at;
  if (bits === 1)
    for (let i = 0; i < count; i += 4)
      out[end++] =
        ones(rows[i] as number) |
        (ones(rows[i + 1] as number) << 8) |
        (ones(rows[i + 2] as number) << 16) |
        (ones(rows[i + 3] as number) << 24);
  else if (bits === 2)
    for (let i = 0; i < count; i += 2) out[end++] = twos(rows[i] as number) | (twos(rows[i + 1] as number) << 16);
  else for (let i = 0; i < count; ++i) out[end++] = rows[i] as number;
  return end;
}

/** The lowest bit of each four. */
function ones(row: number): number {
  const pairs = (row | (row >>> 3)) & 0x03030303;
  const fours = (pairs | (pairs >>> 6)) & 0x000f000f;
  return (fours | (fours >>> 12)) & 0xff;
}

/** The lower two bits of each four. */
function twos(row: number): number {
  const pairs = (row | (row >>> 2)) & 0x0f0f0f0f;
  const fours = (pairs | (pairs >>> 4)) & 0x00ff00ff;
  return (fours | (fours >>> 8)) & 0xffff;
}
