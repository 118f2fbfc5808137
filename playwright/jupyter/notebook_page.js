// What the tests of notebooks call in the page, in JupyterLab, Notebook and JupyterLite, beside component/page.js. Cells are
// named by their id in the file, or by their place.

/** The path that the notebook's ends in which is asked below, where a page has several. */
window.bookName = "";
window.books = () =>
  [...(window.jupyterapp?.shell.widgets("main") ?? [])].filter((widget) => widget.content?.widgets && widget.sessionContext);
window.book = () => books().find((widget) => widget.context.path.endsWith(bookName));
window.outputView = () =>
  [...jupyterapp.shell.widgets("main")].find((widget) => widget.content?.node?.matches(".jp-LinkedOutputView"));
window.cell = (id) =>
  typeof id === "number" ? book().content.widgets[id] : book().content.widgets.find((widget) => widget.model.id === id);
window.kernel = () => book()?.sessionContext.session?.kernel;
window.outputs = (id) => cell(id).model.sharedModel.toJSON().outputs;

/** The viewers in a cell's output, or in the window that an output was given. */
window.viewers = (id) => {
  const { node } = id === "output view" ? (outputView() ?? {}) : cell(id);
  return node ? deep(".panel-neuroglancer-viewer", node).filter((e) => e.neuroglancerViewer) : [];
};
window.upstream = (id, i) => viewers(id)[i]?.neuroglancerViewer;

/** Whether all that a viewer needs is there, and drawn: it says that it is ready before its first picture. */
window.isDrawn = (id, i) => {
  const viewer = upstream(id, i);
  const layers = viewer?.layerManager.managedLayers ?? [];
  if (!layers.length || !viewer.isReady() || !layers.every((layer) => layer.isReady())) return false;
  const { display } = viewer;
  if (!display.panels.size) return false;
  display.draw();
  const small = new OffscreenCanvas(64, 64).getContext("2d");
  small.imageSmoothingEnabled = false;
  small.drawImage(display.canvas, 0, 0, 64, 64);
  const { data } = small.getImageData(0, 0, 64, 64);
  return new Set(new Uint32Array(data.buffer)).size > 3;
};
/** A viewer's picture, and its first panel's place in it. */
window.look = (id, i) => {
  const all = deep(".panel-neuroglancer-viewer");
  return picture(all.indexOf(viewers(id)[i]));
};
/** Bring a cell's viewer into view, and wait until JupyterLab, too, has done with scrolling. */
window.showViewer = async (id, i) => {
  const apart = id === "output view";
  // Cells far away are taken out of the page, or hidden in it.
  if (!apart && !viewers(id)[i]?.checkVisibility()) await book().content.scrollToCell?.(cell(id));
  let [before, same] = ["", 0];
  while (same < 10) {
    await new Promise(requestAnimationFrame);
    const element = viewers(id)[i];
    if (!element) continue;
    const { top, bottom } = element.getBoundingClientRect();
    const view = apart ? outputView().node : (book().content.outerNode ?? book().content.node);
    const frame = view.getBoundingClientRect();
    if (same === 0 && (top < frame.top || bottom > frame.bottom)) element.scrollIntoView({ block: "center" });
    const now = `${top} ${bottom}`;
    [before, same] = [now, now === before ? same + 1 : 0];
  }
};
window.selectCell = (id) => {
  const { content } = book();
  content.deselectAll();
  content.activeCellIndex = content.widgets.indexOf(cell(id));
};
window.runCell = async (id) => {
  selectCell(id);
  await jupyterapp.commands.execute("notebook:run-cell");
};
window.command = async (name, args) => {
  await jupyterapp.commands.execute(name, args);
};
window.restart = () => book().sessionContext.restartKernel();
/** Close a notebook, and end its kernel where that is wanted. */
window.closeBook = async (end) => {
  if (end) await book().sessionContext.shutdown();
  // Nothing is to be saved, and nobody asked.
  book().context.model.dirty = false;
  book().close();
};
/** Write a notebook, as the file list does. */
window.writeBook = async (name, content) => {
  await jupyterapp.serviceManager.contents.save(name, { type: "notebook", format: "json", content });
};
window.readBook = async (name) => (await jupyterapp.serviceManager.contents.get(name, { content: true })).content;
window.execute = async (code) => {
  const future = kernel().requestExecute({ code, store_history: false });
  let [said, failed] = ["", ""];
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
    if (header.msg_type === "error") failed = `${content.ename}: ${content.evalue}`;
  };
  await future.done;
  return { said, failed };
};
/** Ask Python again and again: while it waits for something itself, it need not hear of it. */
window.holds = async (expression) => {
  for (;;) {
    const { said, failed } = await execute(`print(bool(${expression}))`);
    if (failed) throw failed;
    if (said.trim() === "True") return;
    await new Promise((done) => setTimeout(done, 100));
  }
};
/** Start something that takes time; returns the place in `begun` that then tells how it went. */
window.begun = [];
window.begin = (name, ...values) => {
  const place = begun.push(null) - 1;
  window[name](...values).then(
    (value) => { begun[place] = { value }; },
    (error) => { begun[place] = { error: String(error?.message ?? error) }; },
  );
  return place;
};

/** How many of the page's WebGL contexts are not lost. */
(() => {
  const all = new Set(), { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) all.add(context);
    return context;
  };
  window.contexts = () => [...all].filter((context) => !context.isContextLost()).length;
})();
