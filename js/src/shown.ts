// The state that a running viewer shows, written anew only where it has changed.
//
// neuroglancer writes all segments and annotations of a layer for a change of one. Here the two long lists are kept beside
// the viewer's own sets, follow them by their signals, and stand in for what toJSON() of those would write.
import { annotationToJson, type LocalAnnotationSource } from "neuroglancer/unstable/annotation/index.js";
import type { UserLayer } from "neuroglancer/unstable/layer/index.js";
import type { SegmentationGroup, SegmentationUserLayer } from "neuroglancer/unstable/layer/segmentation/index.js";
import { getCachedJson } from "neuroglancer/unstable/util/trackable.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { equal, finish, isObject, type Json, type JsonObject, toPlain } from "./json";
import { share } from "./patch";
import { tidy } from "./single";

/** A layer, as far as it has one of the long lists. */
export type ListLayer = UserLayer & {
  displayState?: Partial<SegmentationUserLayer["displayState"]>;
  localAnnotations?: LocalAnnotationSource;
};

/** Written entries by key, in the order of a set of neuroglancer's; some to be written anew. */
class Entries<K, V extends Json> {
  readonly #entries = new Map<K, V | undefined>();
  readonly #stale = new Set<K>();
  #list: V[] | undefined;

  /** @param write an entry; undefined where none is to be written */
  constructor(private readonly write: (key: K) => V | undefined) {}

  put(key: K): void {
    if (!this.#entries.has(key)) this.#entries.set(key, undefined);
    this.#stale.add(key);
    this.#list = undefined;
  }

  touch(key: K): void {
    if (this.#entries.has(key)) this.put(key);
  }

  delete(key: K): void {
    this.#entries.delete(key);
    this.#stale.delete(key);
    this.#list = undefined;
  }

  /** Start again with these. */
  reset(keys: Iterable<K>): void {
    this.#entries.clear();
    this.#stale.clear();
    this.#list = undefined;
    for (const key of keys) this.put(key);
  }

  touchAll(): void {
    for (const key of this.#entries.keys()) this.put(key);
  }

  list(): V[] {
    for (const key of this.#stale) this.#entries.set(key, this.write(key));
    this.#stale.clear();
    this.#list ??= finish([...this.#entries.values()].filter((entry) => entry !== undefined));
    return this.#list;
  }
}

type Ids = bigint | bigint[] | null | undefined;

function eachOf(ids: Ids, act: (id: bigint) => void): void {
  if (typeof ids === "bigint") act(ids);
  else for (const id of ids ?? []) act(id);
}

function followSegments(group: SegmentationGroup): void {
  const { selectedSegments, visibleSegments } = group;
  const entries = new Entries<bigint, string>((id) => (visibleSegments.has(id) ? `${id}` : `!${id}`));
  entries.reset(selectedSegments);
  selectedSegments.changed.add((ids: Ids, add: boolean) => {
    if (ids === null || ids === undefined) entries.reset(selectedSegments);
    else eachOf(ids, (id) => (add ? entries.put(id) : entries.delete(id)));
  });
  visibleSegments.changed.add((ids: Ids) => {
    if (ids === null || ids === undefined) entries.touchAll();
    else eachOf(ids, (id) => entries.touch(id));
  });
  const without = Object.create(group, { selectedSegments: { value: { size: 0 } } });
  const write = group.toJSON;
  group.toJSON = () => ({ ...write.call(without), segments: entries.list() });
}

/** What a command wanted an annotation to be: the same object is then shown and reported. */
const expected = new WeakMap<LocalAnnotationSource, Map<string, JsonObject>>();

/** Say which annotations a source is about to have. */
export function expectAnnotations(source: LocalAnnotationSource, wanted: Json | undefined): void {
  const items = (Array.isArray(wanted) ? wanted : []).filter(isObject);
  const known = expected.get(source) ?? new Map<string, JsonObject>();
  for (const item of items) known.set(String(item.id), item);
  expected.set(source, known);
}

function followAnnotations(source: LocalAnnotationSource): void {
  const entries = new Entries<string, JsonObject>((id) => {
    const annotation = source.get(id);
    if (annotation === undefined || source.pending.has(id)) return undefined;
    const written = tidy(toPlain(annotationToJson(annotation, source)));
    const wanted = expected.get(source)?.get(id);
    expected.get(source)?.delete(id);
    return wanted !== undefined && equal(wanted, written) ? wanted : written;
  });
  const ids = function* () {
    for (const { id } of source) yield id;
  };
  // Every change is announced twice: that there is one, and then which. Where the second is missing, all may be new.
  let unnamed = false;
  let renewed = false;
  const named = (act: () => void) => {
    unnamed = false;
    act();
  };
  source.changed.add(() => {
    renewed ||= unnamed;
    unnamed = true;
  });
  source.childAdded.add(({ id }) => named(() => entries.put(id)));
  source.childUpdated.add(({ id }) => named(() => entries.put(id)));
  source.childCommitted.add((id) => named(() => entries.touch(id)));
  source.childDeleted.add((id) => named(() => entries.delete(id)));
  entries.reset(ids());
  source.toJSON = () => {
    source.ensureUpdated();
    if (renewed || unnamed) entries.reset(ids());
    renewed = unnamed = false;
    return entries.list();
  };
}

/** Reads the state of one upstream viewer. */
export class Shown {
  readonly #followed = new WeakSet<object>();
  #last: { value: unknown; state: JsonObject } = { value: undefined, state: {} };
  /** What the viewer was told last to show. */
  wanted: JsonObject = {};

  constructor(private readonly viewer: Viewer) {}

  get state(): JsonObject {
    for (const { name, layer } of this.viewer.layerManager.managedLayers)
      if (layer !== null) this.#follow(name, layer as ListLayer);
    const { value } = getCachedJson(this.viewer.state);
    if (value !== this.#last.value) this.#last = { value, state: share(this.#last.state, toPlain(value)) };
    return this.#last.state;
  }

  #follow(name: string, { displayState, localAnnotations }: ListLayer): void {
    const group = displayState?.segmentationGroupState?.value;
    if (group !== undefined && !this.#followed.has(group)) {
      this.#followed.add(group);
      followSegments(group);
    }
    if (localAnnotations !== undefined && !this.#followed.has(localAnnotations)) {
      this.#followed.add(localAnnotations);
      const layers = Array.isArray(this.wanted.layers) ? this.wanted.layers.filter(isObject) : [];
      expectAnnotations(localAnnotations, layers.find((layer) => layer.name === name)?.annotations);
      followAnnotations(localAnnotations);
    }
  }
}
