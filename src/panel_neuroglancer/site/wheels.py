"""Wheels as data: read from a file or from an installed distribution, slimmed, written the same way every time."""

from __future__ import annotations

import base64
import csv
import fnmatch
import hashlib
import io
import json
import re
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .errors import SiteError, TamperedFileError
from .fetch import pip_wheel, write_atomically

# Their compiled parts only make them faster: without them they are pure Python.
PURE_FALLBACK = {"markupsafe", "pyyaml"}

# What the browser never reads from Python's side: the page itself serves the JavaScript, and tests stay at home.
# Later patterns win; "!" keeps.
SLIM = {
    "panel": [
        "panel/tests/*",
        "panel/package-lock.json",
        "panel/models/*.ts",
        "panel/models/*.less",
        "panel/dist/*",
        "!panel/dist/css/*",
        "!panel/dist/assets/*",
        "!panel/dist/bundled/reactiveesm/*",
        "!panel/dist/bundled/theme/*",
    ],
    "bokeh": [
        "bokeh/server/static/*",
        "bokeh/sampledata/*",
        "bokeh/sphinxext/*",
        "bokeh/_sri/[0-2].*",
        "bokeh/_sri/3.[0-8].*",
    ],
    "nibabel": ["nibabel/tests/*", "nibabel/*/tests/*", "nibabel/benchmarks/*", "nisext/*"],
    "prompt-toolkit": [
        "prompt_toolkit/contrib/*",
        "prompt_toolkit/*/win32*.py",
        "prompt_toolkit/*/conemu.py",
    ],
    "ipython": ["IPython/testing/plugin/*", "IPython/sphinxext/*", "IPython/*/tests/*"],
    "jedi": [
        "jedi/third_party/django-stubs/*",
        "jedi/third_party/typeshed/third_party/*",
        "jedi/third_party/typeshed/stdlib/2/*",
    ],
    # For data frames that do not live in a browser.
    "narwhals": ["narwhals/_dask/*", "narwhals/_ibis/*", "narwhals/_spark_like/*", "narwhals/testing/*"],
    "numpy": ["numpy/*/tests/*", "numpy/f2py/*", "numpy/_core/include/*", "numpy/random/lib/*", "*.pyi"],
    "panel-material-ui": ["*.map", "panel_material_ui/tests/*"],
}
# Of the five hundred languages that pygments can colour: those of notebooks, and what these import.
_LEXERS = (
    *(
        "__init__",
        "_cl_builtins",
        "_css_builtins",
        "_julia_builtins",
        "_lasso_builtins",
        "_lilypond_builtins",
        "_mapping",
    ),
    *(
        "_mql_builtins",
        "_scheme_builtins",
        "_scilab_builtins",
        "c_cpp",
        "c_like",
        "configs",
        "css",
        "data",
        "diff",
    ),
    *(
        "html",
        "javascript",
        "julia",
        "jvm",
        "lilypond",
        "lisp",
        "markup",
        "matlab",
        "perl",
        "python",
        "r",
        "ruby",
    ),
    *("shell", "special"),
)
SLIM["pygments"] = ["pygments/lexers/*", *(f"!pygments/lexers/{name}.py" for name in _LEXERS)]
_ALWAYS = ["*.pyc", "*.so", "*.pyd", "*.dylib", "*.c", "*.pyx", "*.data/*", "../*"]
PURE = b"Wheel-Version: 1.0\nGenerator: panel-neuroglancer\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_INSTALLER = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


@dataclass(frozen=True)
class Wheel:
    """A wheel's name, version and files, with the metadata that decides what it needs."""

    name: str
    version: str
    files: dict[str, bytes] = field(repr=False)
    tag: str = "py3-none-any"

    @property
    def dist_info(self) -> str:
        """The name of the metadata folder."""
        return next(path for path in self.files if path.endswith(".dist-info/METADATA")).partition("/")[0]

    @property
    def requires(self) -> list[Requirement]:
        """The requirements as the metadata has them, markers included."""
        message = Parser().parsestr(self.files[f"{self.dist_info}/METADATA"].decode("utf8", "replace"))
        return [Requirement(line) for line in message.get_all("Requires-Dist") or []]

    @property
    def imports(self) -> list[str]:
        """The top-level names that can be imported."""
        names = set()
        for path in self.files:
            top, _, rest = path.partition("/")
            if rest and top.isidentifier() and rest.endswith((".py", ".pyc", ".so")):
                names.add(top)
            elif not rest and top.endswith((".py", ".pyc", ".so")):
                names.add(top.partition(".")[0])
        return sorted(names)

    def write(self, folder: Path) -> Path:
        """Write the wheel; its build number is the hash of its content, so that browsers may cache it for ever."""
        files = {path: data for path, data in self.files.items() if path != f"{self.dist_info}/RECORD"}
        record = io.StringIO()
        rows = csv.writer(record, lineterminator="\n")
        rows.writerows(
            [path, "sha256=" + _urlsafe(hashlib.sha256(data).digest()), len(data)]
            for path, data in sorted(files.items())
        )
        rows.writerow([f"{self.dist_info}/RECORD", "", ""])
        build = "0" + hashlib.sha256(record.getvalue().encode()).hexdigest()[:10]
        files[f"{self.dist_info}/RECORD"] = record.getvalue().encode()
        name, version = re.sub(r"[-_.]+", "_", self.name).lower(), self.version.replace("-", "_")
        path = folder / f"{name}-{version}-{build}-{self.tag}.whl"
        write_atomically(path, pack(files))
        return path


