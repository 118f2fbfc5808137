// The way of a whole array from Python to the resident worker: in slabs, so that other messages pass in between.
import type { Sender } from "./residents";
import type { Resident, Slab } from "./worker/messages";

// Bytes of an array in one slab, and of what is under way for it. Packed slabs take little of the connection. What is under
// way takes memory besides the array, so it is a small part of it.
export const SLAB_MAX = 1 << 24;
const SLAB_PART = 1 / 16;
const SENT_FIRST = 1 << 22;
const SENT_MIN = 1 << 18;
const SENT_MAX = 1 << 24;
/** How long one slab should be under way: others wait about as long. A page that draws takes half of it to notice. */
const SLAB_MS = 400;
const IN_FLIGHT = 3;

/** An array, and the bytes of one voxel and of all. */
interface Sent {
  info: Resident;
  voxel: number;
  bytes: number;
}

/**
 * Ask Python for all slabs of an array, a few at a time.
 *
 * @param calm resolves when nothing more urgent is asked for
 * @param give takes them
 */
export async function askSlabs(
  { info: { key, generation }, voxel, bytes }: Sent,
  sender: Sender,
  signal: AbortSignal,
  calm: () => Promise<void>,
  give: (slab: Slab) => void,
): Promise<void> {
  let next = 0;
  // Bytes to send at once, and how many of them a byte of the array takes.
  let share = SENT_FIRST;
  let ratio = 1;
  const run = async () => {
    for (;;) {
      await calm();
      signal.throwIfAborted();
      if (next >= bytes) return;
      const offset = next;
      const size = Math.min(share / ratio, SLAB_MAX, Math.max(bytes * SLAB_PART, SENT_MIN));
      const end = Math.min(bytes, offset + Math.ceil(size / voxel) * voxel);
      next = end;
      const since = performance.now();
      const params = { key, generation, start: offset / voxel, end: end / voxel, packed: sender.remote };
      const { data, result } = await sender.ask("source.slab", params, { signal });
      signal.throwIfAborted();
      if (data === undefined) throw new Error("Python sent no voxels");
      ratio = data.byteLength / (end - offset);
      const form = result as { runs: number; deflated: boolean };
      give({ key, generation, offset, bytes: end - offset, data, ...form });
      const took = performance.now() - since;
      if (took < SLAB_MS) share = Math.min(2 * share, SENT_MAX);
      else if (took > 2 * SLAB_MS) share = Math.max(share / 2, SENT_MIN);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, run));
}
