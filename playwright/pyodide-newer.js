// Appended to Pyodide's own script: Panel 1.9.4 reads a name that Pyodide has since 0.28.
const load = loadPyodide;
globalThis.loadPyodide = async (options) => {
  const pyodide = await load(options);
  pyodide.runPython("import pyodide.ffi; pyodide.ffi.jsnull = None");
  return pyodide;
};
