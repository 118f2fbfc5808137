"""Packages that the app did not use while its page was made: each comes when somebody asks for it after all.

They are needed by others on paper, but most apps never import them. An import waits for the browser to fetch the wheel, on the
page as in a worker; nothing else in Python can go on meanwhile.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder, PathDistribution
from pathlib import Path
from types import ModuleType
from typing import TypedDict


class Wheel(TypedDict):
    """Where a package is: its name, its top-level modules, the URL of its wheel and that one's SHA-256."""

    name: str
    imports: list[str]
    url: str
    sha256: str


class Finder(DistributionFinder):
    """Finds what the others did not, by unpacking wheels into `folder`, which is on ``sys.path``."""

    def __init__(self, wheels: Iterable[Wheel], folder: Path) -> None:
        self._wheels = {_normal(wheel["name"]): wheel for wheel in wheels}
        self._names = {module: name for name, wheel in self._wheels.items() for module in wheel["imports"]}
        self._folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a top-level module is once its package has come."""
        name = self._names.get(fullname)
        return PathFinder.find_spec(fullname) if name is not None and self._unpack(name) else None

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterator[PathDistribution]:
        """Give what ``importlib.metadata`` asks for by name."""
        if context is not None and context.name and self._unpack(_normal(context.name)):
            yield from MetadataPathFinder.find_distributions(context)

    def _unpack(self, name: str) -> bool:
        wheel = self._wheels.get(name)
        if wheel is None:
            return False
        data = fetch(wheel["url"])
        if hashlib.sha256(data).hexdigest() != wheel["sha256"]:
            raise ImportError(
                f"{wheel['url']} holds other bytes than when the site was made: copy the whole site again, and let the "
                f"server send its files as they are."
            )
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(self._folder)
        del self._wheels[name]
        importlib.invalidate_caches()
        return True


def watch(wheels: Iterable[Wheel], folder: str) -> None:
    """Let imports find `wheels` from now on."""
    # Right behind the one that looks into folders: Pyodide's own last one raises.
    sys.meta_path.insert(sys.meta_path.index(PathFinder) + 1, Finder(wheels, Path(folder)))


def fetch(url: str) -> bytes:
    """Return a file, once it is here."""
    from js import XMLHttpRequest

    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    # One character for each byte, in its low half: on the page, a request that others wait for may give nothing but text.
    request.overrideMimeType("text/plain; charset=x-user-defined")
    try:
        request.send(None)
    except Exception as error:
        raise ImportError(
            f"{url} could not be downloaded: {error}. Check the connection and try again."
        ) from error
    if request.status != 200:
        raise ImportError(
            f"{url} could not be downloaded: the server answered {request.status}. All files of the site must be there."
        )
    return str(request.responseText).encode("utf-16-le")[::2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
