// Reading voxels of a layer through the same chunks that are drawn.
import { SliceViewVolumeRenderLayer } from "neuroglancer/unstable/sliceview/volume/renderlayer.js";
import { DataType } from "neuroglancer/unstable/util/data_type.js";
import * as matrix from "neuroglancer/unstable/util/matrix.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";

/** A box of voxels at full resolution; dimensions in the order of the view's dimensions. */
export interface Box {
  /** First voxel, including the source's voxel offset. */
  origin: number[];
  /** Number of voxels per dimension. */
  shape: number[];
}

export interface Voxels {
  dtype: string;
  shape: number[];
  /** First dimension fastest; little-endian. */
  data: ArrayBuffer;
}

/** The members we use of classes that neuroglancer ships without complete types. */
interface Chunk {
  getValueAt(positionInChunk: Uint32Array): number | bigint;
}

interface ChunkSource {
  spec: {
    chunkDataSize: Uint32Array;
    lowerVoxelBound: Float32Array;
    upperVoxelBound: Float32Array;
    baseVoxelOffset: Float32Array;
  };
  fetchChunk<T>(grid: Float32Array, read: (chunk: Chunk) => T): Promise<T>;
}

interface MultiscaleSource {
  rank: number;
  dataType: DataType;
  getSources(options: object): { chunkSource: ChunkSource; chunkToMultiscaleTransform: Float32Array }[][];
}

type Numbers = { [index: number]: number | bigint; readonly length: number; readonly buffer: ArrayBufferLike };

const ARRAYS: Record<number, new (length: number) => Numbers> = {
  [DataType.UINT8]: Uint8Array,
  [DataType.INT8]: Int8Array,
  [DataType.UINT16]: Uint16Array,
  [DataType.INT16]: Int16Array,
  [DataType.UINT32]: Uint32Array,
  [DataType.INT32]: Int32Array,
  [DataType.UINT64]: BigUint64Array,
  [DataType.FLOAT32]: Float32Array,
};

/**
 * Read voxels of an image or segmentation layer.
 *
 * @throws Error where the layer does not exist, is not a volume, or the box is outside of it
 */
export async function readVoxels(viewer: Viewer, layerName: string, box: Box): Promise<Voxels> {
  const managed = viewer.layerManager.getLayerByName(layerName);
  if (managed === undefined) {
    const names = viewer.layerManager.managedLayers.map((layer) => layer.name).join(", ");
    throw new Error(`There is no layer "${layerName}"; the layers are: ${names || "none"}`);
  }
  const layer = (managed.layer?.renderLayers ?? []).find((x) => x instanceof SliceViewVolumeRenderLayer);
  if (!(layer instanceof SliceViewVolumeRenderLayer)) throw new Error(`Layer "${layerName}" shows no volume (yet)`);
  const multiscaleSource = layer.multiscaleSource as unknown as MultiscaleSource;
  const { rank, dataType } = multiscaleSource;
  if (box.origin.length !== rank || box.shape.length !== rank)
    throw new Error(`Layer "${layerName}" has ${rank} dimensions; origin and shape must have as many`);
  const [finest] = multiscaleSource.getSources({
    discreteValues: true,
    displayRank: rank,
    modelChannelDimensionIndices: [],
    multiscaleToViewTransform: matrix.createIdentity(Float32Array, rank),
  });
  const source = finest?.[0];
  if (source === undefined) throw new Error(`Layer "${layerName}" has no scale to read from`);
  const order = chunkOrder(viewer, layer, source.chunkToMultiscaleTransform, rank);
  // Chunks have their own order of dimensions, that of the bytes in the file.
  const origin = order.map((dimension) => box.origin[dimension] as number);
  const shape = order.map((dimension) => box.shape[dimension] as number);
  const { spec } = source.chunkSource;
  origin.forEach((from, i) => {
    const [low, high] = [spec.lowerVoxelBound[i] as number, spec.upperVoxelBound[i] as number];
    const to = from + (shape[i] as number);
    if (from < low || to > high)
      throw new Error(
        `Layer "${layerName}" has voxels ${low} to ${high} in dimension ${order[i]}; asked for ${from} to ${to}`,
      );
  });
  const values = new (ARRAYS[dataType] as (typeof ARRAYS)[number])(shape.reduce((a, b) => a * b, 1));
  const strides = new Array<number>(rank);
  let stride = 1;
  box.shape.forEach((length, dimension) => {
    strides[order.indexOf(dimension)] = stride;
    stride *= length;
  });
  const chunkShape = Array.from<number>(spec.chunkDataSize);
  // Positions inside a chunk source count from its baseVoxelOffset.
  const first = origin.map((x, i) => x - (spec.baseVoxelOffset[i] as number));
  for (const grid of gridCells(first, shape, chunkShape)) {
    await source.chunkSource.fetchChunk(Float32Array.from(grid), (chunk) =>
      copyChunk(chunk, grid, chunkShape, first, shape, strides, values),
    );
  }
  return { dtype: (DataType[dataType] as string).toLowerCase(), shape: box.shape, data: values.buffer as ArrayBuffer };
}

