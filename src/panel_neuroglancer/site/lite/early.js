// Starts the kernel of a page that opens a notebook, while JupyterLab is still loading: that takes seconds, and Python as long.
// JupyterLite's extension then gets this worker where it would start one.
(() => {
  const UNUSED_MS = 60_000;
  const { search } = location;
  if (!/\.ipynb$/.test(new URLSearchParams(search).get("path") ?? "") || self.crossOriginIsolated) return;
  const Native = self.Worker;
  const early = new Native(new URL("early-worker.mjs", document.currentScript.src), { type: "module" });
  const timer = setTimeout(() => {
    self.Worker = Native;
    early.terminate();
  }, UNUSED_MS);
  self.Worker = class extends Native {
    constructor(url, options) {
      if (!/\/comlink\.worker\.[^/]*$/.test(new URL(url, document.baseURI).pathname)) {
        super(url, options);
        return;
      }
      clearTimeout(timer);
      self.Worker = Native;
      // biome-ignore lint/correctness/noConstructorReturn: this is what the class is for
      return early;
    }
  };
})();
