// What the tests call in the page: viewers by name, made by the engine alone, with no Python behind.
const { entry } = await (await fetch("/dist/engine.json")).json();
const { createViewer } = await import(`/dist/engine/${entry}`);

const stage = document.querySelector("#stage");
const views = {};

const base64 = async (blob) => {
  let text = "";
  for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
};

window.harness = {
  views,
  createViewer,

  /** Make a viewer in a box of its own; `html` may wrap the box, whose place is the element with data-here. */
  async open(id, { state, ui = { preset: "none" }, width, height, html = "<div data-here></div>" }) {
    const wrap = document.createElement("div");
    wrap.innerHTML = html;
    stage.append(wrap);
    const box = document.createElement("div");
    box.id = id;
    box.style.cssText = `width:${width}px;height:${height}px`;
    wrap.querySelector("[data-here]").append(box);
    views[id] = await createViewer(box, { state, ui });
  },

  /** Wait for a viewer, but not for ever. */
  async ready(id, ms = 20_000) {
    const view = views[id];
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        const waiting = [...(view.viewer?.display.panels ?? [])].map((panel) => panel.visible && !panel.isReady());
        const layers = view.viewer?.layerManager.managedLayers.map((layer) => `${layer.name}: ${layer.isReady()}`);
        reject(new Error(`not ready after ${ms} ms; panels that wait: ${waiting}; layers: ${layers}`));
      }, ms);
    });
    await Promise.race([view.ready(), late]).finally(() => clearTimeout(timer));
  },

  /** Make a viewer, wait for its picture and dispose of it, `times` times. */
  async cycle(times, options) {
    for (let n = 0; n < times; n++) {
      await harness.open("cycle", options);
      await harness.ready("cycle");
      harness.close("cycle");
    }
    stage.replaceChildren();
  },

  close(id) {
    views[id].dispose();
    delete views[id];
    document.getElementById(id)?.remove();
  },

  clear() {
    for (const id of Object.keys(views)) harness.close(id);
    stage.replaceChildren();
    document.querySelectorAll("[data-test]").forEach((element) => element.remove());
    window.scrollTo(0, 0);
    document.activeElement?.blur();
  },

  /** The canvas as PNG, and where its panels are in it. */
  async picture(id) {
    const panels = [...(views[id].viewer?.display.panels ?? [])].map((panel) => ({
      left: panel.canvasRelativeClippedLeft,
      top: panel.canvasRelativeClippedTop,
      width: panel.renderViewport.width,
      height: panel.renderViewport.height,
    }));
    return { png: await base64(await views[id].screenshot()), panels };
  },
};
document.documentElement.dataset.loaded = "";
