import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

LITE = Path(__file__).parents[2] / "lite"
# What lies beside the notebooks.
MODULES = ("neuropil", "checks")


def load_script(path: Path) -> ModuleType:
    """Import a program that lies outside any package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def mni152() -> ModuleType:
    return load_script(LITE / "data/mni152.py")


@pytest.fixture(scope="session")
def site(mni152, tmp_path_factory) -> Path:
    """A folder that holds freshly made data where a page expects it."""
    folder = tmp_path_factory.mktemp("site")
    mni152.build(folder / "data/mni152", progress=lambda line: None)
    return folder


@pytest.fixture(scope="session")
def data(site) -> Path:
    return site / "data/mni152"


@pytest.fixture
def brain(site, monkeypatch) -> ModuleType:
    """The demo app, run as a script, with its data on disk."""
    monkeypatch.setenv("PANEL_NEUROGLANCER_SITE_URL", f"{site.as_uri()}/")
    return load_script(LITE / "apps/brain.py")


@pytest.fixture(scope="module")
def checks():
    sys.path.insert(0, str(LITE / "notebooks/workshop"))
    kept = [*sys.path]
    try:
        import checks

        yield checks
    finally:
        sys.path[:] = [p for p in kept if not p.startswith(str(LITE / "notebooks"))]
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def tissue(checks):
    return checks.tissue
