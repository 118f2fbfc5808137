"""A site of notebooks against the same made the stock way: how soon the kernel is ready, and how soon a viewer shows voxels.

The stock site has the same packages as wheels with their sources, installed by piplite while the kernel starts and, for the
viewer, by ``%pip install`` in the notebook. Both take turns with a cold cache. Run by ``make bench``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from chromium import LAUNCH
from packaging.utils import canonicalize_name
from playwright.sync_api import Browser, sync_playwright
from sites import PROBE, ROOT

from panel_neuroglancer.site import assets, lock
from panel_neuroglancer.site.fetch import sha256
from panel_neuroglancer.site.install import FOLDER
from panel_neuroglancer.site.lite import jupyter, packages
from panel_neuroglancer.site.lite.build import LiteOptions, lite
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.resolve import Package
from panel_neuroglancer.site.runtime import Runtime
from panel_neuroglancer.site.serve import open_server
from panel_neuroglancer.site.wheels import Wheel

INSTALL = "%pip install -q panel-neuroglancer neuroglancer"
VIEWER = """\
import neuroglancer
import numpy as np
import panel as pn
from panel_neuroglancer import Neuroglancer

pn.extension()
x, y, z = np.indices((64, 64, 64))
volume = neuroglancer.LocalVolume(
    ((x + y + z) % 32 * 8).astype(np.uint8),
    dimensions=neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[8, 8, 8]),
)
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.layers["image"] = neuroglancer.ImageLayer(source=volume)
    s.layout = "xy"
Neuroglancer(viewer, height=400)
"""
NOTEBOOK = "() => [...jupyterapp.shell.widgets('main')].find((widget) => widget.content?.widgets)"
KERNEL = f"({NOTEBOOK})()?.sessionContext?.session?.kernel"
ANSWER = f"async () => {{ await {KERNEL}.requestExecute({{ code: '1' }}).done; return performance.now(); }}"


def notebook(folder: Path, cells: list[str]) -> Path:
    folder.mkdir()
    kernel = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = kernel  # else the page asks which one
    nbformat.write(made, folder / "viewer.ipynb")
    return folder


def stock(runtime: Runtime, contents: Path, site: Path) -> None:
    """Make the site the stock way, with the same releases of everything."""
    found = packages.resolve([], runtime, Progress(None))
    with tempfile.TemporaryDirectory() as temp:
        source = Path(temp)
        pyodide, pypi = source / FOLDER, source / "pypi"
        pyodide.mkdir(parents=True)
        for name, path in runtime.core.items():
            shutil.copyfile(path, pyodide / name)
        for name, package in found.items():
            if package.entry is not None:
                shutil.copy(runtime.wheel(name), pyodide)
            elif name not in ("piplite", "pyodide-kernel", "ipykernel"):
                _needing(package).write(pypi)
        settings = jupyter.settings()
        kernel = settings["jupyter-config-data"]["litePluginSettings"][f"{packages.KERNEL}:kernel"]
        del kernel["loadPyodideOptions"]["packages"]
        # Else the distribution's own Bokeh would be loaded.
        entries = {name: package.entry for name, package in found.items() if package.entry is not None}
        for entry in entries.values():
            entry["depends"] = [name for name in entry["depends"] if canonicalize_name(name) in entries]
        lock.write(pyodide / "pyodide-lock.json", runtime.lock["info"], entries)
        with patch.object(jupyter, "settings", lambda disabled: settings):
            jupyter.build(source, site, [contents], ["lab"], ())
    jupyter.copy_icons(site)
    assets.copy_engine(site, jupyter.ENGINE)
    assets.copy_scripts(site)
    _use_older_piplite(site, found["piplite"])


def _needing(package: Package) -> Wheel:
    """Return a wheel that asks for what the other site gives it, and not for what its metadata name besides."""
    files = dict(package.wheel.files)
    path = f"{package.wheel.dist_info}/METADATA"
    head, _, body = files[path].decode().partition("\n\n")
    kept = [line for line in head.splitlines() if not line.startswith(("Requires-Dist:", "Provides-Extra:"))]
    kept += [f"Requires-Dist: {name}" for name in package.depends]
    files[path] = ("\n".join(kept) + "\n\n" + body).encode()
    return replace(package.wheel, files=files)


def _use_older_piplite(site: Path, piplite: Package) -> None:
    """Put the piplite that this Pyodide can load in the place of the kernel's own."""
    folder = site / "extensions" / packages.KERNEL / "static" / "pypi"
    index = json.loads((folder / "all.json").read_text())
    (release,) = index["piplite"]["releases"].values()
    target = folder / release[0]["filename"]
    with tempfile.TemporaryDirectory() as temp:
        shutil.copyfile(piplite.wheel.write(Path(temp)), target)
    release[0]["digests"]["sha256"] = sha256(target)
    (folder / "all.json").write_text(json.dumps(index))


def measure(browser: Browser, url: str) -> dict[str, float]:
    """Return the seconds from navigation to a kernel that answers, and to the first voxel."""
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    context.add_init_script(PROBE)
    page = context.new_page()
    page.set_default_timeout(240_000)
    page.goto(f"{url}lab/index.html?path=viewer.ipynb", wait_until="commit")
    page.wait_for_function("() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')")
    page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", polling=50)
    kernel = page.evaluate(ANSWER)
    page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
    voxel = page.evaluate("() => firstVoxel")
    context.close()
    return {"kernel ready": kernel / 1000, "first viewer": voxel / 1000}


@contextmanager
def served(sites: dict[str, Path]) -> Iterator[dict[str, str]]:
    servers = {name: open_server(site, 0) for name, site in sites.items()}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {name: server.url for name, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "lite.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        sites = {"ours": folder / "ours", "stock": folder / "stock"}
        lite([notebook(folder / "a", [VIEWER])], sites["ours"], LiteOptions(apps=("lab",)))
        stock(Runtime(), notebook(folder / "b", [INSTALL, VIEWER]), sites["stock"])
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in sites}
        with served(sites) as urls, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**LAUNCH)
            for turn in range(args.runs):
                for name, url in urls.items():
                    runs[name].append(measure(browser, url))
                    print(f"{turn + 1}/{args.runs} {name}: {runs[name][-1]}", file=sys.stderr)
            browser.close()
    print(f"\nsite of notebooks, cold cache, median (range) of {args.runs}; ratio to the stock site\n")
    ratios: dict[str, Any] = {}
    for key in runs["ours"][0]:
        ours, theirs = ([run[key] for run in runs[name]] for name in ("ours", "stock"))
        ratios[key] = [a / b for a, b in zip(ours, theirs, strict=True)]
        cells = [
            f"{statistics.median(v):.2f} ({min(v):.2f}-{max(v):.2f})" for v in (ours, theirs, ratios[key])
        ]
        print(f"{key:14s}" + "".join(f"{cell:>24s}" for cell in cells))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(
        json.dumps({"when": time.strftime("%Y-%m-%d"), "runs": runs, "ratios": ratios}, indent=1)
    )


if __name__ == "__main__":
    main()
