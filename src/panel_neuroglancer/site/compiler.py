"""Bytecode instead of source: the browser's Python then starts in about half the time.

The compiler is Pyodide itself, run by Node, so that the bytecode is made by the very Python that will load it.
Each result is kept in the cache under the hash of what went in.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import FetchError, SiteError
from .fetch import write_atomically
from .progress import Progress
from .runtime import Runtime
from .wheels import pack, unpack

HERE = Path(__file__).parent


class Compiler:
    """Compiles sets of files for one runtime."""

    def __init__(self, runtime: Runtime, progress: Progress) -> None:
        self.runtime, self.progress = runtime, progress
        self.cache = runtime.folder / "bytecode"

    def compile(self, jobs: Mapping[str, dict[str, bytes]], root: str) -> dict[str, dict[str, bytes]]:
        """Replace ``x.py`` by ``x.pyc`` in each set of files.

        Parameters
        ----------
        jobs
            Files by path, for each name.
        root
            The folder they will lie in, as tracebacks shall show it.
        """
        sources = {
            name: {p: d for p, d in files.items() if p.endswith(".py")} for name, files in jobs.items()
        }
        keys = {name: self._key(files, root) for name, files in sources.items()}
        missing = {
            keys[name]: files
            for name, files in sources.items()
            if files and not (self.cache / keys[name]).exists()
        }
        if missing:
            count = sum(map(len, missing.values()))
            with self.progress.step(
                f"compile {count} Python files for Python {self.runtime.python} in Pyodide"
            ):
                self._run(missing, root)
        return {
            name: self._merge(files, self.cache / keys[name]) if sources[name] else files
            for name, files in jobs.items()
        }

    def _key(self, files: dict[str, bytes], root: str) -> str:
        digest = hashlib.sha256((HERE / "_bytecode.py").read_bytes() + root.encode())
        for path in sorted(files):
            digest.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
        return digest.hexdigest()[:32] + ".zip"

    def _run(self, jobs: Mapping[str, dict[str, bytes]], root: str) -> None:
        prefix = root.strip("/").replace("/", "+") + "@"
        core = self.runtime.core["pyodide.mjs"].parent
        with tempfile.TemporaryDirectory() as temp:
            source, bytecode = Path(temp, "source"), Path(temp, "bytecode")
            source.mkdir()
            bytecode.mkdir()
            for key, files in jobs.items():
                (source / (prefix + key)).write_bytes(pack(files))
            try:
                done = subprocess.run(
                    ["node", str(HERE / "compile.mjs"), str(core), str(HERE / "_bytecode.py"), temp],
                    capture_output=True,
                    text=True,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except FileNotFoundError as error:
                raise FetchError("Compiling needs `node`: install Node.js 18 or newer.") from error
            if done.returncode:
                raise SiteError(
                    f"Pyodide {self.runtime.version} could not compile the packages under Node: {done.stderr[-800:]}"
                )
            for key in jobs:
                write_atomically(self.cache / key, (bytecode / (prefix + key)).read_bytes())

    def _merge(self, files: dict[str, bytes], compiled: Path) -> dict[str, bytes]:
        bytecode = unpack(compiled)
        return {path: data for path, data in files.items() if path + "c" not in bytecode} | bytecode
