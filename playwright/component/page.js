// What the tests call in the page, before any of its own scripts.

/** All elements that match, inside shadow roots too. */
window.deep = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll("*")].flatMap((element) => (element.shadowRoot ? deep(selector, element.shadowRoot) : [])),
];

/** Whether Python runs: a converted page shows before that what it said where the page was made. */
const alive = () => !document.getElementById("pn-config") || "pnReady" in document.documentElement.dataset;

/** What Python says it has; null before it says anything. */
window.python = () => (alive() ? JSON.parse(deep("#python")[0]?.textContent || "null") : null);

/** The element of a viewer, by its place on the page. */
window.viewer = (i = 0) => deep(".panel-neuroglancer-viewer")[i];

/** True once Python and its first viewer are there, or what the page says went wrong. */
window.started = () => {
  const failed = deep(".pn-boot-error, .pn-error:not([hidden])")[0];
  // The demo writes nothing for tests.
  const told = python() !== null || !deep("#python").length;
  return failed ? failed.textContent : alive() && told && Boolean(viewer()?.neuroglancerViewer);
};

/** True once Python runs and all viewers show all that they want to, or what the page says went wrong. */
window.complete = () => {
  const failed = deep(".pn-boot-error")[0];
  const viewers = deep(".panel-neuroglancer-viewer").map((e) => e.neuroglancerViewer);
  const drawn = viewers.length > 0 && viewers.every((v) => v?.layerManager.managedLayers.length > 0 && v.isReady());
  return failed ? failed.textContent : alive() && drawn;
};

/** The state a viewer shows. */
window.shown = (i = 0) => JSON.parse(JSON.stringify(viewer(i).neuroglancerViewer.state.toJSON()));

/** The canvas as PNG, and where its panels are in it. */
window.picture = (i = 0) => {
  const { display } = viewer(i).neuroglancerViewer;
  display.draw();
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [display.canvas.width, display.canvas.height];
  copy.getContext("2d").drawImage(display.canvas, 0, 0);
  const panels = [...display.panels].map((panel) => [
    panel.canvasRelativeClippedLeft,
    panel.canvasRelativeClippedTop,
    panel.renderViewport.width,
    panel.renderViewport.height,
  ]);
  return { png: copy.toDataURL().split(",")[1], panels };
};

/** The names of the properties that crossed between Python and the page, either way. */
window.messages = [];
let last = 0;
const OURS = ["command", "report", "ready", "hover", "errors", "ui", "engine"];
window.listen = () => {
  for (const doc of Bokeh.documents)
    doc.on_change((event) => {
      if (event.kind !== "ModelChanged" || !OURS.includes(event.attr)) return;
      messages.push(event.attr);
      last = performance.now();
    }, false);
};

/** Whether nothing has crossed since `start`, and for longer than any timer of the viewer's waits. */
window.quiet = (start) => performance.now() - Math.max(start, last) > 600;
