"""Stands for the official module of this name. Part of the wheel derived by panel-neuroglancer."""

from __future__ import annotations

from typing import Any

from neuroglancer.needs import NotInTheBrowserError


class WebdriverBase:
    """A browser run by Python; Python that runs in a browser cannot start another."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotInTheBrowserError(
            "neuroglancer.webdriver starts a browser, which Python in the browser cannot. For pictures of a viewer use "
            "`await panel_neuroglancer.screenshot(viewer)`."
        )


class Webdriver(WebdriverBase):
    """See above."""
