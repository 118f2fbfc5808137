// Python in a worker. The page speaks first: {type: "boot", config, base, location}.
import { apply, describe, startPython } from "./python.js";

let bridge;

self.addEventListener("message", ({ data }) => {
  if (data?.type === "boot") boot(data);
  else if (data?.type === "drawn") attempt(() => bridge.link(dispatch, data.location));
  else if (data?.type === "patch") {
    apply(bridge, data.patch).catch(report);
    self.postMessage({ type: "idle" });
  }
});

const dispatch = (patch, buffers) => self.postMessage({ type: "patch", patch, buffers });

async function boot({ config, base }) {
  try {
    const python = await startPython(config, base, (...args) => self.postMessage({ type: "status", args }));
    bridge = python.bridge;
    self.pyodide = python.pyodide;
    bridge.prepare();
    const documents = await bridge.run(config.source, config.filename);
    self.postMessage({ type: "render", documents });
  } catch (error) {
    self.postMessage({ type: "failed", error: describe(error) });
  }
}

function attempt(action) {
  try {
    action();
  } catch (error) {
    report(error);
  }
}

function report(error) {
  console.error(error);
  if (error.pyodide_fatal_error) self.postMessage({ type: "failed", error: describe(error) });
}
