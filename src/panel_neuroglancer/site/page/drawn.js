// The document that `convert` drew, and how Python's takes its place.
//
// Python makes the same document again, with other ids. So nothing is drawn twice: its models are paired with those that are
// on the page, and what differs is applied as a patch. Views, canvases and what the user has begun stay as they are. All of
// this works on Bokeh's JSON, in which a model is {type: "object", name, id, attributes}, once, and {id} wherever else.

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isModel = (value) =>
  isObject(value) && typeof value.id === "string" && (value.type === undefined || value.type === "object");

/** Return a copy of Bokeh's JSON in which `id(old)` stands for each id of a model. What is not plain data stays the same object. */
export function rename(value, id) {
  if (Array.isArray(value)) return value.map((item) => rename(item, id));
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = {};
  for (const [key, item] of Object.entries(value)) copy[key] = rename(item, id);
  if (isModel(value)) copy.id = id(value.id);
  return copy;
}

/** A document's models by id; its configuration is for pages with a server. */
function modelsOf({ roots }) {
  const models = new Map();
  const collect = (value) => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value)) {
      if (isModel(value) && value.type === "object") models.set(value.id, value);
      Object.values(value).forEach(collect);
    }
  };
  collect(roots);
  return models;
}

/** A JSON value of Bokeh's as the plain one that it stands for. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value.type === "map")
    return Object.fromEntries((value.entries ?? []).map(([key, item]) => [key, plain(item)]));
  if (value.type === "number") return Number(value.value.replace("nan", "NaN").replace("inf", "Infinity"));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** The viewers of a document, in its order: ids and properties of what Panel calls their `data`. */
export function viewersOf(document) {
  const found = [];
  for (const { id, name, attributes } of modelsOf(document).values()) {
    if (!/^NeuroglancerView\d*$/.test(name)) continue;
    const { properties } = document.defs.find((definition) => definition.name === name);
    const defaults = Object.fromEntries(properties.map((property) => [property.name, property.default]));
    found.push({ id, properties: plain({ ...defaults, ...attributes }) });
  }
  return found;
}

/** What two viewers have in common if what was done in the one may be done in the other: layers and space. */
const subject = ({ properties: { command } }) =>
  JSON.stringify([command.state?.layers?.map(({ name }) => name), command.state?.dimensions]);

/** Of a document that is drawn anew, the viewers that take the place of those in another: pairs of ids. */
export function heirs(drawn, python) {
  const left = viewersOf(drawn);
  return viewersOf(python).flatMap((viewer) => {
    const at = left.findIndex((other) => subject(other) === subject(viewer));
    return at < 0 ? [] : [[viewer.id, left.splice(at, 1)[0].id]];
  });
}

/** What a model is. The classes that Panel makes for components of the app's own are numbered as they come. */
function kinds({ defs = [] }) {
  const own = new Set(defs.map(({ name }) => name));
  return ({ name }) => (own.has(name) ? name.replace(/\d+$/, "") : name);
}

/** A set's entries, of which Python does not keep the order. */
const sorted = ({ entries = [] }) => entries.map((entry) => JSON.stringify(entry)).sort().join();

/** Two documents of the same app, and which model of the one is which of the other. */
export class Pairing {
  /** Ids of the second document's models, and the first's that stand for them. */
  pairs = new Map();
  #taken = new Set();
  #drawn;
  #python;
  #kindOf;

  /** @param drawn the page's document @param python Python's, both as JSON */
  constructor(drawn, python) {
    this.#drawn = modelsOf(drawn);
    this.#python = modelsOf(python);
    this.#kindOf = [kinds(drawn), kinds(python)];
    this.#pairLists(drawn.roots, python.roots);
    /** Whether each root has a partner: else one has no place on the page. */
    this.whole =
      drawn.roots.length === python.roots.length && python.roots.every(({ id }) => this.pairs.has(id));
  }

  #alike(drawn, python) {
    if (this.#taken.has(drawn.id) || this.pairs.has(python.id)) return this.pairs.get(python.id) === drawn.id;
    const [first, second] = [this.#drawn.get(drawn.id), this.#python.get(python.id)];
    return first !== undefined && second !== undefined && this.#kindOf[0](first) === this.#kindOf[1](second);
  }

  #pairModels(drawn, python) {
    if (this.pairs.has(python.id) || !this.#alike(drawn, python)) return;
    this.pairs.set(python.id, drawn.id);
    this.#taken.add(drawn.id);
    this.#pairValues(this.#drawn.get(drawn.id).attributes, this.#python.get(python.id).attributes);
  }

  #pairValues(drawn, python) {
    if (Array.isArray(drawn) && Array.isArray(python)) this.#pairLists(drawn, python);
    else if (isModel(drawn) && isModel(python)) this.#pairModels(drawn, python);
    else if (isObject(drawn) && isObject(python) && !isModel(drawn) && !isModel(python))
      for (const key of Object.keys(python)) this.#pairValues(drawn[key], python[key]);
  }

  /** In order: each model with the next that is like it, so that one more or less does not shift the others. */
  #pairLists(drawn, python) {
    let next = 0;
    python.forEach((item, i) => {
      if (!isModel(item)) {
        this.#pairValues(drawn[i], item);
        return;
      }
      const at = drawn.findIndex((other, j) => j >= next && isModel(other) && this.#alike(other, item));
      if (at < 0) return;
      next = at + 1;
      this.#pairModels(drawn[at], item);
    });
  }

  /** Whether both documents say the same. */
  #same(drawn, python) {
    if (drawn === python) return true;
    if (Array.isArray(drawn))
      return (
        Array.isArray(python) &&
        drawn.length === python.length &&
        drawn.every((item, i) => this.#same(item, python[i]))
      );
    if (!isObject(drawn) || !isObject(python)) return false;
    if (isModel(drawn) || isModel(python)) return this.pairs.get(python.id) === drawn.id;
    if (drawn.type === "set" && python.type === "set") return sorted(drawn) === sorted(python);
    const keys = Object.keys(drawn);
    return keys.length === Object.keys(python).length && keys.every((key) => this.#same(drawn[key], python[key]));
  }

  /** Python's value as the page's document can read it; `known` collects the ids of models that are new there. */
  #spell(value, known) {
    if (Array.isArray(value)) return value.map((item) => this.#spell(item, known));
    if (!isObject(value)) return value;
    if (isModel(value)) {
      if (this.pairs.has(value.id)) return { id: this.pairs.get(value.id) };
      if (known.has(value.id)) return { id: value.id };
      known.add(value.id);
      const { name, attributes } = this.#python.get(value.id);
      return { type: "object", name, id: value.id, attributes: this.#spell(attributes ?? {}, known) };
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#spell(item, known)]));
  }

  /**
   * What to change in the page's document to make it Python's, in the page's ids: Bokeh's `events`, and the `resets`, pairs of
   * a model's id and a property of which Python says nothing.
   *
   * @param keep tells of a model's id and a property whether the user has changed it, and may keep that
   */
  changes(keep) {
    const known = new Set();
    const [events, resets] = [[], []];
    for (const [python, drawn] of this.pairs) {
      const was = this.#drawn.get(drawn).attributes ?? {};
      const wanted = this.#python.get(python).attributes ?? {};
      for (const attr of new Set([...Object.keys(was), ...Object.keys(wanted)])) {
        if (this.#same(was[attr], wanted[attr]) || keep(drawn, attr)) continue;
        if (!(attr in wanted)) resets.push([drawn, attr]);
        else events.push({ kind: "ModelChanged", model: { id: drawn }, attr, new: this.#spell(wanted[attr], known) });
      }
    }
    return { events, resets };
  }
}
