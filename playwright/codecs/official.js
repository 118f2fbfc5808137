// The same handful of functions as engine.html offers, on top of the official static client (`window.viewer`).
// Used to prove the fixtures themselves: CODECS_CLIENT=official.
const { viewer } = window;
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

function sourceErrors() {
  return viewer.layerManager.managedLayers.flatMap((managed) =>
    (managed.layer?.dataSources ?? []).flatMap((source) =>
      [...source.messages].filter((m) => m.severity === 2).map((m) => `${managed.name}: ${m.message}`)));
}

async function ready() {
  for (;;) {
    await frame();
    const errors = sourceErrors();
    if (errors.length) throw new Error(errors.join("; "));
    if (!viewer.isReady()) continue;
    viewer.display.draw(); // may ask for further chunks
    if (viewer.isReady()) return;
  }
}

async function readVoxels(layerName) {
  const { multiscaleSource } = viewer.layerManager.getLayerByName(layerName).layer.renderLayers.find((l) => l.multiscaleSource);
  const { rank } = multiscaleSource;
  const identity = Float32Array.from({ length: rank * rank }, (_, i) => (i % (rank + 1) === 0 ? 1 : 0));
  const { chunkSource } = multiscaleSource.getSources({
    discreteValues: true, displayRank: rank, modelChannelDimensionIndices: [], multiscaleToViewTransform: identity,
  })[0][0];
  const { spec } = chunkSource;
  const shape = Array.from(spec.upperVoxelBound);
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array, Float32Array];
  const data = new types[spec.dataType](shape.reduce((a, b) => a * b));
  const grid = shape.map((n, i) => Math.ceil(n / spec.chunkDataSize[i]));
  for (const cell of product(grid)) {
    await chunkSource.fetchChunk(Float32Array.from(cell), (chunk) => {
      for (const p of product(Array.from(chunk.chunkDataSize))) {
        let index = 0;
        for (let i = rank - 1; i >= 0; --i) index = index * shape[i] + cell[i] * spec.chunkDataSize[i] + p[i];
        data[index] = chunk.getValueAt(p);
      }
    }, {});
  }
  return { dtype: types[spec.dataType].name, shape, data: data.buffer };
}

function* product(shape) {
  const p = shape.map(() => 0);
  for (;;) {
    yield p.slice();
    let i = 0;
    while (i < p.length && ++p[i] === shape[i]) p[i++] = 0;
    if (i === p.length) return;
  }
}

window.client = {
  viewer,
  async open() {
    viewer.uiConfiguration.showUIControls.value = false;
    viewer.uiConfiguration.showPanelBorders.value = false;
  },
  clear: () => viewer.state.reset(),
  async show(state) {
    viewer.state.reset();
    viewer.state.restoreState(state);
    await ready();
  },
  readVoxels,
  screenshot: () => new Promise((resolve) => {
    viewer.display.draw();
    viewer.display.canvas.toBlob(resolve);
  }),
};
