// Merging what Python wants with what the user did meanwhile; pure.
//
// Python always sends the whole state it wants. What it *changed* is the difference to the state it
// knew when it wrote. Only that difference is applied to the live state, so a user's move that was
// still under way to Python is not undone, and layers that nobody changed are not reloaded.
import { equal, FETCH, isObject, type Json, type JsonObject } from "./json";

/** Layers are matched by name: their order may change without their content changing. */
function byName(layers: Json | undefined): Map<string, JsonObject> | undefined {
  if (!Array.isArray(layers)) return undefined;
  const map = new Map<string, JsonObject>();
  for (const layer of layers) {
    if (!isObject(layer) || typeof layer.name !== "string" || map.has(layer.name)) return undefined;
    map.set(layer.name, layer);
  }
  return map;
}

function mergeObjects(base: JsonObject, target: JsonObject, live: JsonObject): JsonObject {
  const merged: JsonObject = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(target)])) {
    const value = merge(base[key], target[key], live[key], key);
    if (value !== undefined) merged[key] = value;
  }
  return merged;
}

function mergeLayers(base: Json | undefined, target: Json | undefined, live: Json | undefined): Json | undefined {
  const [was, wanted, now] = [byName(base), byName(target), byName(live)];
  if (!was || !wanted || !now) return target;
  const merged: Json[] = [];
  for (const [name, layer] of wanted) {
    const before = was.get(name);
    const current = now.get(name);
    // A layer that the user removed stays removed, unless Python has just changed or added it.
    if (current === undefined) {
      if (before === undefined || !equal(before, layer)) merged.push(layer);
    } else merged.push(mergeObjects(before ?? {}, layer, current));
  }
  // What the user added meanwhile stays.
  for (const [name, layer] of now) if (!was.has(name) && !wanted.has(name)) merged.push(layer);
  return merged;
}

/**
 * Three-way merge of states.
 *
 * @param base what Python knew when it decided
 * @param target what Python wants
 * @param live what the viewer shows now
 * @returns the live state with Python's changes applied
 */
export function merge(
  base: Json | undefined,
  target: Json | undefined,
  live: Json | undefined,
  key = "",
): Json | undefined {
  if (equal(base, target)) return live;
  if (key === "layers") return mergeLayers(base, target, live);
  if (isObject(base) && isObject(target) && isObject(live)) return mergeObjects(base, target, live);
  return target;
}

/** A state that Python sent. */
export interface Command {
  /** Rises with every command. */
  seq: number;
  state: JsonObject;
  /** The last report of each view that Python had taken in. */
  seen: Record<string, number>;
  /** The view whose report made Python send this to the others. */
  origin?: string | null;
}

/** A state that a view sends to Python. */
export interface Report {
  view: string;
  n: number;
  /** The last command that this state includes. */
  ack: number;
  state: JsonObject;
  selected_segments: Record<string, string[]>;
}

/** Keeps, for one view, what Python knows, and numbers the messages both ways. */
export class Conversation {
  readonly view: string;
  #ack = -1;
  #n = 0;
  /** What Python knows: the state of its last command, or of a later report it has seen. */
  #known: JsonObject = {};
  #reports = new Map<number, JsonObject>();

  constructor(view: string) {
    this.view = view;
  }

  /**
   * Take in a command.
   *
   * @returns the state to show, or undefined where the command holds nothing new for this view
   */
  receive(command: Command, live: JsonObject): JsonObject | undefined {
    if (command.seq <= this.#ack) return undefined;
    this.#ack = command.seq;
    const seen = command.seen[this.view];
    const reported = seen === undefined ? undefined : this.#reports.get(seen);
    const base = reported ?? this.#known;
    if (seen !== undefined) for (const n of this.#reports.keys()) if (n <= seen) this.#reports.delete(n);
    this.#known = command.state;
    if (command.origin === this.view) return undefined;
    // A reference to a file replaces what is shown: there is nothing to merge yet.
    if (FETCH in command.state) return command.state;
    return merge(base, command.state, live) as JsonObject;
  }

  /** Go on from what an earlier view of the same model told Python last, if that is newer than the command. */
  resume(command: Command, report: Partial<Report>): JsonObject {
    this.#ack = command.seq;
    const newer = report.state !== undefined && (report.ack ?? -1) >= command.seq;
    this.#known = newer ? (report.state as JsonObject) : command.state;
    return this.#known;
  }

  /** Number a state for Python; undefined if Python has just been told the same. */
  report(state: JsonObject, selectedSegments: Record<string, string[]>): Report {
    this.#n += 1;
    this.#reports.set(this.#n, state);
    return { view: this.view, n: this.#n, ack: this.#ack, state, selected_segments: selectedSegments };
  }
}
