"""``--to pyscript``: PyScript's core, from npm, beside a page on which it starts Python."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from .errors import TamperedFileError
from .fetch import cache_dir, npm_pack, sha256, write_atomically
from .progress import Progress

TARGET = "pyscript"
VERSION = "0.7.31"
SHA256 = "b2ca1a0c0956aebd990a7c8524cca1eb061444a8319a7264d2f31ef30bea276a"
FOLDER = "static/pyscript/"
STARTER = "static/boot/pyscript.js"


def copy_core(site: Path, progress: Progress) -> int:
    """Copy PyScript's scripts into a site and return their size.

    Raises
    ------
    TamperedFileError
        If npm gave another file than the one this module was made for.
    """
    package = cache_dir() / "pyscript" / f"core-{VERSION}.tgz"
    if not package.exists():
        with tempfile.TemporaryDirectory() as temp, progress.step(f"fetch PyScript {VERSION} from npm"):
            write_atomically(package, npm_pack(f"@pyscript/core@{VERSION}", Path(temp)).read_bytes())
    if sha256(package) != SHA256:
        raise TamperedFileError(
            f"{package} is not PyScript {VERSION}: its SHA-256 should be {SHA256}. Delete it and run again."
        )
    total = 0
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            name, file = member.name.removeprefix("package/dist/"), archive.extractfile(member)
            if file is not None and "/" not in name and name.endswith(".js"):
                write_atomically(site / FOLDER / name, file.read())
                total += member.size
    return total
