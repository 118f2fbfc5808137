// Merging what Python wants with what the user did meanwhile; pure.
//
// Python always says which whole state it wants. What it *changed* is the difference to the state it
// knew when it wrote. Only that difference is applied to the live state, so a user's move that was
// still under way to Python is not undone, and layers that nobody changed are not reloaded.
import { equal, FETCH, isObject, type Json, type JsonObject } from "./json";
import { type Change, diff, patch } from "./patch";

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

/** A state on its way: whole, or as the difference to one that the other side has; see sync.py. */
export interface Message {
  state?: JsonObject;
  /** The number of the state that `patch` is for. */
  base?: number;
  patch?: Change[];
}

const REMEMBERED = 64;

function remember(states: Map<number, JsonObject>, number: number, state: JsonObject): void {
  states.set(number, state);
  for (const old of states.keys()) if (states.size > REMEMBERED) states.delete(old);
}

function dropBefore(states: Map<number, JsonObject>, number: number): void {
  for (const old of [...states.keys()]) if (old < number) states.delete(old);
}

/** The states that were sent. */
export class Outgoing {
  readonly #sent = new Map<number, JsonObject>();
  #base = -1;

  /** What to send of a state: all of it, or a patch and the number of the state to lay it on. */
  message(number: number, state: JsonObject): Message {
    remember(this.#sent, number, state);
    const known = this.#sent.get(this.#base);
    return known === undefined ? { state } : { base: this.#base, patch: diff(known, state) };
  }

  /** The other side has this one now. */
  arrived(number: number): void {
    if (!this.#sent.has(number)) return;
    this.#base = number;
    dropBefore(this.#sent, number);
  }

  /** Count on nothing that was sent: the next message is whole. */
  forget(): void {
    this.#sent.clear();
    this.#base = -1;
  }
}

/** The states that arrived. */
export class Incoming {
  readonly #states = new Map<number, JsonObject>();

  /** The state of a message; undefined if it is a patch on one that never arrived. */
  take(number: number, { state, base = -1, patch: changes = [] }: Message): JsonObject | undefined {
    const known = this.#states.get(base);
    const taken = state ?? (known && patch(known, changes));
    if (taken === undefined) return undefined;
    dropBefore(this.#states, base);
    remember(this.#states, number, taken);
    return taken;
  }
}

/** A state that Python wants. */
export interface Command extends Message {
  /** Rises with every command. */
  seq: number;
  /** The last report of each view that Python had taken in. */
  seen: Record<string, number>;
  /** The view whose report made Python send this to the others. */
  origin?: string | null;
}

/** A state that a view shows. */
export interface Report extends Message {
  view: string;
  n: number;
  /** The last command that this state includes. */
  ack: number;
  /** A command did not come, or could not be understood: Python must send all of its state. */
  lost: boolean;
  /** Layers that show another one's segments. */
  linked_segments: Record<string, string>;
}

/** What Python says of the last report that it had of a view. */
export interface Receipt {
  n: number;
  /** It could not be understood: all of the state must be sent. */
  whole: boolean;
  /** The last command sent; it comes before this receipt, or never. */
  seq: number;
}

/** Keeps, for one view, what Python knows, and numbers the messages both ways. */
export class Conversation {
  readonly view: string;
  #ack = -1;
  #n = 0;
  #lost = false;
  /** What Python knows: the state of its last command, or of a later report it has seen. */
  #known: JsonObject = {};
  #reports = new Map<number, JsonObject>();
  readonly #incoming = new Incoming();
  readonly #outgoing = new Outgoing();

  constructor(view: string) {
    this.view = view;
  }

  /** The last command taken in. */
  get ack(): number {
    return this.#ack;
  }

  /** Whether a command is missing. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Take in a command.
   *
   * @returns the state to show, or undefined where the command holds nothing new for this view
   */
  receive(command: Command, live: JsonObject): JsonObject | undefined {
    if (command.seq <= this.#ack) return undefined;
    const target = this.#incoming.take(command.seq, command);
    this.#lost = target === undefined;
    if (target === undefined) return undefined;
    this.#ack = command.seq;
    const seen = command.seen[this.view];
    const reported = seen === undefined ? undefined : this.#reports.get(seen);
    const base = reported ?? this.#known;
    if (seen !== undefined) for (const n of this.#reports.keys()) if (n <= seen) this.#reports.delete(n);
    this.#known = target;
    if (command.origin === this.view) return undefined;
    // A reference to a file replaces what is shown: there is nothing to merge yet.
    if (FETCH in target) return target;
    return merge(base, target, live) as JsonObject;
  }

  /** Begin with a command, or go on after a pause from what was reported last; `anew` with a Python that came meanwhile. */
  resume(command: Command, anew = false): JsonObject {
    const last = this.#reports.get(this.#n) ?? this.#known;
    return (anew ? this.greet(command, last) : this.receive(command, last)) ?? last;
  }

  /**
   * Begin anew with a Python that was not there until now; what is known is what others said that it would want.
   *
   * @returns the state to show, or undefined where it wants just that
   */
  greet(command: Command, live: JsonObject): JsonObject | undefined {
    const expected = this.#known;
    this.#ack = -1;
    this.#reports.clear();
    const wanted = this.receive(command, live);
    return equal(expected, this.#known) ? undefined : wanted;
  }

  /** Number a state for Python. */
  report(state: JsonObject, linkedSegments: Record<string, string>): Report {
    this.#n += 1;
    this.#reports.set(this.#n, state);
    return {
      view: this.view,
      n: this.#n,
      ack: this.#ack,
      lost: this.#lost,
      linked_segments: linkedSegments,
      ...this.#outgoing.message(this.#n, state),
    };
  }

  /**
   * Take in a receipt.
   *
   * @returns whether the state must be reported again
   */
  received({ n, whole, seq }: Receipt): boolean {
    const isLast = n === this.#n;
    if (isLast && seq > this.#ack) this.#lost = true;
    if (isLast && whole) this.#outgoing.forget();
    else if (!whole) this.#outgoing.arrived(n);
    return isLast && (whole || this.#lost);
  }
}
