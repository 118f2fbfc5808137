// Differences between states; the same as patch.py, where the form of a patch is described. Pure.
//
// States are never changed in place: a patched state shares with the former one whatever is the same, and what is the same
// object need not be compared.
import { equal, isObject, type Json, type JsonObject } from "./json";

export type Key = string | number;

export interface Change {
  path: Key[];
  value?: Json;
  at?: number;
  drop?: number;
  insert?: Json[];
}

/** So many items may differ for each to be compared. */
const SHORT = 32;
const FEW = 8;

/** The changes that make `after` of `before`. */
export function diff(before: Json, after: Json): Change[] {
  const changes: Change[] = [];
  compare(before, after, [], changes);
  return changes;
}

/** `state` with the changes made. */
export function patch<T extends Json>(state: T, changes: Change[]): T {
  return changes.reduce((result: Json, change) => changed(result, change.path, change), state) as T;
}

/** `after`, made of the same objects as `before` where the two are equal. */
export function share<T extends Json>(before: Json, after: T): T {
  return patch(before, diff(before, after)) as T;
}

/** Where two lists begin to differ, and what they have from there to where they end alike. */
export function middle(before: Json[], after: Json[]): { start: number; old: Json[]; now: Json[] } {
  const size = Math.min(before.length, after.length);
  let start = 0;
  while (start < size && same(before[start], after[start])) start++;
  let end = 0;
  while (end < size - start && same(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
  return { start, old: before.slice(start, before.length - end), now: after.slice(start, after.length - end) };
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && equal(a, b) && !diff(a, b).length);
}

function compare(before: Json, after: Json, path: Key[], changes: Change[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after) && !reordered(before, after, path)) {
    for (const key of Object.keys(before)) if (after[key] === undefined) changes.push({ path: [...path, key] });
    for (const [key, value] of Object.entries(after)) {
      const was = before[key];
      if (value === undefined || was === value) continue;
      if (was === undefined) changes.push({ path: [...path, key], value });
      else compare(was, value, [...path, key], changes);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, changes);
  else if (!equal(before, after) || isObject(after)) changes.push({ path, value: after });
}

function compareLists(before: Json[], after: Json[], path: Key[], changes: Change[]): void {
  const short = before.length === after.length && after.length <= SHORT;
  const { start, old, now } = short ? { start: 0, old: before, now: after } : middle(before, after);
  if (short || (old.length === now.length && now.length <= FEW))
    for (const [i, item] of now.entries()) compare(old[i] as Json, item, [...path, start + i], changes);
  else changes.push({ path, at: start, drop: old.length, insert: now });
}

/** Whether two objects differ in the order of their members where that has a meaning: dimensions. */
function reordered(before: JsonObject, after: JsonObject, path: Key[]): boolean {
  if (
    !String(path.at(-1) ?? "")
      .toLowerCase()
      .endsWith("dimensions")
  )
    return false;
  return Object.keys(before).join("\0") !== Object.keys(after).join("\0");
}

function changed(node: Json | undefined, path: Key[], change: Change): Json {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (change.at === undefined) return change.value as Json;
    const list = node as Json[];
    return [...list.slice(0, change.at), ...(change.insert ?? []), ...list.slice(change.at + (change.drop ?? 0))];
  }
  if (Array.isArray(node)) {
    const copy = node.slice();
    copy[key as number] = changed(node[key as number], rest, change);
    return copy;
  }
  const { [key]: was, ...others } = node as JsonObject;
  if (rest.length === 0 && change.value === undefined && change.at === undefined) return others;
  return { ...(node as JsonObject), [key]: changed(was, rest, change) };
}
