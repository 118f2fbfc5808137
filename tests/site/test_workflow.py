"""The workflow that puts apps on GitHub Pages, as far as it can be run here."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from panel_neuroglancer import cli

WORKFLOW = Path(__file__).parents[2] / "lite" / "deploy" / "github-pages-app.yml"


def test_its_command_makes_the_site_that_is_put_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf8"))
    assert workflow["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    steps = workflow["jobs"]["site"]["steps"]
    (upload,) = (step for step in steps if "upload-pages-artifact" in step.get("uses", ""))
    assert "deploy-pages" in steps[-1]["uses"]
    (tmp_path / "app.py").write_text('import panel as pn\npn.pane.HTML("x").servable()\n')
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    (command,) = (step["run"] for step in steps if "convert" in step.get("run", ""))
    program, *words = shlex.split(command)
    assert program == "panel-neuroglancer"
    assert cli.main([*words, "--quiet"]) == 0
    for name in ("index.html", "app.html", "sw.js", "static/pyodide/pyodide.mjs"):
        assert (tmp_path / upload["with"]["path"] / name).is_file()
