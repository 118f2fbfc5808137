// What Python could not give: neuroglancer itself only logs a chunk that fails. Kept until the same can be read, or the
// data has changed.

export interface Failure {
  /** What was asked for: info, raw, mesh, skeleton, … */
  what: string;
  /** An object's id, or which part of a volume. */
  which: string;
  status: number;
  reason: string;
}

/** Parts of a path such as /neuroglancer/raw/TOKEN.VOLUME/1,1,1/0,0,0/64,64,64. */
const PATH = /^\/neuroglancer\/([^/]+)\/([^/]+)(?:\/(.*))?$/;

const failures = new Map<string, Map<string, Failure>>();
const generations = new Map<string, number>();
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

/** Note what came of a request: status 200 takes an earlier failure of it back. */
export function note(path: string, status: number, reason: string): void {
  const [, what, key, which = ""] = PATH.exec(path) ?? [];
  if (what === undefined || key === undefined) return;
  const known = failures.get(key) ?? new Map<string, Failure>();
  if (status === 200) {
    if (!known.delete(path)) return;
    if (known.size === 0) failures.delete(key);
  } else failures.set(key, known.set(path, { what, which, status, reason }));
  tell();
}

/** The data behind a key is new, and so is the chance to read it. */
export function renewed(key: string, generation: number): void {
  if (generations.get(key) === generation) return;
  generations.set(key, generation);
  if (failures.delete(key)) tell();
}

export function failuresOf(key: string): Failure[] {
  return [...(failures.get(key)?.values() ?? [])];
}

/** Call `listener` whenever there are others; returns what ends that. */
export function onFailures(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
