"""What Python in the browser cannot do, said clearly. Part of the wheel derived by panel-neuroglancer."""

from __future__ import annotations

import importlib
from types import ModuleType


class NotInTheBrowserError(RuntimeError):
    """Something needs what Python in WebAssembly does not have."""


def module(name: str, package: str, purpose: str) -> ModuleType:
    """Import a module that may not be part of the site.

    Parameters
    ----------
    name
        The module.
    package
        What to install for it.
    purpose
        What needs it; the message begins with it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs the package {package}, which is not loaded here. Add it to the site's requirements, or load "
            f'it with `await micropip.install("{package}")`.'
        ) from error


def tensorstore(purpose: str, instead: str) -> ModuleType:
    """Import tensorstore, of which no build for WebAssembly exists, or say what to use instead."""
    try:
        return importlib.import_module("tensorstore")
    except ImportError as error:
        raise NotInTheBrowserError(
            f"{purpose} needs the package tensorstore, which does not exist for Python in the browser. {instead}"
        ) from error
