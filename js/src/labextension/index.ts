// What JupyterLab loads: a container of one module, as module federation wants it.
import { extension } from "./extension";

interface Container {
  /** Takes the modules that JupyterLab shares; none of them is needed. */
  init(shared: unknown): void;
  get(module: string): Promise<() => { __esModule: true; default: unknown }>;
}

const page = globalThis as { _JUPYTERLAB?: Record<string, Container> };
page._JUPYTERLAB ??= {};
page._JUPYTERLAB["panel-neuroglancer"] = {
  init: () => {},
  get: async () => () => ({ __esModule: true, default: extension }),
};
