"""Put Python and packages into a site: compiled, locked, each file hashed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import lock
from .compiler import Compiler
from .fetch import sha256, write_atomically
from .progress import Progress
from .resolve import Package
from .runtime import Runtime
from .wheels import Wheel, pack, unpack

FOLDER = "static/pyodide/"
FORMAT = "1"  # of the finished files in the cache: change it when they would come out differently


def install(
    runtime: Runtime, packages: Mapping[str, Package], site: Path, progress: Progress
) -> dict[str, int]:
    """Write the runtime and `packages` into `site`.

    Returns
    -------
    dict
        The bytes a visitor loads: by package, and under "" what Python itself takes.
    """
    target, compiler = site / FOLDER, Compiler(runtime, progress)
    target.mkdir(parents=True)
    depends = lock.without_harmless({name: package.depends for name, package in packages.items()})
    lock.check_cycles(depends)  # before minutes go into compiling
    finished = _finished(
        compiler, {name: package.wheel for name, package in packages.items() if package.wheel.files}, runtime
    )
    entries: dict[str, dict[str, Any]] = {}
    for name, package in packages.items():
        path = finished.get(name) or runtime.wheel(name)  # a shared library stays as it is
        shutil.copyfile(path, target / path.name)
        if package.entry is None:
            entries[name] = lock.entry(package.wheel, path, depends[name])
        else:
            entries[name] = {
                **package.entry,
                "file_name": path.name,
                "sha256": sha256(path),
                "depends": depends[name],
            }
    lock.write(target / "pyodide-lock.json", runtime.lock["info"], entries)
    for name, path in runtime.core.items():
        if name not in ("pyodide-lock.json", "python_stdlib.zip", "pyodide.js"):
            shutil.copyfile(path, target / name)
    shutil.copyfile(_stdlib(compiler, runtime), target / "python_stdlib.zip")
    sizes = {name: (target / entry["file_name"]).stat().st_size for name, entry in entries.items()}
    core = [
        path
        for path in target.iterdir()
        if path.suffix != ".whl" and path.name not in {e["file_name"] for e in entries.values()}
    ]
    return {"": sum(path.stat().st_size for path in core), **sizes}


def _finished(compiler: Compiler, wheels: Mapping[str, Wheel], runtime: Runtime) -> dict[str, Path]:
    """Return compiled wheel files, from the cache where the same files went in before."""
    folders = {
        name: compiler.cache.parent / "wheels" / _key(wheel.files, wheel.tag)
        for name, wheel in wheels.items()
    }
    missing = {name: wheels[name].files for name, folder in folders.items() if not any(folder.glob("*.whl"))}
    root = f"/lib/python{runtime.python}/site-packages/"
    for name, files in compiler.compile(missing, root).items():
        replace(wheels[name], files=files).write(folders[name])
    return {name: next(folder.glob("*.whl")) for name, folder in folders.items()}


def _stdlib(compiler: Compiler, runtime: Runtime) -> Path:
    path = compiler.cache.parent / "wheels" / f"python_stdlib-{FORMAT}.zip"
    if not path.exists():
        files = unpack(runtime.core["python_stdlib.zip"])
        root = f"/lib/python{runtime.python.replace('.', '')}.zip/"
        write_atomically(path, pack(compiler.compile({"stdlib": files}, root)["stdlib"]))
    return path


def _key(files: Mapping[str, bytes], tag: str) -> str:
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    return hashlib.sha256(json.dumps([FORMAT, tag, digests]).encode()).hexdigest()[:32]
