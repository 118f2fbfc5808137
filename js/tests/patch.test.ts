import { describe, expect, it } from "vitest";
import type { Json } from "../src/json";
import { type Change, diff, middle, patch, share } from "../src/patch";
import cases from "./fixtures/patches.json";

const copy = (value: Json): Json => JSON.parse(JSON.stringify(value));
const keys = (value: unknown) => JSON.stringify((value as { dimensions?: object }).dimensions ?? null);

describe("a patch", () => {
  it.each(cases as { before: Json; after: Json; patch: Change[] }[])("is Python's: $patch", (found) => {
    expect(diff(found.before, found.after)).toEqual(found.patch);
    const frozen = JSON.stringify(found.before);
    const after = patch(found.before, found.patch);
    expect(after).toEqual(found.after);
    expect(keys(after)).toBe(keys(found.after));
    expect(JSON.stringify(found.before)).toBe(frozen);
    // The way back, too.
    expect(patch(found.after, diff(found.after, found.before))).toEqual(found.before);
  });

  it("makes any state of any other", () => {
    const states = cases.flatMap(({ before, after }) => [before as Json, after as Json]);
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [states[(i * 7919) % states.length] as Json, states[(i * 104729) % states.length] as Json];
      expect(patch(a, diff(a, b))).toEqual(b);
    }
  });

  it("of the same is empty, and one long list is not sent for an item", () => {
    const before = Array.from({ length: 50_000 }, (_, i) => String(i));
    expect(diff(copy({ before }), copy({ before }))).toEqual([]);
    const after = [...before.slice(0, 30_000), "x", ...before.slice(30_000)];
    expect(diff({ before }, { before: after })).toEqual([{ path: ["before"], at: 30_000, drop: 0, insert: ["x"] }]);
  });

  it("leaves the rest as it is", () => {
    const before = { a: { x: [1] }, b: { y: 1 } };
    const after = share(before, { a: { x: [1] }, b: { y: 2 } });
    expect(after).toEqual({ a: { x: [1] }, b: { y: 2 } });
    expect(after.a).toBe(before.a);
    expect(share(before, copy(before))).toBe(before);
  });
});

it("finds the middle of two lists", () => {
  expect(middle([1, 2, 3, 4], [1, 9, 4])).toEqual({ start: 1, old: [2, 3], now: [9] });
  expect(middle([1, 1], [1, 1, 1])).toEqual({ start: 2, old: [], now: [1] });
  expect(middle([], [])).toEqual({ start: 0, old: [], now: [] });
});
