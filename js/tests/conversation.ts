// What the tests of the channel share.

export const PEER = "p".repeat(32);

/** Numbers that look random, the same in each run. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

export const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
