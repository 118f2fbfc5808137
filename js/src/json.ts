/** Viewer state as plain data. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** The member of a state that says in which file the state is; the same as FETCH in state.py. */
export const FETCH = "#url";

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are the same; the order of an object's keys does not matter. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => equal(x, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!equal(a[key], b[key])) return false;
  return true;
}

/** A deep copy with 64-bit integers as strings, as neuroglancer writes them, and without undefined. */
export function toPlain(value: unknown): JsonObject {
  const text = JSON.stringify(value, (_key, x) => (typeof x === "bigint" ? x.toString() : x));
  return JSON.parse(text ?? "{}") as JsonObject;
}
