// The order in which a viewer's chunks are asked of Python.
//
// neuroglancer asks for up to 100 chunks at once and then leaves their order to the server; chunks that nobody looks at any
// more it takes back only where it needs the room. Servers answer many at a time, Python one after the other. So only a few
// are asked for here at once: always the most important ones, and only while somebody looks.
import { ChunkPriorityTier } from "neuroglancer/unstable/chunk_manager/base.js";

/** What neuroglancer keeps up to date of a chunk while it waits. */
export interface Ranked {
  /** The less the more important. */
  priorityTier: number;
  /** The more the more important. */
  priority: number;
}

const AT_ONCE = 8;
/** How often to look whether somebody looks again at a chunk that waits. */
const LOOK_MS = 100;

export class Turns {
  readonly #waiting = new Map<Ranked, () => void>();
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Resolves when it is the chunk's turn; what it resolves to is to be called when that is over. */
  take(chunk: Ranked, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => {
        if (this.#waiting.delete(chunk)) reject(signal.reason);
      });
      this.#waiting.set(chunk, () => {
        this.#running += 1;
        resolve(() => {
          this.#running -= 1;
          this.#next();
        });
      });
      // All that is asked for together is there when the first is chosen.
      queueMicrotask(() => this.#next());
    });
  }

  #next(): void {
    clearTimeout(this.#timer);
    while (this.#running < AT_ONCE) {
      const chunk = this.#first();
      if (chunk === undefined) break;
      const start = this.#waiting.get(chunk);
      this.#waiting.delete(chunk);
      start?.();
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#next(), LOOK_MS);
  }

  #first(): Ranked | undefined {
    let first: Ranked | undefined;
    for (const chunk of this.#waiting.keys()) {
      if (chunk.priorityTier === ChunkPriorityTier.RECENT) continue;
      if (first === undefined || isBefore(chunk, first)) first = chunk;
    }
    return first;
  }
}

function isBefore(a: Ranked, b: Ranked): boolean {
  return a.priorityTier === b.priorityTier ? a.priority > b.priority : a.priorityTier < b.priorityTier;
}
