"""Build hook: a wheel or sdist must carry the built JavaScript. It is made by `make js`, not here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "PANEL_NEUROGLANCER_SKIP_JS"


class CheckJavaScript(BuildHookInterface):  # type: ignore[type-arg]
    """Refuse to build without the engine; set PANEL_NEUROGLANCER_SKIP_JS=1 to build all the same."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check that every file that engine.json names is there and complete, and put JupyterLab's extension in its place."""
        dist = Path(self.root) / "src" / "panel_neuroglancer" / "dist"
        # An sdist has no such places; the wheel that is made from it has.
        if self.target_name == "wheel" and (dist / "labextension").is_dir():
            build_data["shared_data"][str(dist / "labextension")] = (
                "share/jupyter/labextensions/panel-neuroglancer"
            )
        # An editable install comes before `make js` on a fresh checkout.
        if version == "editable" or os.environ.get(SKIP):
            return
        manifest = dist / "engine.json"
        if not manifest.is_file():
            raise RuntimeError(
                f"The JavaScript is not built: run `make js` first (or set {SKIP}=1 to leave it out)."
            )
        files = json.loads(manifest.read_text())["files"]
        wrong = [
            name
            for name, file in files.items()
            if not (dist / "engine" / name).is_file()
            or (dist / "engine" / name).stat().st_size != file["bytes"]
        ]
        if wrong:
            raise RuntimeError(
                f"The built JavaScript is incomplete ({', '.join(wrong)}): run `make js` again."
            )
