// Pieces of arrays as Python packs them (resident.py): runs of equal voxels, compressed or not.

export interface Packed {
  data: ArrayBuffer;
  /** Bytes of the voxels. */
  bytes: number;
  /** How many runs of equal voxels there are: their starts come first, then their values. 0: one voxel after the other. */
  runs: number;
  /** Whether `data` is compressed by zlib. */
  deflated: boolean;
}

export async function inflate({ data, deflated }: Pick<Packed, "data" | "deflated">): Promise<ArrayBuffer> {
  if (!deflated) return data;
  return await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

const VALUES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/**
 * Write a piece into its array, and give its memory back.
 *
 * @param packed no longer compressed
 * @param offset the byte of the array where the piece begins
 * @param size bytes of one voxel
 */
export function unpack({ data, bytes, runs }: Packed, array: ArrayBuffer, offset: number, size: number): void {
  if (runs === 0) new Uint8Array(array).set(new Uint8Array(data), offset);
  else {
    const Values = VALUES[size as keyof typeof VALUES];
    const starts = new Uint32Array(data, 0, runs);
    const values = new Values(data.slice(4 * runs));
    const target = new Values(array, offset, bytes / size) as {
      fill(value: unknown, start: number, end: number): void;
    };
    for (let i = 0; i < runs; ++i) target.fill(values[i], starts[i] as number, starts[i + 1] ?? bytes / size);
  }
  giveBack(data);
}

/** Give memory back at once: garbage would pile up to a second copy of the array before it is collected. */
export function giveBack(data: ArrayBuffer): void {
  structuredClone(data, { transfer: [data] });
}
