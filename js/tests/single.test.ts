import { expect, test } from "vitest";
import { tidy } from "../src/single";

test("what was set comes back as it was set", () => {
  const set = { position: [4.55, 0.1, 1e-7, 123456.78, 16777216, -3.25], layers: [{ name: "a", opacity: 0.7 }] };
  const kept = JSON.parse(JSON.stringify(set, (_key, x) => (typeof x === "number" ? Math.fround(x) : x)));
  expect(tidy(kept)).toEqual(set);
});

test("double precision is left alone", () => {
  const values = [1 / 6, 4e-9, 0.1, 5523.990723, Number.MAX_SAFE_INTEGER];
  expect(tidy(values)).toEqual(values);
});

test("no single-precision number is changed", () => {
  const bits = new Uint32Array(1);
  const number = new Float32Array(bits.buffer);
  for (let i = 1; i < 20_000; i++) {
    bits[0] = (i * 2654435761) >>> 0;
    const x = number[0] as number;
    if (Number.isFinite(x)) expect(Math.fround(tidy(x))).toBe(x);
  }
});

test("what is not a number stays", () => {
  const value = { a: null, b: "0.10000000149011612", c: [true, {}] };
  expect(tidy(value)).toEqual(value);
});
