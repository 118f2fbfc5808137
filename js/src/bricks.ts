// An array on its way from files (baked.ts) to the resident worker: the bricks that somebody waits for come first.
import type { Reply } from "./channel";
import type { Pieces } from "./pieces";
import { type Bricked, brickCount, bricksOf, readPart } from "./worker/bricks";
import { product } from "./worker/layout";
import type { Brick, Need, Resident } from "./worker/messages";

/** What is asked for at once while nobody waits for anything. */
const IN_FLIGHT = 3;

type Ask = (method: string, params: Record<string, unknown>) => Promise<Reply>;

/** Fetches all bricks of one array, each once. */
export class Bricks {
  readonly #coming = new Map<number, Promise<void>>();

  constructor(
    private readonly info: Resident & Bricked,
    private readonly ask: Ask,
    private readonly give: (brick: Brick) => void,
  ) {}

  /** Have the bricks of a chunk sent, or its voxels given where there is a copy at its scale. */
  async piece({ rest }: Need): Promise<Reply> {
    const { part } = readPart(rest);
    if (product(part.factor) > 1) {
      const reply = await this.ask("files.chunk", { key: this.info.key, rest });
      if (reply.data !== undefined) return reply;
    }
    await Promise.all(bricksOf(this.info, part).map((index) => this.#fetch(index)));
    return { result: {}, data: undefined };
  }

  /** Have all bricks sent, while `pieces` has nothing more urgent. */
  async fill(pieces: Pieces, signal: AbortSignal): Promise<void> {
    const bricks = Array(brickCount(this.info)).keys();
    const run = async () => {
      for (const brick of bricks) {
        await pieces.calm;
        signal.throwIfAborted();
        await this.#fetch(brick);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, run));
  }

  #fetch(brick: number): Promise<void> {
    const coming = this.#coming.get(brick) ?? this.#bring(brick);
    this.#coming.set(brick, coming);
    return coming;
  }

  async #bring(brick: number): Promise<void> {
    const { key, generation } = this.info;
    const { data, result } = await this.ask("files.brick", { key, brick });
    if (data === undefined) throw new Error("A part of the array is missing");
    this.give({ key, generation, brick, data, ...(result as { runs: number; deflated: boolean }) });
  }
}
