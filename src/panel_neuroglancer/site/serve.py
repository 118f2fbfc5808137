"""A small web server for a finished site, on this machine only."""

from __future__ import annotations

import errno
import mimetypes
import os
import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import IO, Any

from .errors import BadInputError

HOST = "127.0.0.1"
# Files whose name holds the hash of their content never change.
HASHED = re.compile(r"-0[0-9a-f]{10}-[^/]*\.whl$|/static/neuroglancer/[^/]*-[0-9A-Za-z_]{8,}\.(js|wasm)$")
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".whl": "application/zip",
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
# Python's own list, not this computer's: in Windows' registry anything may stand for a type.
KNOWN = mimetypes.MimeTypes()


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the right types, single byte ranges and revalidation."""

    protocol_version = "HTTP/1.1"
    _span: tuple[int, int] | None = None

    def guess_type(self, path: Any) -> str:
        """Return a file's type by the ending of its name."""
        ending = os.path.splitext(path)[1].lower()
        return TYPES.get(ending) or KNOWN.types_map[True].get(ending, "application/octet-stream")

    def end_headers(self) -> None:
        """Add what holds for every answer."""
        hashed = HASHED.search(self.path.partition("?")[0])
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if hashed else "no-cache")
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def send_head(self) -> Any:
        """Answer a range with 206; leave everything else to the standard library."""
        self._span = None
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "").strip())
        path = Path(self.translate_path(self.path))
        if not asked or asked.groups() == ("", "") or not path.is_file():
            return super().send_head()
        total = path.stat().st_size
        first, last = asked.groups()
        start = int(first) if first else max(0, total - int(last))
        end = min(int(last), total - 1) if first and last else total - 1
        if start > end:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self._span = start, end
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("Last-Modified", self.date_time_string(int(path.stat().st_mtime)))
        self.end_headers()
        return path.open("rb")

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Copy the whole file or the range asked for."""
        try:
            if self._span is None:
                super().copyfile(source, outputfile)
            else:
                _copy_span(source, outputfile, *self._span)
        except (BrokenPipeError, ConnectionResetError):  # the browser went away: its right
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the terminal belongs to the address."""


def _copy_span(source: IO[bytes], target: IO[bytes], start: int, end: int) -> None:
    source.seek(start)
    left = end - start + 1
    while left and (chunk := source.read(min(left, 1 << 18))):
        target.write(chunk)
        left -= len(chunk)


class Server(ThreadingHTTPServer):
    """Serves one folder; `port` 0 takes any free one."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"

    def __init__(self, folder: Path, port: int = 0) -> None:
        if not folder.is_dir():
            raise BadInputError(
                f"{folder} is not a folder: name the one that `panel-neuroglancer convert --out` wrote."
            )
        super().__init__((HOST, port), partial(Handler, directory=str(folder)))

    def server_bind(self) -> None:
        """Bind, but do not ask the network for this machine's name: where there is none that takes long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def url(self) -> str:
        """The address, ending in "/"."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that browsers open and drop."""


def open_server(folder: Path, port: int, tries: int = 100) -> Server:
    """Return a server on `port`, or on the next free one after it."""
    for candidate in range(port, min(port + tries, 65536)):
        try:
            return Server(folder, candidate)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise BadInputError(f"No port from {port} to {port + tries - 1} is free: choose another with --port.")
