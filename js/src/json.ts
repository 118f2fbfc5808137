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
  for (const key in a) if (!equal(a[key], b[key])) return false;
  for (const key in b) if (a[key] === undefined && b[key] !== undefined) return false;
  return true;
}

const finished = new WeakSet<object>();

/** Mark a long list as plain and tidy: it is taken over as it is, and must not be changed any more. */
export function finish<T extends object>(list: T): T {
  finished.add(list);
  return list;
}

export function isFinished(value: object): boolean {
  return finished.has(value);
}

/** A deep copy with 64-bit integers as strings, as neuroglancer writes them, and without undefined. */
export function toPlain(value: unknown): JsonObject {
  return plain(value) as JsonObject;
}

function plain(value: unknown): Json | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null) return isPrimitive(value) ? value : undefined;
  if (finished.has(value)) return value as Json;
  if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON());
  if (Array.isArray(value)) return value.map((x) => plain(x) ?? null);
  const copy: JsonObject = {};
  for (const [key, x] of Object.entries(value)) {
    const member = plain(x);
    if (member !== undefined) copy[key] = member;
  }
  return copy;
}

function isPrimitive(value: unknown): value is null | boolean | string {
  return value === null || typeof value === "boolean" || typeof value === "string";
}
