// Keys bound to a dimension's tool, where the dimension is not there yet.
//
// A layer's dimensions are known when its data source has answered. neuroglancer restores key bindings before that, and one
// to an unknown dimension is lost, with those after it. Here it waits, and is part of the state meanwhile.
import { LocalToolBinder } from "neuroglancer/unstable/ui/tool.js";
import { isObject, type Json, type JsonObject } from "./json";

interface Space {
  readonly value: { readonly names: readonly string[] };
  readonly changed: { add(handler: () => void): () => void };
}
interface Combiner {
  combined: Space;
}
/** What keys can be bound for: a layer, a viewer, or a part of its layout. */
interface Context {
  localCoordinateSpaceCombiner?: Combiner;
  layerSpecification?: { coordinateSpaceCombiner?: Combiner; root?: { coordinateSpaceCombiner: Combiner } };
}

type Binder = LocalToolBinder<object>;
const waiting = new WeakMap<Binder, Map<string, JsonObject>>();

function spaceOf(binder: Binder): Space | undefined {
  const { localCoordinateSpaceCombiner: own, layerSpecification: all } = binder.context as Context;
  return (own ?? all?.coordinateSpaceCombiner ?? all?.root?.coordinateSpaceCombiner)?.combined;
}

const { restoreState, toJSON, clear } = LocalToolBinder.prototype;

/** Bind what waits and can be bound by now. */
function bind(binder: Binder): void {
  const keys = waiting.get(binder);
  const names = spaceOf(binder)?.value.names ?? [];
  for (const [key, tool] of keys ?? []) {
    if (!names.includes(tool.dimension as string)) continue;
    keys?.delete(key);
    // Somebody may have given the key to another tool meanwhile.
    if (!binder.globalBinder.bindings.has(key)) restoreState.call(binder, { [key]: tool });
  }
}

/** Let `tool` wait for its dimension. */
function wait(binder: Binder, key: string, tool: JsonObject): void {
  let keys = waiting.get(binder);
  if (keys === undefined) {
    keys = new Map();
    waiting.set(binder, keys);
    const stop = spaceOf(binder)?.changed.add(() => bind(binder));
    if (stop !== undefined) binder.registerDisposer(stop);
  }
  keys.set(key, tool);
  binder.changed.dispatch();
}

Object.assign(LocalToolBinder.prototype, {
  restoreState(this: Binder, bindings: Json | undefined) {
    if (!isObject(bindings)) {
      restoreState.call(this, bindings);
      return;
    }
    for (const [key, tool] of Object.entries(bindings)) {
      const isEarly =
        isObject(tool) &&
        tool.type === "dimension" &&
        typeof tool.dimension === "string" &&
        !spaceOf(this)?.value.names.includes(tool.dimension);
      if (isEarly && /^[A-Z]$/.test(key)) wait(this, key, tool);
      else restoreState.call(this, { [key]: tool });
    }
  },
  toJSON(this: Binder) {
    const early = [...(waiting.get(this) ?? [])].filter(([key]) => !this.globalBinder.bindings.has(key));
    const bound = toJSON.call(this) as JsonObject | undefined;
    return early.length > 0 ? { ...bound, ...Object.fromEntries(early) } : bound;
  },
  clear(this: Binder) {
    waiting.get(this)?.clear();
    clear.call(this);
  },
});
