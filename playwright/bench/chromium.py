"""A Chromium that benches drive over its debugging protocol.

Not with Playwright, which has every WebSocket message copied to itself and so slows one side of a comparison only.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tornado.websocket import websocket_connect

FLAGS = (Path(__file__).parents[1] / "chromium.flags").read_text().split()
EXECUTABLE = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
#: For Playwright; without an executable it takes its own.
LAUNCH: Mapping[str, Any] = {"executable_path": EXECUTABLE, "args": FLAGS}
SIZE = {"width": 900, "height": 600}


class PageError(Exception):
    """A script of a bench failed in the page."""


class Page:
    """A new Chromium with one page, and that page's workers.

    Parameters
    ----------
    script
        JavaScript that runs before any of the page's own.
    """

    def __init__(self, script: str) -> None:
        self._script = script
        self._workers: dict[str, str] = {}  # sessions and what they run

    def __enter__(self) -> Page:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [EXECUTABLE or "chromium", "--headless=new", *FLAGS]
        command += ["--remote-debugging-port=0", f"--user-data-dir={self._folder.name}", "about:blank"]
        self._chromium = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        port = Path(self._folder.name) / "DevToolsActivePort"
        while not (port.exists() and port.read_text().count("\n")):
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json") as answer:
            tab = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self._loop = asyncio.new_event_loop()
        self._last = 0
        self._socket = self._loop.run_until_complete(self._connect(tab["webSocketDebuggerUrl"]))
        self.send("Page.enable")
        self.send("Page.addScriptToEvaluateOnNewDocument", source=self._script)
        self.resize(SIZE["width"], SIZE["height"])
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()
        self._chromium.terminate()
        self._chromium.wait()
        self._folder.cleanup()

    async def _connect(self, url: str) -> Any:
        return await websocket_connect(url, max_message_size=2**28)

    def send(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Send a command and return its result; None where what it was for is gone."""
        self._last += 1
        to = {} if session is None else {"sessionId": session}
        self._loop.run_until_complete(
            self._write({"id": self._last, "method": method, "params": params, **to})
        )
        while True:
            message = json.loads(self._loop.run_until_complete(self._read()))
            if message.get("id") == self._last:
                return message.get("result")
            self._note(message)

    async def _write(self, message: dict[str, Any]) -> None:
        await self._socket.write_message(json.dumps(message))

    async def _read(self) -> Any:
        return await self._socket.read_message()

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Target.attachedToTarget":
            self._workers[params["sessionId"]] = params["targetInfo"]["url"]
        elif event.get("method") == "Target.detachedFromTarget":
            self._workers.pop(params["sessionId"], None)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window's inside."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def goto(self, url: str) -> None:
        self.send("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression, or the promise that it gives."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if answer is None or "exceptionDetails" in answer:
            details = (answer or {}).get("exceptionDetails", {})
            raise PageError(details.get("exception", {}).get("description") or f"No answer to {expression}")
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 300) -> None:
        """Wait until something is true; an error counts as false, since the page may still be loading."""
        until = time.monotonic() + seconds
        while not self.evaluate(f"(() => {{ try {{ return Boolean({condition}); }} catch {{}} }})()"):
            if time.monotonic() > until:
                raise TimeoutError(f"Never true: {condition}")
            time.sleep(0.05)

    def attach(self) -> None:
        """Look into workers, too, from now on; this slows the page a little."""
        self._auto_attach(None)

    def _auto_attach(self, session: str | None) -> None:
        known = set(self._workers)
        self.send(
            "Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True
        )
        for worker in set(self._workers) - known:
            self._auto_attach(worker)

    def heaps(self) -> dict[str, int]:
        """Return the bytes that JavaScript has in the page and each worker, array buffers included."""
        self.attach()
        sessions: dict[str | None, str] = {None: "page", **self._workers}
        result: dict[str, int] = {}
        for session, url in sessions.items():
            usage = self.send("Runtime.getHeapUsage", session)
            if usage is not None:
                name = url.rpartition("/")[2] or url
                result[name] = result.get(name, 0) + int(usage["usedSize"] + usage["backingStorageSize"])
        return result
