"""JupyterLite itself: its own builder puts the pages, the kernel and the notebooks together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import assets
from ..errors import BadInputError, SiteError
from ..install import FOLDER
from .packages import AT_START, KERNEL

# What fits together: these were tried with the runtime, others may or may not work.
TOOLS = {"jupyterlite-core": "0.8.6", "jupyterlite-pyodide-kernel": "0.8.6", "pyviz-comms": "3.0.6"}
# Without Panel's own extension a viewer shows, but nothing it does reaches Python.
COMM = "@pyviz/jupyterlab_pyviz"
OWN_EXTENSION = "panel-neuroglancer"
ENGINE = f"extensions/{OWN_EXTENSION}/static/engine/"
HERE = Path(__file__).parent
LOADER = "kernel.mjs"


def check_tools() -> None:
    """Raise BadInputError unless the releases of JupyterLite are installed that go with this package."""
    wrong = []
    for name, version in TOOLS.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "not installed"
        if found != version:
            wrong.append(f"{name} {version} (here: {found})")
    if wrong:
        raise BadInputError(
            f"A site of notebooks needs {', '.join(wrong)}: run `pip install 'panel-neuroglancer[site,lite]'`."
        )


def settings(disabled: Sequence[str] = ()) -> dict[str, Any]:
    """Return ``jupyter-lite.json`` with some of JupyterLab's extensions disabled. The environment's addresses start from the pages, which all lie one folder deep."""
    env = {
        "PANEL_CDN_ROOT": f"../{assets.PANEL_ROOT}",
        "BOKEH_CDN_BASE_URL": "../static/bokeh",
        "PANEL_NEUROGLANCER_ENGINE_URL": f"../{ENGINE}",
    }
    kernel = {
        "pyodideUrl": f"./{FOLDER}pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": list(AT_START), "env": env},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "exposeAppInBrowser": True,
            "disabledExtensions": [*disabled],
            "litePluginSettings": {f"{KERNEL}:kernel": kernel},
        },
    }


def build(
    source: Path, stage: Path, contents: Sequence[Path], apps: Sequence[str], disabled: Sequence[str]
) -> None:
    """Run ``jupyter lite build`` on a folder that has ``static/pyodide`` already."""
    (source / "jupyter-lite.json").write_text(json.dumps(settings(disabled)), encoding="utf8")
    _copy_extensions(source / "labextensions")
    command = [
        sys.executable,
        "-m",
        "jupyterlite_core",
        "build",
        "--no-unused-shared-packages",
    ]
    # Only what was tried with the viewer: other extensions of this machine may load from other hosts.
    command += [
        "--ignore-sys-prefix",
        f"--FederatedExtensionAddon.extra_labextensions_path={source / 'labextensions'}",
    ]
    command += [f"--lite-dir={source}", f"--output-dir={stage}"]
    command += [f"--contents={path.absolute()}" for path in contents]
    command += [f"--apps={app}" for app in apps]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=source,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(source / "no-config")},
    )
    if done.returncode:
        raise SiteError(
            f"`jupyter lite build` failed: {(done.stdout + done.stderr)[-2000:]}\nIf it names a file of yours, mend that; "
            "otherwise report this as a bug."
        )


def _copy_extensions(target: Path) -> None:
    installed = Path(sys.prefix) / "share/jupyter/labextensions"
    for name in (KERNEL, COMM):
        if not (installed / name / "package.json").is_file():
            raise SiteError(
                f"{installed / name} is missing: run `pip install --force-reinstall "
                f"{'jupyterlite-pyodide-kernel' if name == KERNEL else 'pyviz-comms'}`."
            )
        shutil.copytree(installed / name, target / name)
    own = assets.PACKAGE / "dist" / "labextension"
    if own.is_dir():
        shutil.copytree(own, target / OWN_EXTENSION)


def complete(site: Path, apps: Sequence[str]) -> None:
    """Let pages start Python and load the viewer's engine before JupyterLab asks for them, and kernels be interrupted.

    Kernels load Pyodide by way of ``kernel.mjs``; JupyterLite's builder insists on Pyodide's own module. The pages' sides are
    ``early.js`` and js/src/labextension.
    """
    for name in (LOADER, "early.js", "early-worker.mjs"):
        shutil.copy(HERE / name, site / FOLDER)
    path = site / "jupyter-lite.json"
    config = json.loads(path.read_bytes())
    data = config["jupyter-config-data"]
    data["litePluginSettings"][f"{KERNEL}:kernel"]["pyodideUrl"] = f"./{FOLDER}{LOADER}"
    (worker,) = (site / "extensions" / KERNEL / "static").glob("comlink.worker.*.js")
    data["panelNeuroglancer"] = {
        "engine": f"{ENGINE}{assets.engine_entry()}",
        "plugin": f"{KERNEL}:kernel",
        "worker": worker.relative_to(site).as_posix(),
    }
    path.write_text(json.dumps(config), encoding="utf8")
    for app in apps:
        page = site / app / "index.html"
        text = page.read_text(encoding="utf8")
        page.write_text(
            text.replace("<head>", f'<head>\n    <script src="../{FOLDER}early.js"></script>', 1),
            encoding="utf8",
        )


def copy_icons(site: Path) -> None:
    """Copy the icons of notebooks' tabs, which JupyterLite's pages ask for, but do not have."""
    import jupyter_server

    icons = Path(jupyter_server.__file__).parent / "static" / "favicons"
    shutil.copytree(
        icons,
        site / "static" / "favicons",
        ignore=lambda _, names: {n for n in names if not n.endswith(".ico")},
    )
    if (own := site / "lab" / "favicon.ico").exists():  # ten times the size
        shutil.copy(icons / "favicon.ico", own)
