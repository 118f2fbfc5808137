"""An app's page as Panel's own converter makes it: Pyodide as it is published, packages by micropip.

What the page would load from the networks lies beside it, in the folder `cdn`, to be served over the same line as everything else.
Pyodide has the version that our sites use, under the name of the one that Panel asks for. Packages ask for what our site of the app
has and for nothing else: Pandas, which Bokeh names, would double what is loaded.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import bokeh
import panel
from packaging.requirements import Requirement

from panel_neuroglancer.site import lock, wheels
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.resolve import OWN, Resolver
from panel_neuroglancer.site.runtime import Runtime
from panel_neuroglancer.site.wheelhouse import write_wheels

NEWER = (Path(__file__).parents[1] / "pyodide-newer.js").read_text()
# Hosts that the page, and Python in it, ask; and the folders below `cdn` that stand for them.
HOSTS = {
    r"https://cdn\.jsdelivr\.net/pyodide/v[\d.]+/full/": "pyodide/",
    r"https://cdn\.bokeh\.org\b": "bokeh",
    r"https://cdn\.holoviz\.org/panel/": "panel/",
    r"https://pypi\.org/simple\b": "simple/{package_name}.simple",
}
ASKING = {"micropip": "micropip/package_index.py", "panel": "panel/config.py", "bokeh": "bokeh/resources.py"}


class Stock:
    """The stock pages of one app.

    Parameters
    ----------
    app
        Its program.
    folder
        What the server serves; the pages go into its folder `stock`.
    url
        Where it is served.
    requirements
        The packages that the app imports.
    """

    def __init__(self, app: Path, folder: Path, url: str, requirements: Sequence[str]) -> None:
        self.app, self.url = app, url
        self.cdn, self.pages = folder / "cdn", folder / "stock"
        self._own = ""
        runtime = Runtime(progress=Progress(None))
        self._copy_scripts()
        self._copy_packages(runtime, requirements)

    def convert(self, target: str) -> str:
        """Make the page for one of Panel's targets; returns its address."""
        out = self.pages / target
        out.mkdir(parents=True)
        head = f'import os\nos.environ["PANEL_NEUROGLANCER_SITE_URL"] = "{self.url}ours/"\n'
        app = out / self.app.name
        app.write_text(head + self.app.read_text("utf-8"), "utf-8")
        command = [sys.executable, "-m", "panel", "convert", app.name, "--to", target, "--out", "out"]
        subprocess.run(
            [*command, "--requirements", self._own, "numpy", "pyodide-http"],
            cwd=out,
            check=True,
            capture_output=True,
        )
        for path in (out / "out").iterdir():
            path.write_text(self._here(path.read_text("utf-8")), "utf-8")
        return f"{self.url}stock/{target}/out/{self.app.stem}.html"

    def _here(self, text: str) -> str:
        """Return a text with the addresses that hosts have here."""
        for host, folder in HOSTS.items():
            text = re.sub(host, f"{self.url}cdn/{folder}", text)
        return text

    def _copy_scripts(self) -> None:
        dist = self.cdn / "panel" / panel.__version__ / "dist"
        shutil.copytree(Path(panel.__file__).parent / "dist", dist, ignore=shutil.ignore_patterns("wheels"))
        static = Path(bokeh.__file__).parent / "server" / "static" / "js"
        release = self.cdn / "bokeh" / "bokeh" / "release"
        release.mkdir(parents=True)
        for path in static.glob("*.min.js"):
            stem = path.name.removesuffix(".min.js")
            shutil.copy(path, release / f"{stem}-{bokeh.__version__}.min.js")

    def _copy_packages(self, runtime: Runtime, requirements: Sequence[str]) -> None:
        pyodide = self.cdn / "pyodide"
        pyodide.mkdir()
        for name, path in runtime.core.items():
            shutil.copyfile(path, pyodide / name)
        with (pyodide / "pyodide.js").open("a") as file:
            file.write(NEWER)
        found = Resolver(runtime, Progress(None)).resolve(map(Requirement, [*requirements, "micropip"]))
        entries = {}
        for name, package in found.items():
            if package.entry is not None:
                path = runtime.wheel(name)
                shutil.copy(path, pyodide)
                entries[name] = {**package.entry, "depends": package.depends}
                continue
            ours = _needing(package.wheel, package.depends)
            if name in ASKING:
                asking = self._here(ours.files[ASKING[name]].decode())
                ours = replace(ours, files={**ours.files, ASKING[name]: asking.encode()})
            if name in ("panel", "bokeh"):
                folder = "wheels" if name == "bokeh" else f"{panel.__version__}/dist/wheels"
                written = ours.write(self.cdn / "panel" / folder)
                written.rename(written.with_name(f"{name}-{ours.version}-py3-none-any.whl"))
            elif name in runtime.packages:  # what Pyodide's distribution has comes from its CDN
                entries[name] = lock.entry(ours, ours.write(pyodide), package.depends)
            elif name != OWN:
                self._publish(ours.name, ours.write(self.cdn / "pypi"))
        # Ours of a site leaves the engine to the site.
        write_wheels(self.cdn / "pypi", Progress(None))
        (own,) = (self.cdn / "pypi").glob("panel_neuroglancer-*")
        self._publish(OWN, own)
        lock.write(pyodide / "pyodide-lock.json", runtime.lock["info"], entries)

    def _publish(self, name: str, path: Path) -> None:
        file = {
            "filename": path.name,
            "url": f"{self.url}cdn/pypi/{path.name}",
            "hashes": {"sha256": sha256(path.read_bytes()).hexdigest()},
            "size": path.stat().st_size,
        }
        version = path.name.split("-")[1]
        answer = {"meta": {"api-version": "1.1"}, "name": name, "versions": [version], "files": [file]}
        index = self.cdn / "simple"
        index.mkdir(exist_ok=True)
        (index / f"{name}.simple").write_text(json.dumps(answer))
        if name == OWN:
            self._own = file["url"]


def _needing(wheel: wheels.Wheel, depends: Sequence[str]) -> wheels.Wheel:
    """Return a wheel that asks for these packages and no others."""
    files, about = dict(wheel.files), f"{wheel.dist_info}/METADATA"
    head, blank, body = files[about].decode().partition("\n\n")
    kept = [line for line in head.splitlines() if not line.startswith(("Requires-Dist:", "Provides-Extra:"))]
    kept += [f"Requires-Dist: {name}" for name in depends]
    files[about] = ("\n".join(kept) + blank + body).encode()
    return replace(wheel, files=files)