/** For each dimension of a chunk, its place among the dimensions of the view. */
function chunkOrder(
  viewer: Viewer,
  layer: SliceViewVolumeRenderLayer,
  chunkToModel: Float32Array,
  rank: number,
): number[] {
  const transform = layer.transform.value;
  if (transform.error !== undefined) throw new Error(transform.error);
  const { layerDimensionNames, modelToRenderLayerTransform } = transform;
  const ofView = viewer.coordinateSpace.value.names;
  const sorted = [...ofView, ...layerDimensionNames.filter((name) => !ofView.includes(name))].filter((name) =>
    layerDimensionNames.includes(name),
  );
  const target = (transformation: Float32Array, size: number, column: number) => {
    for (let row = 0; row < size; ++row) if (transformation[column * (size + 1) + row] !== 0) return row;
    throw new Error("The volume is seen along a plane: its voxels cannot be read");
  };
  return Array.from({ length: rank }, (_, dimension) => {
    const model = target(chunkToModel, rank, dimension);
    const shown = target(modelToRenderLayerTransform, transform.rank, model);
    return sorted.indexOf(layerDimensionNames[shown] as string);
  });
}

/** Grid positions of all chunks that the box touches. */
function gridCells(first: number[], shape: number[], chunk: number[]): number[][] {
  return first.reduce<number[][]>(
    (cells, from, i) => {
      const size = chunk[i] as number;
      const low = Math.floor(from / size);
      const high = Math.floor((from + (shape[i] as number) - 1) / size);
      return cells.flatMap((cell) => Array.from({ length: high - low + 1 }, (_, k) => [...cell, low + k]));
    },
    [[]],
  );
}

function copyChunk(
  chunk: Chunk,
  grid: number[],
  chunkShape: number[],
  first: number[],
  shape: number[],
  strides: number[],
  out: Numbers,
): void {
  const rank = shape.length;
  const start = grid.map((g, i) => Math.max(g * (chunkShape[i] as number), first[i] as number));
  const end = grid.map((g, i) =>
    Math.min((g + 1) * (chunkShape[i] as number), (first[i] as number) + (shape[i] as number)),
  );
  const at = [...start];
  const big = out instanceof BigUint64Array;
  for (;;) {
    const inChunk = Uint32Array.from(at, (x, i) => x - (grid[i] as number) * (chunkShape[i] as number));
    const value = chunk.getValueAt(inChunk);
    const offset = at.reduce((sum, x, i) => sum + (x - (first[i] as number)) * (strides[i] as number), 0);
    out[offset] = big ? BigInt(value) : Number(value);
    // Count up, the first dimension fastest.
    let i = 0;
    for (; i < rank; ++i) {
      at[i] = (at[i] as number) + 1;
      if (at[i] !== end[i]) break;
      at[i] = start[i] as number;
    }
    if (i === rank) return;
  }
}
