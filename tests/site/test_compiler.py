"""Bytecode made by Pyodide's own Python, under Node."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from panel_neuroglancer.site.compiler import Compiler
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.runtime import Runtime

FILES = {"kit/__init__.py": b"VALUE = 1\n", "kit/old.py": b"print 'Python 2'\n", "kit/data.json": b"{}"}
PYTHON_312 = 3531  # the magic number of its bytecode


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    """A compiler of the real runtime whose results are not in the cache yet."""
    compiler = Compiler(Runtime(), Progress(None))
    compiler.cache = tmp_path / "bytecode"
    return compiler


def test_source_becomes_the_right_bytecode_and_the_rest_stays(compiler: Compiler) -> None:
    files = compiler.compile({"kit": FILES}, "/lib/")["kit"]
    assert set(files) == {"kit/__init__.pyc", "kit/old.py", "kit/data.json"}
    magic, flags = struct.unpack("<HxxI", files["kit/__init__.pyc"][:8])
    assert (magic, flags) == (PYTHON_312, 1)
    assert b"/lib/kit/__init__.py" in files["kit/__init__.pyc"]


def test_it_is_done_once(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiler.compile({"kit": FILES}, "/lib/")
    monkeypatch.setattr(compiler, "_run", None)
    assert compiler.compile({"kit": FILES, "none": {"readme.txt": b""}}, "/lib/") == {
        **first,
        "none": {"readme.txt": b""},
    }
