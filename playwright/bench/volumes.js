// What volumes.py calls in the page, the official client's or ours.

const deep = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll("*")].flatMap((x) => (x.shadowRoot ? deep(selector, x.shadowRoot) : [])),
];
window.upstream = () => deep(".panel-neuroglancer-viewer")[0]?.neuroglancerViewer ?? window.viewer;
const frame = () => new Promise(requestAnimationFrame);
const layer = () => upstream()?.layerManager.getLayerByName("a")?.layer;
const isDrawn = () =>
  layer()?.renderLayers.some((x) => x.multiscaleSource) && upstream().display.panels.size > 0 && upstream().isReady();

/** The window's size for a canvas of this size. */
window.room = (width, height) => {
  const { canvas } = upstream().display;
  if (canvas.clientWidth === width && canvas.clientHeight === height) return [innerWidth, innerHeight];
  return [innerWidth + width - canvas.clientWidth, innerHeight + height - canvas.clientHeight];
};

/** When every visible chunk is drawn, in seconds since 1970; and the bytes of all chunks that are there then. */
window.drawn = async (voxel) => {
  do await frame(); while (!isDrawn());
  const at = (performance.timeOrigin + performance.now()) / 1e3;
  let bytes = 0;
  for (const source of upstream().chunkManager.memoize.map.values())
    if (source.spec?.chunkDataSize && source.chunks)
      for (const chunk of source.chunks.values()) bytes += voxel * chunk.chunkDataSize.reduce((a, b) => a * b, 1);
  return { at, bytes };
};

/** Milliseconds until all is drawn at each position. */
window.jumps = async (positions) => {
  const times = [];
  for (const position of positions) {
    const since = performance.now();
    upstream().position.value = Float32Array.from(position);
    do await frame(); while (!isDrawn());
    times.push(performance.now() - since);
  }
  return times;
};

/** Milliseconds from a change of one scale until Python's answer, the other scale's change, is there; null after two seconds. */
window.roundTrips = async (trips) => {
  const { port1, port2 } = new MessageChannel();
  const turn = () =>
    new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(0);
    });
  const times = [];
  for (let n = 1; n <= trips; ++n) {
    const since = performance.now();
    upstream().crossSectionScale.restoreState(n + 0.5);
    const answered = () => upstream().projectionScale.toJSON() === n + 0.5;
    while (!answered() && performance.now() - since < 2000) await turn();
    times.push(answered() ? performance.now() - since : null);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return times;
};

/** Seconds until an object's mesh is there. */
window.firstMesh = async (id) => {
  const since = performance.now();
  layer().displayState.segmentationGroupState.value.visibleSegments.add(BigInt(id));
  const source = () => layer().renderLayers.find((x) => x.source?.fragmentSource)?.source.fragmentSource;
  const chunks = () => [...(source()?.chunks ?? [])];
  while (!chunks().some(([key, x]) => key.startsWith(`${id}/`) && x.meshData?.indices.length > 0)) await frame();
  return (performance.now() - since) / 1e3;
};

/** When all of an array is on the page, in seconds since 1970. */
let arrived;
window.whole = new Promise((resolve) => {
  arrived = resolve;
});
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  if (message?.resident !== undefined && message.whole)
    arrived((performance.timeOrigin + performance.now()) / 1e3);
  return postMessage.call(this, message, ...rest);
};

/** Tell a converted app what to do; resolves to when, and to what it answers. */
window.order = async (text) => {
  const models = () => [...(globalThis.Bokeh?.documents[0]?._all_models.values() ?? [])];
  const find = () => models().find((model) => /^(order|done)/.test(model.title));
  while (find() === undefined) await frame();
  const input = find();
  const done = `done ${text} `;
  const since = Date.now() / 1e3;
  input.value = text;
  while (!input.title.startsWith(done)) await new Promise((resolve) => setTimeout(resolve, 2));
  return { since, answer: input.title.slice(done.length) };
};
