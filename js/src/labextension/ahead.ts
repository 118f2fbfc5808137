// Loads the viewer's engine while Python starts, where the page's site has it: a site of notebooks (site/lite/jupyter.py) says so
// in its configuration. The loader's import then finds it.

/** Python is to begin first: this takes the page half a second, and is wanted only later. */
const AFTER_MS = 2000;

/** The address of the engine's first file, which the page's configuration names from the site's root. */
function engineUrl(): string | undefined {
  const text = document.getElementById("jupyter-config-data")?.textContent;
  const config = JSON.parse(text || "{}") as { panelNeuroglancer?: { engine: string }; baseUrl?: string };
  const { panelNeuroglancer: { engine } = {}, baseUrl } = config;
  return engine && baseUrl && new URL(engine, new URL(baseUrl, document.baseURI)).href;
}

/** Load it once JupyterLab is through with drawing itself. */
export async function loadAhead(restored: Promise<unknown>): Promise<void> {
  const url = engineUrl();
  if (url === undefined) return;
  await restored;
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
  // A viewer will say why it cannot load it, if it cannot.
  await import(url).catch(() => {});
}
