import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Reply } from "../src/channel";
import { Pieces } from "../src/pieces";
import type { Need, Piece } from "../src/worker/messages";

const need = (n: number): Need => ({ need: n, key: "k", generation: 0, rest: `${n}` });
const CALM_MS = 250;

describe("pieces", () => {
  let asked: Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void; signal: AbortSignal }>;
  let given: Piece[];
  let pieces: Pieces;
  let calm: boolean;

  const answer = async (n: number, { empty = false } = {}) => {
    const data = empty ? undefined : new ArrayBuffer(n);
    asked.get(n)?.resolve({ result: { runs: 0, deflated: false }, data } as Reply);
    await vi.advanceTimersByTimeAsync(0);
  };
  /** Note when calm comes next. */
  const watch = () => {
    calm = false;
    void pieces.calm.then(() => {
      calm = true;
    });
  };

  beforeEach(() => {
    vi.useFakeTimers();
    asked = new Map();
    given = [];
    pieces = new Pieces(
      ({ need }, signal) => new Promise((resolve, reject) => asked.set(need, { resolve, reject, signal })),
      (piece) => given.push(piece),
    );
    watch();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("asks for a few at a time, in order, and hands on what comes", async () => {
    for (let n = 1; n <= 20; ++n) pieces.want(need(n));
    expect([...asked.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await answer(3);
    expect([...asked.keys()].at(-1)).toBe(9);
    expect(given).toEqual([{ ...need(3), runs: 0, deflated: false, data: new ArrayBuffer(3) }]);
  });

  it("is calm when nobody has waited for a while", async () => {
    await vi.advanceTimersByTimeAsync(4 * CALM_MS - 1);
    expect(calm).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(calm).toBe(true);
    pieces.want(need(1));
    watch();
    pieces.want(need(2));
    await answer(1);
    await vi.advanceTimersByTimeAsync(10 * CALM_MS);
    expect(calm).toBe(false);
    await answer(2);
    await vi.advanceTimersByTimeAsync(CALM_MS - 1);
    expect(calm).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(calm).toBe(true);
  });

  it("goes on after a failure and an empty answer, and gives nothing", async () => {
    for (let n = 1; n <= 9; ++n) pieces.want(need(n));
    asked.get(1)?.reject(new Error("stale"));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.has(9)).toBe(true);
    for (let n = 2; n <= 9; ++n) await answer(n, { empty: true });
    await vi.advanceTimersByTimeAsync(CALM_MS);
    expect(given).toEqual([]);
    expect(calm).toBe(true);
  });

  it("takes back what nobody waits for any more", async () => {
    for (let n = 1; n <= 10; ++n) pieces.want(need(n));
    pieces.forgo(9);
    pieces.forgo(1);
    expect(asked.get(1)?.signal.aborted).toBe(true);
    expect([...asked.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10]);
    await answer(1);
    expect(given).toEqual([]);
    pieces.clear();
    expect([...asked.values()].every(({ signal }) => signal.aborted)).toBe(true);
    await vi.advanceTimersByTimeAsync(CALM_MS);
    expect(calm).toBe(true);
  });
});
