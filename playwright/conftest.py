"""What every browser test shares: one Chromium, and pages that may not reach or say anything unexpected."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

# Software WebGL: the tests must run where there is no GPU.
GL_FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
LOCAL = {"127.0.0.1", "localhost", ""}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium where there is one (see the Makefile), else Playwright's own."""
    system = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    found = {"executable_path": system} if system else {}
    return {**browser_type_launch_args, **found, "args": GL_FLAGS}


@dataclass
class Watch:
    """What a page did that a test must know of."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *fragments: str) -> None:
        """Allow console messages that contain one of these, because the test provokes them."""
        self.expected += fragments

    def check(self) -> None:
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        unexpected = [c for c in self.complaints if not any(e in c for e in self.expected)]
        assert not unexpected, "unexpected console messages:\n" + "\n".join(unexpected)


def guard(context: BrowserContext) -> Watch:
    """Abort and note every request to another host, and note every complaint of every page of a context."""
    watch = Watch()

    def route(route: Route) -> None:
        url = urlparse(route.request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname not in LOCAL:
            watch.foreign.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watch.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def note(request: Request) -> None:
        watch.requests.append(request.url)

    context.route("**/*", route)
    context.on("console", listen)
    context.on("weberror", lambda error: watch.complaints.append(f"uncaught: {error.error}"))
    context.on("request", note)
    return watch


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    """The watch over this test's browser context; the test fails if anything unexpected was seen."""
    watch = guard(context)
    yield watch
    watch.check()


@pytest.fixture
def page(watch: Watch, context: BrowserContext) -> Iterator[Page]:
    """A page that is always watched."""
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    page.close()
