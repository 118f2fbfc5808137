import json

import pytest

import panel_neuroglancer.engine
from panel_neuroglancer.view import NeuroglancerView

FILES = {"engine-1.js": b"export const engine = 1;\n" * 40, "worker-2.js": b"onmessage = null;\n"}


@pytest.fixture
def dist(tmp_path, monkeypatch):
    """A stand-in for the built JavaScript, so that Python's side is tested without Node."""
    folder = tmp_path / "dist"
    (folder / "engine").mkdir(parents=True)
    for name, content in FILES.items():
        (folder / "engine" / name).write_bytes(content)
    manifest = {
        "neuroglancer": "2.41.2",
        "entry": "engine-1.js",
        "files": {n: {"bytes": len(c)} for n, c in FILES.items()},
    }
    (folder / "engine.json").write_text(json.dumps(manifest))
    (folder / "loader.js").write_text("export default {render() {}}")
    monkeypatch.setattr(panel_neuroglancer.engine, "DIST", folder)
    monkeypatch.setitem(panel_neuroglancer.engine.extension_dirs, "panel_neuroglancer", folder)
    monkeypatch.setattr(NeuroglancerView, "_bundle", folder / "loader.js")
    return folder
