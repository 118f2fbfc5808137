// What the tests call in the page, before any of its own scripts.

/** All elements that match, inside shadow roots too. */
window.deep = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll("*")].flatMap((element) => (element.shadowRoot ? deep(selector, element.shadowRoot) : [])),
];

/** neuroglancer's own viewer, by its place on the page. */
window.upstream = (i = 0) => deep(".panel-neuroglancer-viewer")[i]?.neuroglancerViewer;

// The generation of each array that chunk workers may ask the resident worker for.
window.announced = {};
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  if (message?.resident !== undefined) {
    if (message.generation === undefined) delete announced[message.resident];
    else if (message.whole) announced[message.resident] = message.generation;
  }
  return postMessage.call(this, message, ...rest);
};

const volumeOf = (name, i) =>
  upstream(i)
    ?.layerManager.getLayerByName(name)
    ?.layer?.renderLayers.find((layer) => layer.multiscaleSource !== undefined)?.multiscaleSource;

/** Whether a layer's volume is known. */
window.hasVolume = (name, i = 0) => volumeOf(name, i) !== undefined;

const sourcesOf = (name, i) => {
  const volume = volumeOf(name, i);
  const { rank } = volume;
  const shown = Math.min(rank, 3);
  const view = new Float32Array(rank * shown);
  for (let d = 0; d < shown; ++d) view[d * shown + d] = 1;
  const all = volume.getSources({
    discreteValues: false,
    displayRank: shown,
    modelChannelDimensionIndices: [],
    multiscaleToViewTransform: view,
  });
  return { rank, sources: all.flat() };
};

/** Forget all chunks and voxels of a layer; then read it again, whole, at every scale. */
window.levels = async (name, i = 0) => {
  const { rank, sources } = sourcesOf(name, i);
  const result = [];
  for (const { chunkSource, chunkToMultiscaleTransform } of sources) {
    chunkSource.invalidateCache();
    const factor = Array.from({ length: rank }, (_, d) => chunkToMultiscaleTransform[d * (rank + 2)]);
    const shape = Array.from(chunkSource.spec.upperVoxelBound);
    const size = Array.from(chunkSource.spec.chunkDataSize);
    const cells = shape.reduce(
      (all, n, d) => all.flatMap((cell) => Array.from({ length: Math.ceil(n / size[d]) }, (_, k) => [...cell, k])),
      [[]],
    );
    const values = new Array(shape.reduce((a, b) => a * b, 1));
    await Promise.all(
      cells.map((cell) =>
        chunkSource.fetchChunk(Float32Array.from(cell), (chunk) => {
          const start = cell.map((k, d) => k * size[d]);
          const part = start.map((a, d) => Math.min(size[d], shape[d] - a));
          const total = part.reduce((a, b) => a * b, 1);
          for (let n = 0; n < total; ++n) {
            const at = [];
            let rest = n;
            let to = 0;
            let stride = 1;
            for (let d = 0; d < rank; ++d) {
              at.push(rest % part[d]);
              rest = Math.floor(rest / part[d]);
              to += stride * (start[d] + at[d]);
              stride *= shape[d];
            }
            values[to] = String(chunk.getValueAt(Uint32Array.from(at)));
          }
        }),
      ),
    );
    result.push({ factor, shape, values, chunks: cells.length });
  }
  return result;
};

/** The mesh of an object as the chunk worker has made it for drawing. */
window.meshOf = (name, i = 0) => {
  const layer = upstream(i)?.layerManager.getLayerByName(name)?.layer?.renderLayers.find((x) => x.source?.fragmentSource);
  const fragments = [...(layer?.source.fragmentSource.chunks ?? [])];
  return Object.fromEntries(
    fragments.map(([key, { meshData }]) => [
      key.split("/")[0],
      { positions: Array.from(meshData?.vertexPositions ?? []), indices: Array.from(meshData?.indices ?? []) },
    ]),
  );
};

/** Whether all chunks in view are there. */
window.isReady = (i = 0) => upstream(i)?.isReady() === true;
