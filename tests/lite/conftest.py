import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

LITE = Path(__file__).parents[2] / "lite"


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
