"""The gallery in Firefox and WebKit: it draws, and it comes alive."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browsers
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


PAGE = (ROOT / "playwright/component/page.js").read_text("utf8")


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], Any]) -> Iterator[str]:
    assert (SITE / ".done").exists(), f"{SITE} is missing: run `make site`"
    with serve(SITE) as url:
        yield url


def look(other: Any) -> np.ndarray:
    """Return the first viewer's pixels."""
    data = other.evaluate("picture(0).png")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


# In Firefox, under heavy load, an array's chunks were seen to stay away for minutes (2 of 35 pages): two pages there.
PAGES = [("firefox", app) for app in ("brain", "fibres")]
PAGES += [("webkit", app) for app in ("brain", "fibres", "synapses")]


@pytest.mark.parametrize(("other", "app"), PAGES, indirect=["other"], scope="session")
def test_it_draws_and_comes_alive(other: Any, url: str, app: str) -> None:
    other.goto(f"{url}{app}.html")
    other.evaluate(f"((0, eval)({json.dumps(PAGE)}), true)")
    assert browsers.until(other, "complete()") is True
    picture = look(other)
    if app != "denoise":
        assert ((picture.max(-1) - picture.min(-1)) > 40).mean() > 0.02, "nothing coloured is drawn"
    assert (picture.mean(-1) > 30).mean() > 0.05, "hardly anything is drawn"
