"""Packages that come when they are asked for (site/page/later.py)."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from panel_neuroglancer.site import wheels

FILES = {
    "pn_late/__init__.py": b"from . import part",
    "pn_late/part.py": b"VALUE = 7",
    "pn_late-1.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: pn-late\nVersion: 1.2\n",
    "pn_late-1.2.dist-info/WHEEL": wheels.PURE,
}
DATA = wheels.pack(FILES)
ENTRY = {
    "name": "pn-late",
    "imports": ["pn_late"],
    "url": "https://site.invalid/pn_late.whl",
    "sha256": hashlib.sha256(DATA).hexdigest(),
}


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, with a wheel to watch for, and in `asked` what it has fetched."""
    path = Path(wheels.__file__).parent / "page" / "later.py"
    spec = importlib.util.spec_from_file_location("later", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.asked, module.data = [], DATA
    monkeypatch.setattr(module, "fetch", lambda url: module.asked.append(url) or module.data)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    module.watch([ENTRY], str(tmp_path))
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "pn_late"]:
        del sys.modules[name]


def test_an_import_brings_the_package_once(later: ModuleType) -> None:
    assert importlib.import_module("pn_late").part.VALUE == 7
    assert importlib.import_module("pn_late.part").VALUE == 7
    assert metadata.version("pn-late") == "1.2"
    assert later.asked == [ENTRY["url"]]


def test_a_version_brings_the_package(later: ModuleType) -> None:
    assert metadata.version("PN_late") == "1.2"
    assert later.asked == [ENTRY["url"]]


@pytest.mark.parametrize("name", ["pn_later", "pn", "pn_nothing.pn_late"])
def test_others_are_not_found_as_ever(later: ModuleType, name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version(name)
    assert not later.asked


def test_other_bytes_are_not_run(later: ModuleType, tmp_path: Path) -> None:
    later.data = wheels.pack({**FILES, "pn_late/part.py": b"VALUE = 8"})
    with pytest.raises(ImportError, match=r"pn_late\.whl holds other bytes .* copy the whole site again"):
        importlib.import_module("pn_late")
    assert not list(tmp_path.iterdir())
    later.data = DATA
    assert importlib.import_module("pn_late").part.VALUE == 7
