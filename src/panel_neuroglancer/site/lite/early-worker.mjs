// The worker that early.js starts: Python begins, then JupyterLite's own worker moves in.
import { begin } from "./kernel.mjs";

const waiting = [];
const keep = ({ data }) => waiting.push(data);
self.addEventListener("message", keep);

const root = new URL("../../", import.meta.url);
const response = await fetch(new URL("jupyter-lite.json", root));
const { litePluginSettings, panelNeuroglancer } = (await response.json())["jupyter-config-data"];
begin({ indexURL: new URL(".", import.meta.url).href, ...litePluginSettings[panelNeuroglancer.plugin].loadPyodideOptions });
await import(new URL(panelNeuroglancer.worker, root).href);
self.removeEventListener("message", keep);
for (const data of waiting) self.dispatchEvent(new MessageEvent("message", { data }));
