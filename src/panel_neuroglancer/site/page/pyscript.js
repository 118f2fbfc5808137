// Pyodide by way of PyScript, whose core lies in the site: called as Pyodide's own `loadPyodide`.

export async function loadPyodide({ indexURL, env, packages }) {
  const started = new Promise((resolve) => { globalThis.panelNeuroglancerStarted = resolve; });
  const script = Object.assign(document.createElement("script"), {
    type: "py",
    textContent: "import js, pyodide_js\njs.panelNeuroglancerStarted(pyodide_js)",
  });
  script.setAttribute("config", JSON.stringify({ interpreter: `${indexURL}pyodide.mjs` }));
  document.body.append(script);
  await import(new URL("../pyscript/core.js", import.meta.url).href);
  const pyodide = await started;
  const environ = pyodide.pyimport("os").environ;
  for (const [name, value] of Object.entries(env)) environ.set(name, value);
  await pyodide.loadPackage(packages);
  return pyodide;
}
