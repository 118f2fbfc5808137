"""Firefox over WebDriver BiDi, and WebKitGTK over WebDriver, as Debian has them: Playwright drives only its own builds."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import websocket

SECONDS = 180
FIREFOX = shutil.which("firefox-esr")
WEBKIT_DRIVER = shutil.which("WebKitWebDriver")
MINI_BROWSER = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
XVFB = shutil.which("Xvfb")
PREFERENCES = {
    # There is no graphics card.
    "webgl.force-enabled": True,
    "gfx.webrender.software": True,
    # Firefox itself asks nobody for anything.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    # All other hosts.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
}


class Browser(Protocol):
    """What a test needs of one."""

    def goto(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        ...

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, as JSON has it."""
        ...

    def screenshot(self) -> bytes:
        """Return a picture of the page as PNG."""
        ...


def until(browser: Browser, expression: str, seconds: float = SECONDS) -> Any:
    """Wait until an expression is true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := browser.evaluate(expression):
            return found
        # Each question takes its time in the browser; it is not asked more often than it draws.
        browser.evaluate("new Promise((resolve) => requestAnimationFrame(() => resolve(0)))")
    raise AssertionError(f"not within {seconds} s: {expression}")


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """Run a display that nobody sees; gives the environment for programs that shall draw on it."""
    read, write = os.pipe()
    command = [XVFB or "Xvfb", "-displayfd", str(write), "-screen", "0", "1000x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(write)
            with os.fdopen(read) as pipe:
                number = pipe.readline().strip()
            assert number, "Xvfb did not start"
            yield {**os.environ, "DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1"}
        finally:
            server.terminate()


class Firefox:
    """Firefox, with a profile of its own."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(f"{url}/session", timeout=SECONDS, suppress_origin=True)
        self._ids = itertools.count(1)
        self._call("session.new", capabilities={})
        self._context = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def _call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (message := json.loads(self._socket.recv())).get("id") != number:
            pass
        assert message["type"] == "success", message
        return message["result"]

    def goto(self, url: str) -> None:
        self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        text = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self._context}
        answer = self._call("script.evaluate", expression=text, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer.get("exceptionDetails", {}).get("text")
        return json.loads(answer["result"]["value"])

    def screenshot(self) -> bytes:
        return base64.b64decode(
            self._call("browsingContext.captureScreenshot", context=self._context)["data"]
        )

    def close(self) -> None:
        """Leave the browser."""
        self._socket.close()


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Run Firefox with its profile in a folder."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines))
    assert FIREFOX
    command = [FIREFOX, "--profile", str(folder), "--no-remote", "--remote-debugging-port", "0"]
    with (
        display() as env,
        subprocess.Popen(
            [*command, "--width", "900", "--height", "700"],
            env={**env, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stderr
            said = next((found for line in process.stderr if (found := re.search(r"ws://\S+", line))), None)
            assert said, "Firefox did not start"
            browser = Firefox(said.group())
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()


class WebKit:
    """WebKitGTK's own small browser."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=SECONDS, trust_env=False)
        options = {"binary": str(MINI_BROWSER), "args": ["--automation"]}
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        session = self._call("POST", "/session", capabilities={"alwaysMatch": wanted})
        self._session = f"/session/{session['sessionId']}"
        self._call("POST", f"{self._session}/timeouts", script=SECONDS * 1000, pageLoad=SECONDS * 1000)

    def _call(self, verb: str, path: str, **params: Any) -> Any:
        value = self._http.request(verb, path, json=params if verb == "POST" else None).json()["value"]
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def goto(self, url: str) -> None:
        self._call("POST", f"{self._session}/url", url=url)

    def evaluate(self, expression: str) -> Any:
        script = f"const done = arguments[0]; Promise.resolve({expression}).then((x) => done([x ?? null]), (e) => done({{e: String(e)}}))"
        answer = self._call("POST", f"{self._session}/execute/async", script=script, args=[])
        assert isinstance(answer, list), answer
        return answer[0]

    def screenshot(self) -> bytes:
        return base64.b64decode(self._call("GET", f"{self._session}/screenshot"))

    def quit(self) -> None:
        """End the browser."""
        with closing(self._http):
            self._call("DELETE", self._session)


@contextmanager
def webkit(port: int) -> Iterator[WebKit]:
    """Run WebKitGTK's browser, with its driver on a port."""
    assert WEBKIT_DRIVER
    with (
        display() as env,
        subprocess.Popen(
            [WEBKIT_DRIVER, "--host=127.0.0.1", f"--port={port}"],
            env={
                **env,
                "http_proxy": "http://127.0.0.1:9",
                "https_proxy": "http://127.0.0.1:9",
                "no_proxy": "127.0.0.1",
            },
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                try:
                    httpx.get(f"{url}/status", trust_env=False)
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "WebKitWebDriver did not start"
            browser = WebKit(url)
            try:
                yield browser
            finally:
                browser.quit()
        finally:
            process.terminate()
