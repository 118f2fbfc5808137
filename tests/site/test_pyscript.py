"""Which PyScript goes into a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from panel_neuroglancer.site import pyscript
from panel_neuroglancer.site.errors import TamperedFileError
from panel_neuroglancer.site.progress import Progress


@pytest.mark.parametrize(
    ("pyodide", "core"),
    [("0.26.4", "0.6.66"), ("0.27.7", "0.6.66"), ("0.28.0", "0.7.31"), ("314.0.7", "0.7.31")],
)
def test_each_pyodide_has_its_pyscript(pyodide: str, core: str) -> None:
    assert pyscript.release(pyodide)[0] == core


def test_another_file_than_the_one_that_was_pinned(tmp_path: Path, cache: Path) -> None:
    package = cache / "pyscript" / "core-0.6.66.tgz"
    package.parent.mkdir(parents=True)
    package.write_bytes(b"something else")
    with pytest.raises(TamperedFileError, match=r"is not PyScript 0\.6\.66: its SHA-256 should be \w{64}"):
        pyscript.copy_core(tmp_path / "site", "0.27.7", Progress(None))
    assert not (tmp_path / "site").exists()
