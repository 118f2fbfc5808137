"""``--to pyscript``: PyScript's core, from npm, beside a page on which it starts Python."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from packaging.version import Version

from .errors import TamperedFileError
from .fetch import cache_dir, npm_pack, sha256, write_atomically
from .progress import Progress

TARGET = "pyscript"
# Each release is made for one Pyodide: it imports names that older ones lack. Version and SHA-256 of npm's archive.
BEFORE_0_28 = ("0.6.66", "973182bd45a4d615c436a45a442a6fffc3a6acb170ea755ff30071b16ef5fe82")
SINCE_0_28 = ("0.7.31", "b2ca1a0c0956aebd990a7c8524cca1eb061444a8319a7264d2f31ef30bea276a")
FOLDER = "static/pyscript/"
STARTER = "static/boot/pyscript.js"


def release(pyodide: str) -> tuple[str, str]:
    """Return the version of PyScript for a version of Pyodide, and its hash."""
    return BEFORE_0_28 if Version(pyodide) < Version("0.28") else SINCE_0_28


def copy_core(site: Path, pyodide: str, progress: Progress) -> int:
    """Copy the scripts of the PyScript that goes with a version of Pyodide into a site, and return their size.

    Raises
    ------
    TamperedFileError
        If npm gave another file than the one this module was made for.
    """
    version, digest = release(pyodide)
    package = cache_dir() / "pyscript" / f"core-{version}.tgz"
    if not package.exists():
        with tempfile.TemporaryDirectory() as temp, progress.step(f"fetch PyScript {version} from npm"):
            write_atomically(package, npm_pack(f"@pyscript/core@{version}", Path(temp)).read_bytes())
    if sha256(package) != digest:
        raise TamperedFileError(
            f"{package} is not PyScript {version}: its SHA-256 should be {digest}. Delete it and run again."
        )
    total = 0
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            name, file = member.name.removeprefix("package/dist/"), archive.extractfile(member)
            if file is not None and "/" not in name and name.endswith(".js"):
                write_atomically(site / FOLDER / name, file.read())
                total += member.size
    return total
