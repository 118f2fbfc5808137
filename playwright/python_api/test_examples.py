"""Scripts for the official package run as they are; only the line that printed the viewer's address shows it instead.

The project's own are in ``examples``. NEUROGLANCER_EXAMPLES names a folder of further ones: ``python/examples`` of the official
repository, which is in no package registry.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDERS = [
    Path(__file__).parent / "examples",
    *map(Path, filter(None, [os.environ.get("NEUROGLANCER_EXAMPLES")])),
]
SCRIPTS = {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.py"))}

SYNAPSE = {
    "T-bar": {"body ID": 1, "location": [8, 8, 8]},
    "partners": [{"body ID": 2, "location": [40, 40, 40]}],
}
SEGMENTATION = {"type": "segmentation", "source": "", "name": "cells", "segments": ["1", "2"]}
STATES = [
    {
        "layers": [
            SEGMENTATION,
            {"type": "annotation", "source": "local://annotations", "name": "false-merges"},
        ]
    }
]
EDGES = "segment_a,segment_b,score,x,y,z\n1,2,0.5,8,8,8\n"
# The arguments and files that a script wants.
ARGUMENTS = {
    "agglomeration_split_tool_csv_to_sqlite": ["edges.csv", "edges.db"],
    "extend_segments_tool": ["states.json", "-n"],
    "partners": ["synapse.json"],
    "synaptic_partners": ["synapse.json"],
}
FILES = {
    "edges.csv": EDGES,
    "states.json": json.dumps({"states": STATES, "state_index": 0}),
    "synapse.json": json.dumps({"data": [SYNAPSE]}),
}


def source_of(name: str) -> dict[str, str]:
    """A script, and those of its folder that it imports."""
    folder = SCRIPTS[name].parent
    text = SCRIPTS[name].read_text()
    others = [path for path in folder.glob("*.py") if f"from {path.stem} import" in text]
    return {path.stem: path.read_text() for path in [SCRIPTS[name], *others]}


@pytest.fixture
def start(lab: Any) -> Any:
    """Runs a script and shows its viewers; returns how many there are."""

    def run(name: str) -> int:
        base = re.match(r"https?://[^/]+", lab.page.url)[0] + "/data"
        return lab.run(f"""
            import os, tempfile
            from pathlib import Path
            sources = {source_of(name)!r}
            if sys.platform == "emscripten":
                import pyodide_js
                await pyodide_js.loadPackagesFromImports("\\n".join(sources.values()))
            os.chdir(tempfile.mkdtemp())
            for path, text in {FILES!r}.items():
                Path(path).write_text(text)
            viewers = scripts.run({name!r}, sources, {ARGUMENTS.get(name, [])!r}, {base!r})
            components = show(*viewers, ui="full", width=700, height=480)
            result = len(viewers)
        """)

    return run


def ready(lab: Any) -> None:
    """Wait until Python knows that all is drawn, and that nothing is wrong."""
    lab.run("""
        import asyncio
        while not all(c.ready or c.errors for c in components):
            await asyncio.sleep(0.02)
        result = [c.errors for c in components]
    """)


RUNTIMES = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True)


@RUNTIMES
@pytest.mark.parametrize("name", SCRIPTS)
def test_runs(lab: Any, start: Any, name: str) -> None:
    count = start(name)
    assert count == 1
    lab.drawn()
    lab.run("""
        import asyncio
        while not components[0].ready:
            await asyncio.sleep(0.02)
        result = components[0].errors
    """)
    assert lab.page.evaluate("python().result") == []
    press(lab)
    before = lab.pixels()
    lab.page.evaluate(
        "viewer().neuroglancerViewer.layerManager.managedLayers.forEach((l) => l.setVisible(false))"
    )
    assert np.any(before != lab.pixels(), axis=-1).sum() > 20


def press(lab: Any) -> None:
    """Do what is bound to an action, and see each action run in Python."""
    bound = lab.run("""
        bindings = viewers[0].config_state.state.input_event_bindings.to_json()
        result = [item for part in bindings.values() for item in part.items()]
    """)
    x, y = middle(lab)
    for event, action in bound:
        # Keys act where the focus is.
        lab.page.mouse.move(x - 5, y - 5)
        lab.page.mouse.click(x, y)
        lab.until("v.mouseState.active")
        do(lab.page, event)
        failed = lab.run(f"""
            import asyncio
            while {action!r} not in viewers[0].acted:
                await asyncio.sleep(0.02)
            result = viewers[0].acted[{action!r}]
        """)
        assert not failed, failed
    lab.drawn()


def middle(lab: Any) -> tuple[float, float]:
    """The middle of the first panel."""
    box = lab.page.locator(".neuroglancer-rendered-data-panel").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def do(page: Any, event: str) -> None:
    *modifiers, last = event.split("+")
    for key in modifiers:
        page.keyboard.down(key.capitalize())
    if last.startswith("mousedown"):
        page.mouse.down()
        page.mouse.up()
    elif last.startswith("dblclick"):
        page.mouse.down(click_count=2)
        page.mouse.up(click_count=2)
    else:
        page.keyboard.press({"pageup": "PageUp", "pagedown": "PageDown"}.get(last, last.removeprefix("key")))
    for key in modifiers:
        page.keyboard.up(key.capitalize())
