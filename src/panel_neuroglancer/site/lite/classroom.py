"""A site in one zip file that needs only Python: for a room with no network."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from .. import errors, serve
from ..errors import BadInputError

STORED = {".whl", ".zip", ".gz", ".png", ".jpg", ".woff2"}  # packed already
SERVER = """\
"Serve the notebooks in the folder 'site' on this computer: python serve.py [PORT]"

import sys
from pathlib import Path

if sys.version_info < (3, 9):
    sys.exit("This needs Python 3.9 or newer: python3 serve.py may start one.")

from server.errors import BadInputError
from server.serve import open_server

port = sys.argv[1] if len(sys.argv) > 1 else "8000"
if not port.isdigit() or int(port) > 65535:
    sys.exit("The port is a number from 0 to 65535, as in: serve.py 8000")
try:
    server = open_server(Path(__file__).resolve().parent / "site", int(port))
except BadInputError as error:
    sys.exit(str(error))
with server:
    print("The notebooks are at " + server.url + "   (Ctrl+C stops)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
"""
README = """\
Notebooks with Neuroglancer, for a room with no network
=======================================================

1. Unpack this file. On a USB stick or on the disk: both will do.
2. Open a terminal in the unpacked folder (Windows: type cmd into the address bar of the folder's window), and start the server
   that comes with it:

       py serve.py              (Windows; if it knows no py: python serve.py)
       python3 serve.py         (macOS, Linux)

   It needs Python 3.9 or newer, and nothing else.
3. Open the address that it prints in Chrome, Edge or Firefox.

Everything runs in the browser. What you change is kept by the browser, under that very address: start the server with the
same port the next time (serve.py 8000), or download your notebook with File > Download.
"""
# What Windows takes in no name, and its names of devices.
NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
# Windows refuses longer paths than 260 characters, and the folder may lie deep.
LONGEST = 150


def check_names(contents: Iterable[Path]) -> None:
    """Raise BadInputError if files in the folders `contents` cannot be unpacked on every system."""
    known: dict[str, PurePosixPath] = {}
    files = [
        PurePosixPath(path.relative_to(folder).as_posix())
        for folder in contents
        for path in folder.rglob("*")
    ]
    for path in files:
        if any(NOT_ON_WINDOWS.search(part) for part in path.parts):
            raise BadInputError(f"{path} can have no such name on Windows: rename it, or leave --zip out.")
        if len(str(path)) > LONGEST:
            raise BadInputError(
                f"{path} is too long a path for Windows, more than {LONGEST} characters: shorten it, or leave --zip out."
            )
        if (other := known.setdefault(str(path).casefold(), path)) != path:
            raise BadInputError(
                f"{path} and {other} are one name on Windows and macOS: rename one, or leave --zip out."
            )


def write(site: Path, target: Path, folder: str) -> None:
    """Write `site`, a server and instructions into the zip file `target`, all in a folder of that name."""
    extra = {
        "README.txt": README.replace("\n", "\r\n"),  # Windows' oldest editor wants it so
        "serve.py": SERVER,
        "server/__init__.py": "",
        "server/serve.py": Path(serve.__file__).read_text("utf-8"),
        "server/errors.py": Path(errors.__file__).read_text("utf-8"),
    }
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for own, text in extra.items():
                archive.writestr(_entry(f"{folder}/{own}"), text)
            for path in sorted(site.rglob("*")):
                if path.is_file():
                    entry = _entry(
                        f"{folder}/site/{path.relative_to(site).as_posix()}", path.suffix in STORED
                    )
                    archive.writestr(entry, path.read_bytes())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _entry(path: str, stored: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))  # the same bytes whenever it is made
    info.compress_type, info.external_attr = (
        zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED,
        0o644 << 16,
    )
    return info
