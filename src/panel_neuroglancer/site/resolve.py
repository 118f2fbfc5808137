"""Which packages an app needs in the browser, and where each comes from.

In this order: this package itself, and the official neuroglancer package made fit for the browser; the copy installed here, if it is pure Python (it is the one the author tried the app
with); Pyodide's distribution, if the package is compiled; PyPI, if there is a pure wheel. One compiled package has a stand-in where
Pyodide's own cannot be had: nh3, with which Panel makes HTML safe.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from . import neuroglancer_wheel, nh3_wheel, wheels
from .errors import BadInputError, DependencyConflictError, FetchError, NoWasmWheelError
from .fetch import cache_dir, pip_download, write_atomically
from .progress import Progress
from .runtime import Runtime

OWN = "panel-neuroglancer"

# Declared by Panel and Bokeh, but imported only by the features that use them: they go along when the app imported them.
LAZY = {
    "panel": {"nh3", "pandas", "panel-material-ui", "requests"},
    "bokeh": {"contourpy", "pillow", "xyzservices"},
}


@dataclass
class Package:
    """A package on its way into the site."""

    name: str
    version: str
    wheel: wheels.Wheel
    depends: list[str] = field(default_factory=list)
    entry: dict[str, Any] | None = None  # of the official lock, for a package of Pyodide's distribution


def parse_requirements(texts: Iterable[str]) -> list[Requirement]:
    """Read requirements, or raise BadInputError that names the one that is none."""
    found = []
    for text in texts:
        try:
            found.append(Requirement(text))
        except InvalidRequirement as error:
            raise BadInputError(
                f"{text!r} is not a requirement ({error}): write it as for pip, like `scipy>=1.14`."
            ) from error
    return found


# Of the standard library, but a package of its own in Pyodide's distribution.
UNVENDORED = {"sqlite3"}


def imported(source: str) -> set[str]:
    """Return the top-level names a program imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def local_modules(app: Path, source: str) -> tuple[dict[str, Path], list[str]]:
    """Return the modules and packages beside an app that it imports, by path, and all their sources with the app's."""
    found: dict[str, Path] = {}
    sources, queue = [source], sorted(imported(source))
    while queue:
        name = queue.pop()
        single, package = app.parent / f"{name}.py", app.parent / name
        paths = [single] if single.is_file() else sorted(package.rglob("*.py")) if package.is_dir() else []
        for path in paths:
            key = path.relative_to(app.parent).as_posix()
            if path != app and key not in found:
                found[key] = path
                sources.append(path.read_text(encoding="utf8"))
                queue += sorted(imported(sources[-1]))
    return found, sources


def distributions(modules: Collection[str], runtime: Runtime, local: Collection[str] = ()) -> set[str]:
    """Return the names of the distributions that provide top-level modules, leaving out Python's own and `local` files'."""
    local = {path.partition("/")[0].removesuffix(".py") for path in local}
    provided = metadata.packages_distributions()
    in_lock = {
        module: name
        for name, entry in runtime.packages.items()
        for module in entry["imports"]
        if not name.endswith("-tests")
    }
    found: set[str] = set()
    for module in modules:
        if (
            module in sys.stdlib_module_names - UNVENDORED
            or module in local
            or module in ("js", "pyodide", "pyodide_js")
        ):
            continue
        found.add(canonicalize_name(provided.get(module, [in_lock.get(module, module)])[0]))
    return found


