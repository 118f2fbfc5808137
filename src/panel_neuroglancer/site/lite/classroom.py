"""A site in one zip file that needs only Python: for a room with no network."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

from .. import errors, serve

STORED = {".whl", ".zip", ".gz", ".png", ".jpg", ".woff2"}  # packed already
SERVER = '''\
"""Serve the notebooks in the folder "site" on this computer: python serve.py [PORT]"""

import sys
from pathlib import Path

if sys.version_info < (3, 9):
    sys.exit("This needs Python 3.9 or newer: python3 serve.py may start one.")

from server.serve import open_server

with open_server(Path(__file__).parent / "site", int(sys.argv[1]) if len(sys.argv) > 1 else 8000) as server:
    print("The notebooks are at " + server.url + "   (Ctrl+C stops)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
'''
README = """\
Notebooks with Neuroglancer, for a room with no network
=======================================================

1. Unpack this file. On a USB stick or on the disk: both will do.
2. Open a terminal in the unpacked folder and start the server that comes with it:

       python serve.py          (Windows, or where Python 3 is called python)
       python3 serve.py         (macOS, Linux)

   It needs Python 3.9 or newer, and nothing else.
3. Open the address that it prints in Chrome, Edge or Firefox.

Everything runs in the browser. What you change is kept by the browser, under that very address: start the server with the
same port the next time (python serve.py 8000), or download your notebook with File > Download.
"""


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
