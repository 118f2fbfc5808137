"""Other browsers, as Debian has them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import browsers
import pytest


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    there = {"firefox": browsers.FIREFOX, "webkit": browsers.WEBKIT_DRIVER and browsers.MINI_BROWSER}
    if not (browsers.XVFB and there[request.param]):
        pytest.skip(
            f"issue 5: {request.param} can be driven here only as Debian has it; `make browser` installs it there"
        )
    if request.param == "firefox":
        with browsers.firefox(tmp_path_factory.mktemp("firefox")) as other:
            yield other
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with browsers.webkit(port) as other:
            yield other
