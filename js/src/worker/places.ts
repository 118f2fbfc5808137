/** Twice the most voxels of a block, so that the labels of a block are found after few tries. */
const SLOTS = 1 << 10;

/** The place of each label of one block in its table, found by a hash. */
export class Places {
  count = 0;
  readonly low = new Uint32Array(SLOTS);
  readonly high = new Uint32Array(SLOTS);
  readonly #slots = new Uint16Array(SLOTS);
  readonly #used = new Uint16Array(SLOTS);

  clear(): void {
    for (let i = 0; i < this.count; ++i) this.#slots[this.#used[i] as number] = 0;
    this.count = 0;
  }

  of(low: number, high: number): number {
    let slot = (Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 22) & (SLOTS - 1);
    for (;;) {
      const place = (this.#slots[slot] as number) - 1;
      if (place < 0) break;
      if (this.low[place] === low && this.high[place] === high) return place;
      slot = (slot + 1) & (SLOTS - 1);
    }
    const place = this.count++;
    this.#slots[slot] = place + 1;
    this.#used[place] = slot;
    this.low[place] = low;
    this.high[place] = high;
    return place;
  }
}
