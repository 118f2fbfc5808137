// The bricks in which an array that is stored in files comes (baking.py), counted with the last dimension fastest.
import { type Layout, type Part, product } from "./layout";

/** An array that comes in bricks of this shape. */
export type Bricked = Pick<Layout, "shape"> & { brick: number[] };

const counts = ({ shape, brick }: Bricked): number[] => shape.map((n, d) => Math.ceil(n / (brick[d] as number)));

/** How many bricks there are. */
export const brickCount = (array: Bricked): number => product(counts(array));

/** The first voxel of a brick, and one beyond its last. */
export function boxOf(array: Bricked, index: number): { start: number[]; end: number[] } {
  const { shape, brick } = array;
  let rest = index;
  const start = counts(array)
    .reverse()
    .map((count) => {
      const at = rest % count;
      rest = (rest - at) / count;
      return at;
    })
    .reverse()
    .map((at, d) => at * (brick[d] as number));
  return { start, end: start.map((a, d) => Math.min(shape[d] as number, a + (brick[d] as number))) };
}

/** The bricks that a part of the array touches. */
export function bricksOf(array: Bricked, { start, end, factor }: Part): number[] {
  const { shape, brick } = array;
  const count = counts(array);
  return start.reduce<number[]>(
    (found, a, d) => {
      const [size, f] = [brick[d] as number, factor[d] as number];
      const low = Math.floor((a * f) / size);
      const high = Math.ceil(Math.min(shape[d] as number, (end[d] as number) * f) / size);
      return found.flatMap((index) =>
        Array.from({ length: Math.max(0, high - low) }, (_, k) => index * (count[d] as number) + low + k),
      );
    },
    [0],
  );
}

/** Read a part's name, such as 1,1,1/0,0,0/64,64,64, and what follows a #. */
export function readPart<T>(rest: string): { part: Part; block: T | undefined } {
  const [factor, start, end, block] = rest.split(/[/#]/).map((text) => text.split(",").map(Number)) as [
    number[],
    number[],
    number[],
    T | undefined,
  ];
  return { part: { factor, start, end }, block };
}
