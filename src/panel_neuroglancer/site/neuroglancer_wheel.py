"""Derive from the official ``neuroglancer`` wheel one that Python in the browser can load.

Everything that differs is in this module and in `panel_neuroglancer.browser`; the wheel lists it in ``README.derived``.
"""

from __future__ import annotations

import functools
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import wheels
from .errors import TamperedFileError, VersionMismatchError
from .fetch import cache_dir, pip_download, sha256, write_atomically
from .progress import Progress

NAME = "neuroglancer"
VERSION = "2.41.2"
DERIVED = f"{VERSION}+panel.1"
# One file for everybody, whatever machine builds the site: what is taken from it is the same in all of them.
SHA256 = "fbfab095d4e11c103c6beb4109aaa6f6bd910cf187e406bc181e53a66721a08b"
PLATFORM = {"platform": "manylinux_2_28_x86_64", "implementation": "cp", "abi": "abi3"}

BROWSER = Path(__file__).parent.parent / "browser"
DROPPED = {
    r".*\.so": "the C++ extension, which makes meshes",
    r"neuroglancer/static/client/.*": "the JavaScript client: panel-neuroglancer has its own",
}
REPLACED = {
    "async_util.py": "tornado",
    "server.py": "tornado, sockets and threads",
    "static_file_server.py": "tornado",
    "viewer.py": "the address of a viewer: a link to its state, or words",
    "webdriver.py": "Selenium",
}
ADDED = {
    "_runtime.py": "whether Python runs in the browser, for blocking.py",
    "blocking.py": "waiting for the page's answers where the browser can, an error where it cannot",
    "needs.py": "errors for what is missing in the browser",
}


@dataclass(frozen=True)
class Edit:
    """A piece of a file that is replaced, wherever it occurs."""

    file: str
    old: str
    new: str
    why: str


EDITS = (
    Edit(
        "chunks.py", "from PIL import Image\n", "from .needs import module\n", "pillow only where it is used"
    ),
    Edit(
        "chunks.py",
        "    img = Image.fromarray(",
        '    img = module("PIL.Image", "pillow", "The encoding jpeg").fromarray(',
        "pillow only where it is used",
    ),
    Edit("chunks.py", "subvol.tostring(", "subvol.tobytes(", "tostring is gone in NumPy 2.3"),
    Edit(
        "local_volume.py",
        "np.array(self.data[indexing_expr], copy=False)",
        "np.asarray(self.data[indexing_expr])",
        "copy=False raises in NumPy 2 where a copy is needed",
    ),
    Edit(
        "viewer_config_state.py",
        "        import PIL\n\n        return np.asarray(PIL.Image.open(",
        "        from .needs import module\n\n"
        '        return np.asarray(module("PIL.Image", "pillow", "image_pixels").open(',
        "pillow only where it is used",
    ),
    Edit(
        "futures.py",
        "    t.start()\n",
        "    wrapper()\n",
        "run_on_new_thread runs at once: no thread can be started",
    ),
    Edit(
        "viewer_base.py",
        "from .random_token import make_random_token\n",
        "from . import blocking, needs\nfrom .random_token import make_random_token\n",
        "the two modules that are used below",
    ),
    Edit(
        "viewer_base.py",
        "        if size is not None:\n            prior_state",
        '        blocking.check(self, "screenshot")\n        if size is not None:\n            prior_state',
        "screenshot() must not hang",
    ),
    Edit("viewer_base.py", "threading.Event()", "blocking.Event(self)", "screenshot() must not hang"),
    Edit(
        "viewer_base.py",
        "        future: Future[ts.TensorStore] = Future()\n        self._volume_info_promises",
        '        future = blocking.Future(self, "volume_info")\n        self._volume_info_promises',
        "result() must not hang",
    ),
    Edit(
        "viewer_base.py",
        "        future: Future[ts.TensorStore] = Future()\n\n        def info_done",
        "        needs.tensorstore(\n"
        '            "viewer.volume()",\n'
        '            "Use `await panel_neuroglancer.read_volume(viewer, layer)`, which gives a NumPy array.",\n'
        "        )\n"
        '        future = blocking.Future(self, "volume")\n\n        def info_done',
        "tensorstore does not exist in the browser",
    ),
    Edit(
        "viewer_base.py",
        "future = promise = Future()",
        'future = promise = blocking.Future(self, "_volume_chunk")',
        "result() must not hang",
    ),
    Edit(
        "read_precomputed_annotations.py",
        "import tensorstore as ts\n\nfrom . import coordinate_space, viewer_state, write_annotations\n",
        "from . import coordinate_space, needs, viewer_state, write_annotations\n\n"
        "ts = needs.tensorstore(\n"
        '    "neuroglancer.read_precomputed_annotations",\n'
        '    "Show the annotations in a layer with the source `precomputed://URL`.",\n'
        ")\n",
        "tensorstore does not exist in the browser",
    ),
)


