import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Ranked, Turns } from "../src/worker/turns";

const [VISIBLE, PREFETCH, RECENT] = [0, 1, 2];

describe("turns", () => {
  let turns: Turns;
  let begun: string[];
  let done: Map<string, () => void>;

  const take = (name: string, priority: number, priorityTier = VISIBLE) => {
    const chunk: Ranked = { priority, priorityTier };
    const abort = new AbortController();
    const taken = turns.take(chunk, abort.signal).then(
      (end) => {
        begun.push(name);
        done.set(name, end);
      },
      () => begun.push(`not ${name}`),
    );
    return { chunk, abort, taken };
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    turns = new Turns();
    begun = [];
    done = new Map();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Have as many under way as may be. */
  const fill = async () => {
    for (let n = 1; n <= 8; ++n) take(`${n}`, 1000);
    await settle();
    begun = [];
  };

  it("are for a few at once, the most important first", async () => {
    await fill();
    take("far", -30);
    take("soon", 50, PREFETCH);
    take("near", -10);
    await settle();
    expect(begun).toEqual([]);
    for (const n of ["1", "2", "3"]) {
      done.get(n)?.();
      await settle();
    }
    expect(begun).toEqual(["near", "far", "soon"]);
  });

  it("follow what becomes important meanwhile", async () => {
    await fill();
    const { chunk } = take("left behind", 5);
    take("there", 1);
    chunk.priorityTier = RECENT;
    done.get("1")?.();
    await settle();
    expect(begun).toEqual(["there"]);
    done.get("2")?.();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun).toEqual(["there"]);
    chunk.priorityTier = VISIBLE;
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).toEqual(["there", "left behind"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are given up when nobody wants the chunk", async () => {
    await fill();
    const { abort } = take("a", 1);
    take("b", 0);
    abort.abort();
    done.get("1")?.();
    await settle();
    expect(begun).toEqual(["not a", "b"]);
  });
});
