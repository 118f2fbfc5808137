"""A page as Panel's own converter makes it, with the addresses of its networks replaced by those of a local site.

The page's script and the worker's are Panel's templates, unchanged; only Pyodide is loaded with what lies in the site.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from panel_neuroglancer.site import assets
from panel_neuroglancer.site.pages import page_name
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.runtime import DEFAULT_VERSION, Runtime

# What the networks would give: Pyodide, and the packages that are installed from them.
LOADER = """
const stockLoad = loadPyodide;
self.loadPyodide = async () => {
  const config = %s;
  const base = new URL(".", location.href).href;
  const env = { ...config.env };
  for (const name of config.urls) env[name] = new URL(env[name], base).href;
  const pyodide = await stockLoad({ indexURL: base + config.index, env, packages: config.packages });
  pyodide.loadPackage = async () => {};
  pyodide.registerJsModule("micropip", { install: async () => {} });
  pyodide.runPython("import pyodide.ffi; pyodide.ffi.jsnull = None"); // newer ones have it
  return pyodide;
};
"""
RENDER = """
import sys
from panel.io.convert import script_to_html
from panel.io.resources import set_resource_mode
app, archive, page, worker = sys.argv[1:]
with set_resource_mode("cdn"):
    html, script = script_to_html(app, app_resources=archive or None, runtime="pyodide-worker", prerender=False, compiled=False)
open(page, "w").write(html)
open(worker, "w").write(script)
"""


def make(app: Path, site: Path) -> str:
    """Make a stock page of an app that is part of ``site``, and return its name."""
    config_text = (site / page_name(app.stem, "pyodide", ("pyodide",))).read_text("utf8")
    config = json.loads(re.search(r'id="pn-config">(.*?)</script>', config_text, re.DOTALL)[1])
    base = "http://site.invalid/"
    page, worker = site / f"stock-{app.stem}.html", site / f"{app.stem}.js"
    env = {**os.environ, "PANEL_CDN_ROOT": base + assets.PANEL_ROOT}
    env |= {
        name: base + path.removeprefix(".") for name, path in config["env"].items() if "NEUROGLANCER" in name
    }
    subprocess.run(
        [sys.executable, "-c", RENDER, app, "".join(config["archives"]), page, worker], env=env, check=True
    )
    page.write_text(assets.localise(page.read_text("utf8"), base), "utf8")
    pyodide = Runtime(DEFAULT_VERSION, Progress(None)).core["pyodide.js"]
    (site / config["index"] / "pyodide.js").write_bytes(pyodide.read_bytes())
    script, count = re.subn(
        r'importScripts\("[^"]+"\);',
        lambda _: f'importScripts("{config["index"]}pyodide.js");' + LOADER % json.dumps(config),
        worker.read_text("utf8"),
    )
    assert count == 1, "Panel's worker loads Pyodide in another way now"
    worker.write_text(script, "utf8")
    return page.name
