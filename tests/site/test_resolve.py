"""Which packages an app needs, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from panel_neuroglancer.site import nh3_wheel, resolve, wheels
from panel_neuroglancer.site.errors import DependencyConflictError, FetchError, NoWasmWheelError
from panel_neuroglancer.site.progress import Progress
from panel_neuroglancer.site.resolve import Resolver
from panel_neuroglancer.site.runtime import Runtime

Make = Callable[..., wheels.Wheel]


@pytest.fixture
def resolver(
    make_runtime: Callable[[], Runtime],
    make_wheel: Make,
    distribution: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Resolver:
    """Knows two installed packages, the compiled two of the distribution, and one on PyPI."""
    installed = {
        "app-kit": make_wheel("app-kit", "1.5", ("fastplot", "extra-help; extra == 'help'", "windows-only; sys_platform == 'win32'", "pure-thing>=1; sys_platform == 'emscripten'")),
        "extra-help": make_wheel("extra-help"),
        "panel": make_wheel("panel", "1.9.4", ("nh3", "extra-help")),
        "justhtml": make_wheel("justhtml", nh3_wheel.JUSTHTML),
    }  # fmt: skip

    def download(requirement: str, folder: Path, *, python: str) -> Path:
        if not requirement.startswith("pure-thing"):
            raise FetchError("there is none")
        return make_wheel("pure-thing", "1.2").write(folder)

    runtime = make_runtime()
    for name in runtime.packages:
        path = distribution / runtime.packages[name]["file_name"]
        (runtime.folder / "dist").mkdir(exist_ok=True)
        (runtime.folder / "dist" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(resolve.wheels, "installed", lambda name: installed.get(name))
    monkeypatch.setattr(resolve, "pip_download", download)
    return Resolver(runtime, Progress(None))


def needs(resolver: Resolver, *requirements: str, used: tuple[str, ...] = ()) -> dict[str, list[str]]:
    found = resolver.resolve(map(Requirement, requirements), used=used)
    return {name: sorted(package.depends) for name, package in found.items()}


def test_dependencies_follow_the_browsers_markers(resolver: Resolver) -> None:
    assert needs(resolver, "app-kit") == {
        "app-kit": ["fastplot", "pure-thing"], "fastplot": ["fastmath"], "fastmath": [], "pure-thing": [],
    }  # fmt: skip


def test_extras_add_to_them(resolver: Resolver) -> None:
    assert needs(resolver, "app-kit[help]")["app-kit"] == ["extra-help", "fastplot", "pure-thing"]


def test_compiled_packages_keep_their_official_entry(resolver: Resolver) -> None:
    found = resolver.resolve([Requirement("fastplot")])
    assert found["fastplot"].entry == resolver.runtime.packages["fastplot"]


def test_what_panel_rarely_imports_goes_along_only_when_used(resolver: Resolver) -> None:
    assert needs(resolver, "panel") == {"panel": ["extra-help"], "extra-help": []}
    assert needs(resolver, "panel", used=("nh3",)) == {
        "panel": ["extra-help", "nh3"], "extra-help": [], "nh3": ["justhtml"], "justhtml": [],
    }  # fmt: skip


def test_nh3_is_pyodides_own_where_it_can_be_had(
    resolver: Resolver, make_wheel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wheel("nh3", "0.2.17").write(resolver.runtime.folder)
    entry = {"name": "nh3", "version": "0.2.17", "file_name": path.name.replace("none-any", "cp37-wasm32"), "depends": [], "imports": ["nh3"]}  # fmt: skip
    monkeypatch.setitem(resolver.runtime.packages, "nh3", entry)
    monkeypatch.setattr(Runtime, "wheel", lambda runtime, name: path)
    assert resolver.resolve([Requirement("nh3")])["nh3"].entry == entry

    def unreachable(runtime: Runtime, name: str) -> Path:
        raise FetchError("no network")

    monkeypatch.setattr(Runtime, "wheel", unreachable)
    found = Resolver(resolver.runtime, Progress(None)).resolve([Requirement("nh3")])
    assert found["nh3"].version == nh3_wheel.VERSION
    assert sorted(found) == ["justhtml", "nh3"]


def test_a_dependency_without_a_wasm_wheel_is_named(resolver: Resolver) -> None:
    with pytest.raises(
        NoWasmWheelError,
        match=r"the app needs torch>2, and there is no wheel of it that Pyodide 9\.9\.9 can load",
    ):
        needs(resolver, "torch>2")


def test_a_version_that_nobody_accepts(resolver: Resolver) -> None:
    with pytest.raises(
        DependencyConflictError, match=r"the app needs fastmath>=2, but the site would get fastmath 1\.0"
    ):
        needs(resolver, "fastmath>=2")


def test_imports_are_read_from_the_source() -> None:
    source = "import a.b, c as d\nfrom e.f import g\nfrom . import h\ntry:\n    import i\nexcept ImportError: pass\ndef f():\n    import j"
    assert resolve.imported(source) == {"a", "c", "e", "i", "j"}


def test_modules_are_mapped_to_distributions(make_runtime: Callable[[], Runtime]) -> None:
    modules = {"os", "sqlite3", "js", "pyodide", "PIL", "yaml", "fastmath", "helper", "kit", "unknown"}
    names = resolve.distributions(modules, make_runtime(), ["helper.py", "kit/__init__.py"])
    assert names == {"pillow", "pyyaml", "fastmath", "sqlite3", "unknown"}


def test_modules_beside_the_app_go_along_with_what_they_import(tmp_path: Path) -> None:
    for path, text in {
        "app.py": "import helper, numpy", "helper.py": "from kit.deep import x\nimport app", "kit/__init__.py": "", "kit/deep.py": "import scipy",
        "other.py": "import torch",
    }.items():  # fmt: skip
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    found, sources = resolve.local_modules(tmp_path / "app.py", (tmp_path / "app.py").read_text())
    assert sorted(found) == ["helper.py", "kit/__init__.py", "kit/deep.py"]
    assert set().union(*map(resolve.imported, sources)) == {"helper", "numpy", "kit", "app", "scipy"}
