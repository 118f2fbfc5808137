// The surface of an object in a grid of voxels: marching cubes on a yes-or-no mask.
//
// The centre of a voxel has whole coordinates, and the surface runs half-way between the inside and the outside, as in
// the official mesh generator. Each edge of the surface belongs to exactly two triangles.

export interface Mesh {
  /** x, y, z of each vertex. */
  positions: Float32Array;
  /** Three vertices per triangle, counter-clockwise as seen from outside. */
  indices: Uint32Array;
}

// The corners of a cell are numbered x + 2y + 4z. Its edges are numbered 4 axis + u + 2v, where u and v are the
// positions along the next two axes.
const AXES = [0, 1, 2] as const;
const cornerOf = (axis: number, along: number, u: number, v: number): number =>
  (along << axis) | (u << ((axis + 1) % 3)) | (v << ((axis + 2) % 3));

/** The edge between two neighbouring corners. */
function edgeBetween(a: number, b: number): number {
  const axis = Math.log2(a ^ b);
  const base = a & b;
  return 4 * axis + ((base >> ((axis + 1) % 3)) & 1) + 2 * ((base >> ((axis + 2) % 3)) & 1);
}

/** The corners of the six faces, counter-clockwise as seen from outside. */
const FACES = AXES.flatMap((axis) => {
  const far = [0, 1, 3, 2].map((uv) => cornerOf(axis, 1, uv & 1, uv >> 1));
  const near = [0, 2, 3, 1].map((uv) => cornerOf(axis, 0, uv & 1, uv >> 1));
  return [near, far];
});

/** The faces that each edge lies in, as bits. */
const FACES_OF_EDGE = Array.from({ length: 12 }, (_, edge) =>
  FACES.reduce((bits, face, i) => {
    const edges = face.map((corner, j) => edgeBetween(corner, face[(j + 1) % 4] as number));
    return edges.includes(edge) ? bits | (1 << i) : bits;
  }, 0),
);

/** The closed lines in which the surface cuts a cell's faces, as lists of edges. */
function outlines(inside: number): number[][] {
  const next = new Map<number, number>();
  for (const face of FACES) {
    const isIn = face.map((corner) => (inside >> corner) & 1);
    const edges = face.map((corner, j) => edgeBetween(corner, face[(j + 1) % 4] as number));
    for (let j = 0; j < 4; ++j) {
      if (isIn[j] || !isIn[(j + 1) % 4]) continue;
      // Around a run of inside corners. Two that only touch across the face stay apart, in both cells of the face.
      let k = (j + 1) % 4;
      while (isIn[(k + 1) % 4]) k = (k + 1) % 4;
      next.set(edges[j] as number, edges[k] as number);
    }
  }
  const lines: number[][] = [];
  while (next.size > 0) {
    const line: number[] = [];
    let edge = next.keys().next().value as number;
    for (let following = next.get(edge); following !== undefined; following = next.get(edge)) {
      line.push(edge);
      next.delete(edge);
      edge = following;
    }
    lines.push(line);
  }
  return lines;
}

/** Fill an outline with triangles; none of their inner sides lies in a face, where the next cell may have one too. */
function fill(line: number[]): number[] | undefined {
  if (line.length === 3) return line;
  for (let i = 0; i < line.length; ++i) {
    const [a, b, c] = [0, 1, 2].map((k) => line[(i + k) % line.length] as number) as [number, number, number];
    if ((FACES_OF_EDGE[a] as number) & (FACES_OF_EDGE[c] as number)) continue;
    const rest = fill(line.filter((edge) => edge !== b));
    if (rest !== undefined) return [a, b, c, ...rest];
  }
  return undefined;
}

/** The triangles of each of the 256 kinds of cells, as edges. */
const TRIANGLES: number[][] = Array.from({ length: 256 }, (_, inside) =>
  outlines(inside).flatMap((line) => {
    const triangles = fill(line);
    if (triangles === undefined) throw new Error(`No triangles for the outline ${line}`);
    return triangles;
  }),
);

/** A typed array that grows. */
class Growing<T extends Float32Array | Uint32Array> {
  length = 0;

  constructor(private array: T) {}

  reserve(more: number): T {
    if (this.length + more > this.array.length) {
      const larger = new (this.array.constructor as new (n: number) => T)(2 * this.array.length + more);
      larger.set(this.array);
      this.array = larger;
    }
    return this.array;
  }

  take(): T {
    return this.array.slice(0, this.length) as T;
  }
}

/**
 * Make the surface of an object.
 *
 * @param mask 1 inside and 0 outside, x fastest; its outermost voxels must be outside
 * @param shape the mask's size along x, y and z
 * @param origin the coordinates of the mask's first voxel
 */
export function surface(mask: Uint8Array, shape: readonly [number, number, number], origin: readonly number[]): Mesh {
  const [nx, ny, nz] = shape;
  const [x0, y0, z0] = origin as [number, number, number];
  const plane = nx * ny;
  const positions = new Growing(new Float32Array(3 << 12));
  const indices = new Growing(new Uint32Array(6 << 12));
  // The vertices on the edges that begin at each point of two planes, along each axis.
  const vertices = new Uint32Array(6 * plane);
  // Where a cell's edges are kept, relative to its first point, for even and odd planes.
  const places = [0, 1].map((odd) =>
    Array.from({ length: 12 }, (_, edge) => {
      const axis = edge >> 2;
      const [x, y, z] = AXES.map((d) => (cornerOf(axis, 0, edge & 1, (edge >> 1) & 1) >> d) & 1) as number[];
      return 3 * ((x as number) + nx * (y as number) + plane * (((z as number) + odd) & 1)) + axis;
    }),
  );
  // A cell's own edges are those between points that no earlier cell has.
  const own = AXES.map((axis) => ({ edge: 4 * axis + 3, a: cornerOf(axis, 0, 1, 1), b: cornerOf(axis, 1, 1, 1) }));
  for (let z = 0; z < nz - 1; ++z) {
    const place = places[z & 1] as number[];
    for (let y = 0; y < ny - 1; ++y) {
      const row = z * plane + y * nx;
      let code = 0;
      for (let x = 0; x < nx - 1; ++x) {
        const p = row + x + 1;
        // The right side of the last cell is the left side of this one.
        code =
          ((code >> 1) & 0x55) |
          ((mask[p] as number) << 1) |
          ((mask[p + nx] as number) << 3) |
          ((mask[p + plane] as number) << 5) |
          ((mask[p + plane + nx] as number) << 7);
        if (code === 0 || code === 255) continue;
        const base = 3 * (y * nx + x);
        for (const { edge, a, b } of own) {
          if (((code >> a) & 1) === ((code >> b) & 1)) continue;
          const out = positions.reserve(3);
          const n = positions.length;
          vertices[base + (place[edge] as number)] = n / 3;
          out[n] = x0 + x + (edge === 3 ? 0.5 : 1);
          out[n + 1] = y0 + y + (edge === 7 ? 0.5 : 1);
          out[n + 2] = z0 + z + (edge === 11 ? 0.5 : 1);
          positions.length = n + 3;
        }
        const triangles = TRIANGLES[code] as number[];
        const out = indices.reserve(triangles.length);
        let n = indices.length;
        for (let i = 0; i < triangles.length; ++i)
          out[n++] = vertices[base + (place[triangles[i] as number] as number)] as number;
        indices.length = n;
      }
    }
  }
  return { positions: positions.take(), indices: indices.take() };
}
