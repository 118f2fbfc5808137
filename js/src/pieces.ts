// Chunks that somebody waits for while their array is still on its way: the voxels of each are fetched by themselves, and the
// rest of the array stands back meanwhile.
import type { Reply } from "./channel";
import type { Need, Piece } from "./worker/messages";

/** What is asked of Python at once; it serves one after the other. */
const IN_FLIGHT = 8;
/** How long nobody must have asked for a piece: one chunk is often followed by others. */
const CALM_MS = 250;
/** The same before anybody has: the viewer has yet to work out what it needs. */
const FIRST_CALM_MS = 1000;

/** Asks for the pieces of one array. */
export class Pieces {
  readonly #waiting = new Map<number, Need>();
  readonly #running = new Map<number, AbortController>();
  #calm = pending();
  #isCalm = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param ask gets the voxels of a chunk
   * @param give takes them, where Python gave some
   * @param inFlight how many to ask for at once
   */
  constructor(
    private readonly ask: (need: Need, signal: AbortSignal) => Promise<Reply>,
    private readonly give: (piece: Piece) => void,
    private readonly inFlight = IN_FLIGHT,
  ) {
    this.#rest(FIRST_CALM_MS);
  }

  /** Resolves when nobody has waited for a piece for a while. */
  get calm(): Promise<void> {
    return this.#calm.promise;
  }

  want(need: Need): void {
    this.#waiting.set(need.need, need);
    if (this.#isCalm) this.#calm = pending();
    this.#isCalm = false;
    clearTimeout(this.#timer);
    this.#next();
  }

  forgo(id: number): void {
    this.#running.get(id)?.abort();
    this.#end(id);
  }

  /** Nobody waits for anything any more. */
  clear(): void {
    for (const id of [...this.#waiting.keys(), ...this.#running.keys()]) this.forgo(id);
  }

  #next(): void {
    for (const [id, need] of this.#waiting) {
      if (this.#running.size >= this.inFlight) return;
      this.#waiting.delete(id);
      void this.#run(need);
    }
  }

  async #run(need: Need): Promise<void> {
    const abort = new AbortController();
    this.#running.set(need.need, abort);
    try {
      const { data, result } = await this.ask(need, abort.signal);
      if (abort.signal.aborted || data === undefined) return;
      this.give({ ...need, data, ...(result as { runs: number; deflated: boolean }) });
    } catch {
      // The array may have changed or gone; the chunk waits for all of it, or is told.
    } finally {
      this.#end(need.need);
    }
  }

  #end(id: number): void {
    this.#waiting.delete(id);
    this.#running.delete(id);
    this.#next();
    if (this.#waiting.size + this.#running.size === 0) this.#rest();
  }

  #rest(ms = CALM_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isCalm = true;
      this.#calm.resolve();
    }, ms);
  }
}

function pending(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