class Resolver:
    """Finds packages for one runtime.

    Parameters
    ----------
    runtime
        Whose Python and distribution to use.
    """

    def __init__(self, runtime: Runtime, progress: Progress) -> None:
        self.runtime, self.progress = runtime, progress
        self.given: dict[str, Package] = {}  # not to be looked for elsewhere, by normalized name
        self._known: dict[tuple[str, str], Package] = {}
        version = runtime.lock["info"]["python"]
        self.environment = {
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": "wasm32",
            "platform_release": "",
            "platform_system": "Emscripten",
            "platform_version": "",
            "platform_python_implementation": "CPython",
            "python_full_version": version,
            "python_version": runtime.python,
            "sys_platform": "emscripten",
        }

    def resolve(self, requirements: Iterable[Requirement], used: Collection[str] = ()) -> dict[str, Package]:
        """Return everything `requirements` need, by normalized name.

        Parameters
        ----------
        requirements
            What the app asks for.
        used
            Distributions that were seen in use: they bring along what is otherwise left out as `LAZY`.

        Raises
        ------
        NoWasmWheelError
            If a package is compiled and not in Pyodide's distribution.
        DependencyConflictError
            If two packages want what one version cannot be.
        """
        found: dict[str, Package] = {}
        queue = [("the app", requirement) for requirement in requirements]
        asked = {canonicalize_name(requirement.name) for _, requirement in queue}
        extras: set[tuple[str, str]] = set()
        while queue:
            parent, requirement = queue.pop(0)
            name = canonicalize_name(requirement.name)
            if name in LAZY.get(parent, ()) and name not in {*used, *asked}:
                continue
            if name not in found:
                found[name] = self._package(name, requirement, parent)
                queue += [(name, need) for need in self._needs(found[name], "")]
            for extra in requirement.extras:
                if (name, extra) not in extras:
                    extras.add((name, extra))
                    queue += [(name, need) for need in self._needs(found[name], extra)]
            package = found[name]
            if not requirement.specifier.contains(Version(package.version), prereleases=True):
                raise DependencyConflictError(
                    f"{parent} needs {requirement}, but the site would get {name} {package.version}. Ask for a version of "
                    f"{parent} that fits with --requirements, or choose another --pyodide-version."
                )
            if parent in found and name not in found[parent].depends and name != parent:
                found[parent].depends.append(name)
        return found

    def _needs(self, package: Package, extra: str) -> list[Requirement]:
        if (
            package.entry is not None
        ):  # the distribution knows best what its builds need, shared libraries included
            return [] if extra else [Requirement(name) for name in package.entry["depends"]]
        return [
            need
            for need in package.wheel.requires
            if (need.marker is None and not extra)
            or (
                need.marker is not None
                and need.marker.evaluate({**self.environment, "extra": extra})
                and (not extra or not need.marker.evaluate({**self.environment, "extra": ""}))
            )
        ]

    def _package(self, name: str, requirement: Requirement, parent: str) -> Package:
        key = name, str(requirement.specifier)
        if key not in self._known:
            self._known[key] = self._find(name, requirement, parent)
        return replace(self._known[key], depends=[])

    def _find(self, name: str, requirement: Requirement, parent: str) -> Package:
        if name in self.given:
            return self.given[name]
        if name == OWN:
            wheel = wheels.own(Path(__file__).parent.parent)
            return Package(name, wheel.version, wheel)
        if name == neuroglancer_wheel.NAME:  # the official wheel is compiled, and needs a server
            wheel = neuroglancer_wheel.derive(self.progress)
            return Package(name, wheel.version, wheel)
        if name == nh3_wheel.NAME and not self._has_official(name):
            self.progress.say(f"  {name}: a pure-Python stand-in, Pyodide's own is not to be had here")
            wheel = nh3_wheel.make()
            return Package(name, wheel.version, wheel)
        entry = self.runtime.packages.get(name)
        compiled = entry is not None and not entry["file_name"].endswith("-none-any.whl")
        here = wheels.installed(name)
        if here and requirement.specifier.contains(Version(here.version), prereleases=True):
            return Package(name, here.version, here)
        if entry is not None and compiled:
            try:
                path = self.runtime.wheel(name)
            except FetchError as error:
                raise FetchError(f"{parent} needs {name}. {error}") from error
            wheel = (
                wheels.slim(wheels.from_file(path))
                if path.suffix == ".whl"
                else wheels.Wheel(name, entry["version"], {})
            )
            return Package(name, entry["version"], wheel, entry=entry)
        return self._from_pypi(name, requirement, parent, entry["version"] if entry else None)

    def _has_official(self, name: str) -> bool:
        try:
            return name in self.runtime.packages and self.runtime.wheel(name).exists()
        except FetchError:
            return False

    def _from_pypi(self, name: str, requirement: Requirement, parent: str, usual: str | None) -> Package:
        spec = f"{name}{requirement.specifier}"
        if (
            usual and not requirement.specifier
        ):  # the distribution's version: the same one today and next year
            spec = f"{name}=={usual}"
        folder = cache_dir() / "pypi" / self.runtime.python / spec.replace("/", "_")
        if not (cached := sorted(folder.glob("*.whl"))):
            try:
                with tempfile.TemporaryDirectory() as temp, self.progress.step(f"fetch {spec} from PyPI"):
                    path = pip_download(spec, Path(temp), python=self.runtime.python)
                    write_atomically(folder / path.name, path.read_bytes())
            except FetchError as error:
                raise NoWasmWheelError(
                    f"{parent} needs {spec}, and there is no wheel of it that Pyodide {self.runtime.version} can load: it is "
                    f"not in Pyodide's distribution, and PyPI gave no pure one ({error}). Remove the import, make it "
                    f"optional (`if sys.platform != 'emscripten'`), or choose another --pyodide-version."
                ) from error
            cached = sorted(folder.glob("*.whl"))
        wheel = wheels.slim(wheels.from_file(cached[0]))
        return Package(name, wheel.version, wheel)
