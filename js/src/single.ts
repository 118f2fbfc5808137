// Numbers in single precision, as neuroglancer keeps positions and orientations.
import { isFinished, isObject, type Json } from "./json";

/** The shortest number that has the same single-precision value: 4.55 for 4.550000190734863. */
function shortest(x: number): number {
  if (Number.isInteger(x) || Math.fround(x) !== x) return x;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}

/** Write every single-precision number in `value` as people would, so that what Python set comes back as it was set. */
export function tidy<T extends Json | undefined>(value: T): T {
  if (typeof value === "number") return shortest(value) as T;
  if (typeof value === "object" && value !== null && isFinished(value)) return value;
  if (Array.isArray(value)) return value.map(tidy) as T;
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, x]) => [key, tidy(x)])) as T;
  return value;
}
