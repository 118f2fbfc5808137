"""A web server behind a line of so many bits a second, which notes what went over it.

Text and WebAssembly go compressed, as most hosts send them.
"""

from __future__ import annotations

import gzip
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from panel_neuroglancer.site.serve import Handler

PIECE = 2**14
PACKED = {".js", ".mjs", ".css", ".html", ".json", ".wasm", ".svg"}


class Line:
    """What all connections share; `rate` in bits a second, or None for all that the machine gives."""

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self.notes: list[tuple[float, int]] = []
        self._free = 0.0
        self._lock = threading.Lock()

    def carry(self, size: int) -> None:
        """Return when so many bytes are through."""
        if self.rate is not None:
            with self._lock:
                now = time.monotonic()
                self._free = max(now, self._free) + 8 * size / self.rate
                wait = self._free - now
            time.sleep(wait)
        self.notes.append((time.time(), size))

    def until(self, when: float) -> int:
        """Return the bytes that went until then, in seconds of the epoch."""
        return sum(size for at, size in self.notes if at <= when)


class LineHandler(Handler):
    """Static files over a line; what lies in the folder `cdn` never changes."""

    disable_nagle_algorithm = True

    def __init__(self, *args: Any, line: Line, **kwargs: Any) -> None:
        self.line = line
        super().__init__(*args, **kwargs)

    def guess_type(self, path: Any) -> str:
        return (
            "application/vnd.pypi.simple.v1+json"
            if str(path).endswith(".simple")
            else super().guess_type(path)
        )

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Cache-Control" and self.path.startswith("/cdn/"):
            value = "public, max-age=31536000, immutable"
        super().send_header(keyword, value)

    def send_head(self) -> Any:
        path = Path(self.translate_path(self.path))
        packs = "gzip" in self.headers.get("Accept-Encoding", "") and "Range" not in self.headers
        if not packs or path.suffix not in PACKED or not path.is_file():
            return super().send_head()
        changed = self.date_time_string(int(path.stat().st_mtime))
        if self.headers.get("If-Modified-Since") == changed:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.end_headers()
            return None
        self._span = None  # the last request on this connection may have asked for a part
        data = _packed(path)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", changed)
        self.end_headers()
        return io.BytesIO(data)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        super().copyfile(source, _Slow(outputfile, self.line))


class _Slow:
    """Writes piece by piece."""

    def __init__(self, target: Any, line: Line) -> None:
        self.target, self.line = target, line

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            self.line.carry(len(piece))
            self.target.write(piece)


@cache
def _packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@contextmanager
def behind(line: Line, folder: Path) -> Iterator[str]:
    """Serve a folder over a line; gives the address, with a final slash."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(LineHandler, directory=str(folder), line=line)
    ) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
