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


# Examples of the official repository that do not do all they should; docs/examples.md says why. By name, or name and runtime.
RAISES = {
    "synaptic_partners": "'str' object has no attribute 'items'",
    ("webdriver_example", "serve"): "No module named 'selenium'",
    ("webdriver_example", "pyodide-worker"): "NotInTheBrowserError: neuroglancer.webdriver starts a browser",
    (
        "example_read_precomputed_annotations",
        "pyodide-worker",
    ): "NotInTheBrowserError: .* needs the package tensorstore",
    ("write_annotations", "pyodide-worker"): "NotInTheBrowserError: The files of .* cannot be served",
}
WITHOUT_A_VIEWER = {"agglomeration_split_tool_csv_to_sqlite", "example_read_precomputed_annotations"}
NEVER_READY = {"example_skeletons", "write_annotations"}
DRAWS_NOTHING = {"example_toggle_visibility", "extend_segments_tool"}  # the latter has no data here
FAILING_ACTIONS = {
    ("extend_segments_tool", "anno-save"): "a bytes-like object is required",
    ("extend_segments_tool", "anno-show-all"): "has no attribute 'points'",
    ("flood_filling_simulation", "start-fill", "pyodide-worker"): "can't start new thread",
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
            from pathlib import Path
            sources = {source_of(name)!r}
            if sys.platform == "emscripten":
                import pyodide_js
                await pyodide_js.loadPackagesFromImports("\\n".join(sources.values()))
            for path, text in {FILES!r}.items():
                Path(path).write_text(text)
            viewers = scripts.run({name!r}, sources, {ARGUMENTS.get(name, [])!r}, {base!r})
            components = show(*viewers, ui="full", width=700, height=480)
            result = len(viewers)
        """)

    return run


@pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True)
@pytest.mark.parametrize("name", SCRIPTS)
def test_runs(lab: Any, start: Any, name: str) -> None:
    if raised := RAISES.get(name) or RAISES.get((name, lab.runtime)):
        with pytest.raises(AssertionError, match=raised):
            start(name)
        return
    count = start(name)
    assert count == (name not in WITHOUT_A_VIEWER)
    if name in WITHOUT_A_VIEWER:
        return
    if name in NEVER_READY:
        lab.watch.expect("500", "pyodide.asm.js")  # Python's log is the console
        lab.until(
            "v.layerManager.managedLayers.length && v.layerManager.managedLayers.every((l) => l.isReady())"
        )
        lab.run("show()")  # so that nothing of it comes later
        return
    lab.watch.expect("DeprecationWarning")  # theirs
    lab.drawn()
    errors = lab.run("""
        import asyncio
        while not components[0].ready:
            await asyncio.sleep(0.02)
        result = components[0].errors
    """)
    assert errors == []
    if name not in DRAWS_NOTHING:
        assert drawn_by_layers(lab) > 20
    press(lab, name)


def drawn_by_layers(lab: Any) -> int:
    """How many pixels differ with and without the layers."""
    with_layers = lab.pixels()
    show = "viewer().neuroglancerViewer.layerManager.managedLayers.forEach((layer, i) => layer.setVisible(was[i]))"
    was = lab.page.evaluate(
        "viewer().neuroglancerViewer.layerManager.managedLayers.map((layer) => layer.visible)"
    )
    lab.page.evaluate(f"(was) => {show}", [False] * len(was))
    without = lab.pixels()
    lab.page.evaluate(f"(was) => {show}", was)
    lab.drawn()
    return int(np.any(with_layers != without, axis=-1).sum())


def press(lab: Any, name: str) -> None:
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
        fault = FAILING_ACTIONS.get((name, action)) or FAILING_ACTIONS.get((name, action, lab.runtime))
        assert (fault in failed) if fault else not failed, failed
    lab.drawn()


def middle(lab: Any) -> tuple[float, float]:
    """A place in the first panel, away from its lines."""
    box = lab.page.locator(".neuroglancer-rendered-data-panel").first.bounding_box()
    return box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 7


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
