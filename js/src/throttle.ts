/** Calls `run` soon after the last `call()`, at the latest `maxWait` ms after the first one. */
export class Throttle {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline = 0;

  constructor(
    private readonly run: () => void,
    private readonly wait: number,
    private readonly maxWait: number,
  ) {}

  call(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#deadline = now + this.maxWait;
    else clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.max(0, Math.min(this.wait, this.#deadline - now)));
  }

  /** Whether a run is due. */
  get due(): boolean {
    return this.#timer !== undefined;
  }

  /** Run now, whether or not something waits. */
  flush(): void {
    this.cancel();
    this.run();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
