// The mesh worker: makes the surfaces of objects, so that neither chunks nor Python wait for them.
import type { Mask, Triple } from "./objects";
import { type MeshOptions, simplify } from "./simplify";
import { surface } from "./surface";

export interface MeshTask {
  id: number;
  mask: Mask;
  /** The volume's shape and voxel size. */
  shape: Triple;
  scales: Triple;
  options: MeshOptions;
}

export type MeshResult = { id: number; data: ArrayBuffer } | { id: number; error: string };

/** The official format: the number of vertices, their coordinates, three indices per triangle. */
async function make({ mask, shape, scales, options }: MeshTask): Promise<ArrayBuffer> {
  const { positions, indices } = await simplify(surface(mask.data, mask.shape, mask.origin), shape, scales, options);
  const data = new ArrayBuffer(4 + positions.byteLength + indices.byteLength);
  new Uint32Array(data, 0, 1)[0] = positions.length / 3;
  new Float32Array(data, 4, positions.length).set(positions.map((x, i) => x * (scales[i % 3] as number)));
  new Uint32Array(data, 4 + positions.byteLength).set(indices);
  return data;
}

self.addEventListener("message", async ({ data: task }: MessageEvent<MeshTask>) => {
  const { id } = task;
  try {
    const data = await make(task);
    self.postMessage({ id, data } satisfies MeshResult, { transfer: [data] });
  } catch (error) {
    self.postMessage({ id, error: (error as Error).message } satisfies MeshResult);
  }
});
