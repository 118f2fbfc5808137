// Runs the Python given as second argument inside the Pyodide of the first; the third is its argument, a folder.
// usage: node compile.mjs CORE_FOLDER SCRIPT FOLDER
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [core, script, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${core}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: core });
pyodide.mountNodeFS("/job", folder);
await pyodide.runPythonAsync(readFileSync(script, "utf8"));
