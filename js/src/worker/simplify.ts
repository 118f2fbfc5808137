// Fewer triangles for the same surface, with the official mesh generator's options.
import { MeshoptSimplifier } from "meshoptimizer/simplifier";
import type { Triple } from "./objects";
import type { Mesh } from "./surface";

/** The official `mesh_options`. */
export interface MeshOptions {
  /** How far the surface may be off; negative: keep all triangles. */
  max_quadrics_error?: number;
  /** Degrees by which a triangle may turn. */
  max_normal_angle_deviation?: number;
  /** Whether to keep the rim where an object is cut off by the volume's border. */
  lock_boundary_vertices?: boolean;
}

/**
 * The distance in voxels by which a simplified surface may be off.
 *
 * The official generator bounds each collapse by a sum of squared distances weighted by area, a fourth power of length,
 * and by the turn of the triangles; meshoptimizer bounds the distance. With these numbers both leave about as many
 * triangles on real objects.
 */
export function tolerance({ max_quadrics_error = 1, max_normal_angle_deviation = 90 }: MeshOptions): number {
  if (max_quadrics_error < 0) return 0;
  const turn = Math.min(Math.max(max_normal_angle_deviation, 0), 90) * (Math.PI / 180);
  return 0.4 * max_quadrics_error ** 0.25 * Math.min(1, 2 * Math.sin(turn));
}

/**
 * Simplify a surface; it stays closed.
 *
 * @param mesh in voxels
 * @param shape the volume's
 * @param scales the voxel's size
 */
export async function simplify(mesh: Mesh, shape: Triple, scales: Triple, options: MeshOptions): Promise<Mesh> {
  const error = tolerance(options);
  if (error === 0) return mesh;
  await MeshoptSimplifier.ready;
  const { positions, indices } = mesh;
  const unit = Math.min(...scales);
  const scaled = positions.map((x, i) => (x * (scales[i % 3] as number)) / unit);
  const lock = (options.lock_boundary_vertices ?? true) ? rim(positions, shape) : null;
  const none = new Float32Array(0);
  const [kept] = MeshoptSimplifier.simplifyWithAttributes(indices, scaled, 3, none, 0, [], lock, 0, error, [
    "ErrorAbsolute",
  ]);
  const [remap, count] = MeshoptSimplifier.compactMesh(kept);
  const moved = new Float32Array(3 * count);
  for (let i = 0; i < remap.length; ++i) {
    const to = remap[i] as number;
    if (to !== 0xffffffff) moved.set(positions.subarray(3 * i, 3 * i + 3), 3 * to);
  }
  return { positions: moved, indices: kept };
}

/** 1 for the vertices in the planes of the volume's outermost voxels, where the official surface would end. */
function rim(positions: Float32Array, shape: Triple): Uint8Array {
  const lock = new Uint8Array(positions.length / 3);
  for (let i = 0; i < positions.length; ++i) {
    const x = positions[i] as number;
    if (x === 0 || x === (shape[i % 3] as number) - 1) lock[Math.floor(i / 3)] = 1;
  }
  return lock;
}
