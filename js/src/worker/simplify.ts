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
  const { positions, indices } = mesh;
  const error = Math.min(tolerance(options), thinnest(positions) / 16);
  if (error === 0) return mesh;
  await MeshoptSimplifier.ready;
  const unit = Math.min(...scales);
  const scaled = positions.map((x, i) => (x * (scales[i % 3] as number)) / unit);
  const lock = (options.lock_boundary_vertices ?? true) ? rim(positions, shape) : new Uint8Array(positions.length / 3);
  const none = new Float32Array(0);
  const run = (locked: Uint8Array) =>
    MeshoptSimplifier.simplifyWithAttributes(indices, scaled, 3, none, 0, [], locked, 0, error, ["ErrorAbsolute"])[0];
  let kept = run(lock);
  // Sometimes two sheets meet in one edge. What lies around it is kept as it was.
  for (let tries = 0; tries < PINCH_TRIES && lockPinches(kept, indices, lock); ++tries) kept = run(lock);
  const [remap, count] = MeshoptSimplifier.compactMesh(kept);
  const moved = new Float32Array(3 * count);
  for (let i = 0; i < remap.length; ++i) {
    const to = remap[i] as number;
    if (to !== 0xffffffff) moved.set(positions.subarray(3 * i, 3 * i + 3), 3 * to);
  }
  return { positions: moved, indices: kept };
}

const PINCH_TRIES = 4;

/** Lock what is around the edges that belong to more than two triangles; whether there are any. */
function lockPinches(simplified: Uint32Array, indices: Uint32Array, lock: Uint8Array): boolean {
  const count = lock.length;
  const seen = new Set<number>();
  const pinched = new Uint8Array(count);
  let any = false;
  for (let i = 0; i < simplified.length; ++i) {
    const a = simplified[i] as number;
    const b = simplified[i % 3 === 2 ? i - 2 : i + 1] as number;
    const edge = a * count + b;
    if (seen.has(edge)) {
      pinched[a] = pinched[b] = 1;
      any = true;
    }
    seen.add(edge);
  }
  if (!any) return false;
  for (let i = 0; i < indices.length; i += 3) {
    const corners = indices.subarray(i, i + 3);
    if (corners.some((corner) => pinched[corner])) for (const corner of corners) lock[corner] = 1;
  }
  return true;
}

/** The smallest side of the box around an object: small objects have few triangles to lose, and much of their shape. */
function thinnest(positions: Float32Array): number {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  positions.forEach((x, i) => {
    low[i % 3] = Math.min(low[i % 3] as number, x);
    high[i % 3] = Math.max(high[i % 3] as number, x);
  });
  return Math.min(...high.map((x, d) => x - (low[d] as number)));
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