def pack(files: dict[str, bytes]) -> bytes:
    """Return a zip archive whose bytes depend on nothing but the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, files[path], compresslevel=9)
    return buffer.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """Return the files of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def from_file(path: Path) -> Wheel:
    """Read a wheel file."""
    files = unpack(path)
    name, version, *_, python, abi, platform = path.stem.split("-")
    info = next((key for key in files if key.endswith(".dist-info/METADATA")), None)
    if info is None:
        raise SiteError(f"{path} is no wheel: it has no .dist-info/METADATA. Build it again.")
    message = Parser().parsestr(files[info].decode("utf8", "replace"))
    return Wheel(
        canonicalize_name(message["Name"] or name),
        message["Version"] or version,
        files,
        f"{python}-{abi}-{platform}",
    )


def slim(wheel: Wheel) -> Wheel:
    """Drop what has no use in the browser. A wheel made for WebAssembly keeps its compiled parts."""
    dropped = _dropped(wheel.name, _ALWAYS if wheel.tag.endswith("-none-any") else ())
    return replace(wheel, files={path: data for path, data in wheel.files.items() if not dropped(path)})


def installed(name: str) -> Wheel | None:
    """Return an installed distribution as a pure wheel, each file checked against its RECORD.

    None if it is not installed, has compiled code it cannot do without, or left no RECORD.
    """
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    if source := _editable(distribution):
        with tempfile.TemporaryDirectory() as temp:
            return slim(from_file(pip_wheel(source, Path(temp))))
    record = distribution.files
    if not record or not (is_pure(distribution) or canonicalize_name(name) in PURE_FALLBACK):
        return None
    dropped, files = _dropped(name), {}
    for entry in record:
        path = entry.as_posix()
        if dropped(path) or (entry.name in _INSTALLER and ".dist-info/" in path):
            continue
        data = Path(str(entry.locate())).read_bytes()
        if (
            entry.hash is not None
            and entry.hash.mode == "sha256"
            and _urlsafe(hashlib.sha256(data).digest()) != entry.hash.value
        ):
            raise TamperedFileError(
                f"{path} of the installed {name} {distribution.version} is not the file that was installed. "
                f"Run: pip install --force-reinstall --no-deps {name}=={distribution.version}"
            )
        files[path] = data
    wheel_file = next(path for path in files if path.endswith(".dist-info/WHEEL"))
    files[wheel_file] = PURE
    return Wheel(canonicalize_name(name), distribution.version, files)


def is_pure(distribution: metadata.Distribution) -> bool:
    """Tell whether an installed distribution runs on any machine."""
    return (
        re.search(r"^Tag: \S+-none-any\s*$", distribution.read_text("WHEEL") or "", re.MULTILINE) is not None
    )


def own(package: Path, engine: bool = False) -> Wheel:
    """Return this very package for the browser: Python, the loader and the engine's list, but not `site`.

    Parameters
    ----------
    package
        Its folder.
    engine
        Whether the engine goes along, for pages that have no copy of it beside them: Python then hands it to the page.
    """
    loader = package / "dist" / "loader.js"
    if not loader.exists():
        raise SiteError(f"{loader} is missing: this copy of panel-neuroglancer was not built. Run `make js`.")
    version, requires = _own_metadata(package)
    away = {package / "cli.py", package / "site", package / "dist", package / "browser"}
    paths = [
        path
        for path in package.rglob("*")
        if path.suffix in (".py", ".typed") and not away.intersection([path, *path.parents])
    ]
    paths += [loader, *(package / "dist" / name for name in ("loader.packed.js", "heap.js", "engine.json"))]
    if engine:
        paths += (package / "dist" / "engine").iterdir()
    files = {path.relative_to(package.parent).as_posix(): path.read_bytes() for path in sorted(paths)}
    info = f"panel_neuroglancer-{version}.dist-info"
    lines = [
        "Metadata-Version: 2.1",
        "Name: panel-neuroglancer",
        f"Version: {version}",
        *(f"Requires-Dist: {need}" for need in requires),
    ]
    files[f"{info}/METADATA"] = "\n".join(lines).encode()
    files[f"{info}/WHEEL"] = PURE
    return Wheel("panel-neuroglancer", version, files)


def _own_metadata(package: Path) -> tuple[str, list[str]]:
    project = package.parent.parent / "pyproject.toml"
    if project.exists():  # a checkout: what is installed may be older
        table = tomllib.loads(project.read_text(encoding="utf8"))["project"]
        return table["version"], table["dependencies"]
    distribution = metadata.distribution("panel-neuroglancer")
    return distribution.version, distribution.requires or []


def _editable(distribution: metadata.Distribution) -> Path | None:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(origin["url"]).path))


def _dropped(name: str, always: Iterable[str] = _ALWAYS) -> Callable[[str], bool]:
    rules = [*always, *SLIM.get(canonicalize_name(name), [])]

    def dropped(path: str) -> bool:
        verdict = False
        for rule in rules:
            if fnmatch.fnmatchcase(path, rule.removeprefix("!")):
                verdict = not rule.startswith("!")
        return verdict

    return dropped


def _urlsafe(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