def derive(progress: Progress) -> wheels.Wheel:
    """Return the derived wheel.

    Raises
    ------
    FetchError
        If PyPI cannot be reached and the official wheel was not fetched before.
    TamperedFileError
        If the official wheel is not the one this module was made for.
    """
    return _derive(_official(progress))


def _official(progress: Progress) -> Path:
    folder = cache_dir() / "pypi" / f"{NAME}=={VERSION}"
    if not (found := sorted(folder.glob("*.whl"))):
        with tempfile.TemporaryDirectory() as temp, progress.step(f"fetch {NAME} {VERSION} from PyPI"):
            path = pip_download(f"{NAME}=={VERSION}", Path(temp), python="3.12", **PLATFORM)
            write_atomically(folder / path.name, path.read_bytes())
        found = sorted(folder.glob("*.whl"))
    if sha256(found[0]) != SHA256:
        raise TamperedFileError(
            f"{found[0]} is not the official wheel of {NAME} {VERSION}: its SHA-256 should be {SHA256}. Delete it and run "
            "again."
        )
    return found[0]


@functools.cache
def _derive(official: Path) -> wheels.Wheel:
    info, derived_info = f"{NAME}-{VERSION}.dist-info", f"{NAME}-{DERIVED}.dist-info"
    files = {
        path.replace(info, derived_info): data
        for path, data in wheels.unpack(official).items()
        if not any(re.fullmatch(pattern, path) for pattern in DROPPED)
    }
    del files[f"{derived_info}/RECORD"]  # written anew
    for edit in EDITS:
        path = f"{NAME}/{edit.file}"
        files[path] = _replace(files[path].decode(), edit.old, edit.new, path).encode()
    for name in REPLACED:
        if f"{NAME}/{name}" not in files:
            raise VersionMismatchError(f"The wheel of {NAME} {VERSION} has no {name}: report this as a bug.")
        files[f"{NAME}/{name}"] = (BROWSER / name).read_bytes()
    for shared in ("blocking.py", "_runtime.py"):
        files[f"{NAME}/{shared}"] = (BROWSER.parent / shared).read_bytes()
    files[f"{NAME}/needs.py"] = (BROWSER / "needs.py").read_bytes()
    metadata = f"{derived_info}/METADATA"
    files[metadata] = _metadata(files[metadata].decode()).encode()
    files[f"{derived_info}/WHEEL"] = wheels.PURE
    files[f"{derived_info}/README.derived"] = _readme().encode()
    return wheels.Wheel(NAME, DERIVED, files)


def _metadata(text: str) -> str:
    head, separator, body = text.partition("\n\n")
    head = _replace(head, f"Version: {VERSION}\n", f"Version: {DERIVED}\n", "METADATA")

    def mark(match: re.Match[str]) -> str:
        need, _, marker = match[1].partition("; ")
        native = 'sys_platform != "emscripten"'
        return f"Requires-Dist: {need}; " + (f"({marker}) and {native}" if marker else native)

    return re.sub(r"^Requires-Dist: (?!numpy)(.+)$", mark, head, flags=re.MULTILINE) + separator + body


def _replace(text: str, old: str, new: str, path: str) -> str:
    if text.count(old) != 1:
        raise VersionMismatchError(
            f"{path} of {NAME} {VERSION} holds {old!r} {text.count(old)} times instead of once: report this as a bug."
        )
    return text.replace(old, new)


def _readme() -> str:
    edits = [f"{edit.file}: {edit.why}\n{_indent('-', edit.old)}\n{_indent('+', edit.new)}" for edit in EDITS]
    return "\n".join(
        [
            f"{NAME} {DERIVED} is derived by panel-neuroglancer from the official wheel of {NAME} {VERSION}",
            f"(SHA-256 {SHA256}), so that Python in the browser (Pyodide) can",
            "load it. It is under the same licence, which lies in this folder. These are all the changes.",
            "",
            "Left out:",
            *(f"- {pattern}: {what}" for pattern, what in DROPPED.items()),
            "",
            "Replaced, to do without:",
            *(f"- {name}: {what}" for name, what in REPLACED.items()),
            "",
            "Added:",
            *(f"- {name}: {what}" for name, what in ADDED.items()),
            "",
            "Metadata: the version; WHEEL and RECORD; all requirements but numpy hold only outside the browser.",
            "",
            "Edited:",
            *(f"- {edit}" for edit in edits),
            "",
        ]
    )


def _indent(mark: str, text: str) -> str:
    return "\n".join(f"    {mark} {line}".rstrip() for line in text.strip("\n").splitlines())
