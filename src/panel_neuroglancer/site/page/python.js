// Starts Python where this module is loaded: on the page or in a worker.

/**
 * Watch what is fetched from below some URLs, by Pyodide too: `arrived(bytes)` as it comes, `broken(error)` if it does not.
 *
 * The viewers on the page fetch as well, and what they miss is not Python's.
 */
function watchFetch(urls, arrived, broken) {
  const fetch = globalThis.fetch;
  globalThis.fetch = async (resource, options) => {
    const url = String(resource?.url ?? resource);
    if (!urls.some((start) => url.startsWith(start))) return fetch(resource, options);
    const name = url.split("/").at(-1);
    const response = await fetch(resource, options).catch((error) => {
      const reason = new Error(`${name} could not be downloaded: ${error.message}`);
      broken(reason);
      throw reason;
    });
    if (!response.ok) broken(new Error(`${name} could not be downloaded: the server answered ${response.status}`));
    if (response.ok && response.body) count(response.clone().body, arrived);
    return response;
  };
  return () => { globalThis.fetch = fetch; };
}

/** Tell the lengths of what comes. A copy's: what browsers compile of WebAssembly they keep only for a response of their own. */
async function count(body, arrived) {
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) arrived(part.value.byteLength);
  } catch {
    // Whoever asked for it learns it from the response.
  }
}

/**
 * Load Pyodide and the app's packages: `config.packages` by name from the lock beside Pyodide, `config.install` by micropip.
 *
 * `config` is the site's (see convert.py), `base` the URL of the folder that holds the page, `say(text, done, total)` the
 * indicator; Python runs nothing before `ready`. Resolves to Python's `bridge` module as a proxy, and Pyodide itself.
 */
export async function startPython(config, base, say, ready) {
  const step = "Downloading Python and its packages";
  let bytes = 0;
  let shown = 0;
  if (config.bytes) say(step, 0, config.bytes);
  else say(step);
  let broken;
  const failure = new Promise((_, reject) => { broken = reject; });
  failure.catch(() => {}); // it counts only while somebody waits for it
  const index = new URL(config.index, base).href;
  const archives = config.archives.map((path) => new URL(path, base).href);
  const unwatch = watchFetch([index, ...archives], (count) => {
    bytes += count;
    if (!config.bytes || bytes - shown < config.bytes / 200) return;
    shown = bytes;
    if (bytes < config.bytes) say(step, bytes, config.bytes);
    else say("Installing the packages");
  }, broken);
  try {
    const env = { ...config.env };
    for (const name of config.urls) env[name] = new URL(env[name], base).href;
    const { loadPyodide } = await import(config.starter ? new URL(config.starter, base).href : new URL("pyodide.mjs", index).href);
    const [bridge, later, pyodide] = await Promise.race([failure, Promise.all([ // Pyodide itself waits for ever for what is missing
      ...["bridge.py", "later.py"].map((name) => fetch(new URL(name, import.meta.url)).then((response) => response.text())),
      loadPyodide({ indexURL: index, env, packages: config.packages }),
    ])]);
    await ready;
    const missing = config.packages.filter((name) => !(name in pyodide.loadedPackages));
    if (missing.length) throw new Error(`These packages could not be loaded: ${missing.join(", ")}`);
    if (config.install.length) {
      say("Installing the packages");
      const wheels = config.install.map((spec) => (spec.startsWith("./") ? new URL(spec, base).href : spec));
      await pyodide.pyimport("micropip").install(wheels);
    }
    say("Starting the app");
    for (const archive of archives) {
      const response = await Promise.race([failure, fetch(archive)]);
      pyodide.unpackArchive(await response.arrayBuffer(), "zip");
    }
    pyodide.FS.writeFile("/lib/panel_neuroglancer_bridge.py", bridge);
    pyodide.FS.writeFile("/lib/panel_neuroglancer_later.py", later);
    pyodide.runPython("import sys; sys.path.append('/lib')");
    const wheels = config.later.map((wheel) => ({ ...wheel, url: new URL(wheel.url, base).href }));
    pyodide.pyimport("panel_neuroglancer_later").watch(pyodide.toPy(wheels), pyodide.pyimport("site").getsitepackages()[0]);
    return { pyodide, bridge: pyodide.pyimport("panel_neuroglancer_bridge") };
  } finally {
    unwatch();
  }
}

/**
 * Let Python apply a patch of the page's.
 *
 * Where the browser can (JSPI), a handler that waits for the page is put aside meanwhile, and the next patches are applied
 * before it goes on. So nobody may wait for this promise before sending more.
 */
export async function apply(bridge, patch) {
  if ("Suspending" in WebAssembly) await bridge.apply.callPromising(patch);
  else bridge.apply(patch);
}

/** Describe an exception for the visitor. */
export function describe(error) {
  const details = String(error?.message ?? error);
  const lines = details.trim().split("\n");
  if (error?.name === "PythonError") {
    return {
      title: "The app could not start",
      reason: lines.at(-1),
      fix: "Its Python raised this error. Reload the page to try again; if it stays, send the details to the app's author.",
      details,
    };
  }
  if (error?.page) {
    return {
      title: "The app could not be shown",
      reason: lines[0],
      fix: "Reload the page to try again; if it stays, send the details to the app's author.",
      details: `${details}\n${error.stack ?? ""}`,
    };
  }
  if (error?.pyodide_fatal_error) {
    return {
      title: "Python has died",
      reason: lines[0],
      fix: "Reload the page. If the browser ran out of memory, close other tabs first.",
      details: `${details}\n${error.stack ?? ""}`,
    };
  }
  return {
    title: "Python could not be loaded",
    reason: lines[0],
    fix: "Check the connection and reload the page. If you run this site: all its files must be there, served by a web server.",
    details: `${details}\n${error?.stack ?? ""}`,
  };
}
