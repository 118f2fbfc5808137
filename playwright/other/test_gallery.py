"""The gallery in Firefox and WebKit: it draws, and it comes alive."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


def _load() -> Any:
    # The folders of browser tests are no packages.
    spec = importlib.util.spec_from_file_location("other_browsers", Path(__file__).with_name("browsers.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


browsers = _load()
PAGE = (ROOT / "playwright/component/page.js").read_text("utf8")


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], Any]) -> Iterator[str]:
    assert (SITE / ".done").exists(), f"{SITE} is missing: run `make site`"
    with serve(SITE) as url:
        yield url


@pytest.fixture(scope="module")
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


def look(other: Any) -> np.ndarray:
    """Return the first viewer's pixels."""
    data = other.evaluate("picture(0).png")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


# In Firefox, under heavy load, an array's chunks were seen to stay away for minutes (2 of 35 pages): two pages there.
PAGES = [("firefox", app) for app in ("brain", "fibres")]
PAGES += [("webkit", app) for app in ("brain", "fibres", "heart", "synapses", "denoise", "nuclei")]


@pytest.mark.parametrize(("other", "app"), PAGES, indirect=["other"], scope="module")
def test_it_draws_and_comes_alive(other: Any, url: str, app: str) -> None:
    other.goto(f"{url}{app}.html")
    other.evaluate(f"((0, eval)({json.dumps(PAGE)}), true)")
    assert browsers.until(other, "complete()") is True
    picture = look(other)
    if app != "denoise":
        assert ((picture.max(-1) - picture.min(-1)) > 40).mean() > 0.02, "nothing coloured is drawn"
    assert (picture.mean(-1) > 30).mean() > 0.05, "hardly anything is drawn"
