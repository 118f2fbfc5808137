"""The lessons and the workshop: what one does in each, what each viewer shows, and what Python hears of it.

Where they run, in JupyterLite or with CPython, in JupyterLab or in Notebook, is the tests' business.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

Step = Callable[[Any], None]


@dataclass
class Lesson:
    """A notebook.

    ``states`` has, for each cell with viewers, Python's expressions for their states; ``steps`` what to do after a cell;
    ``check`` looks at what the cells said.
    """

    path: str
    states: dict[str, list[str]]
    steps: dict[str, Step] = field(default_factory=dict)
    check: Callable[[dict[str, str]], None] = lambda said: None

    def walk(self, book: Any) -> None:
        """Run all cells, look at all viewers, and do all steps."""
        said = {}
        cells = {cell["id"]: cell["metadata"].get("tags", []) for cell in book.cells()}
        assert [id for id, tags in cells.items() if "viewer" in tags] == list(self.states)
        assert {id for id, tags in cells.items() if "click" in tags} <= self.steps.keys() <= cells.keys()
        for id in cells:
            said[id] = book.run(id)
            for i, state in enumerate(self.states.get(id, [])):
                assert book.pixels(id, i).std() > 10, f"the viewer of cell {id!r} shows nothing"
                agree(book, id, state, i)
            self.steps.get(id, lambda book: None)(book)
        self.check(said)


def agree(book: Any, id: str, state: str, i: int = 0) -> None:
    """Wait until Python has the state that a viewer shows."""
    shown = book.state(id, i)
    names, layout = [layer["name"] for layer in shown["layers"]], shown["layout"]
    book.until_python(
        f"(lambda s: [l['name'] for l in s['layers']] == {names!r} and s['layout'] == {layout!r}"
        f" and max(abs(a - b) for a, b in zip(s['position'], {shown['position']!r})) < 0.01)({state})"
    )


def inside(book: Any, mask: str, z: int) -> list[float]:
    """Return a place in slice `z` well within what a mask of the kernel's marks there."""
    place: list[float] = book.ask(
        f"""(lambda np, m: (lambda at: [*(at[np.abs(at - at.mean(0)).sum(1).argmin()] + 0.5).tolist(), {z} + 0.5])(
            np.argwhere(m & np.roll(m, 2, 0) & np.roll(m, -2, 0) & np.roll(m, 2, 1) & np.roll(m, -2, 1))
        ))(__import__("numpy"), ({mask})[:, :, {z}])"""
    )
    return place


def grey(book: Any, id: str, place: list[float], expected: float, i: int = 0) -> None:
    """Wait until a viewer draws a voxel in a grey."""
    x, y = book.point(id, place, i)
    book.until(
        f"the viewer of cell {id!r} does not draw {place} in grey {expected:.0f}",
        """{
          const v = upstream(x.id, x.i);
          if (!v?.isReady()) return false;
          v.display.draw();
          const { canvas } = v.display, box = canvas.getBoundingClientRect();
          const one = new OffscreenCanvas(1, 1).getContext("2d");
          const scale = canvas.width / box.width;
          one.drawImage(canvas, -Math.floor((x.x - box.x) * scale), -Math.floor((x.y - box.y) * scale));
          return Math.abs(one.getImageData(0, 0, 1, 1).data[0] - x.expected) < 8;
        }""",
        {"id": id, "i": i, "x": x, "y": y, "expected": expected},
    )


# ------------------------------------------------------------------------------------------------- what one does


def go_by_mouse(id: str, place: list[float], position: str) -> Step:
    """Bring a place to the middle with the right button; Python hears of it."""

    def step(book: Any) -> None:
        x, y = book.point(id, place)
        book.page.mouse.move(x, y)
        book.page.mouse.click(x, y, button="right")
        book.until_python(f"max(abs(a - b) for a, b in zip({position}, {place!r})) < 2")

    return step


def until_state(id: str, condition: str) -> Step:
    """Wait until a viewer shows what Python has told it."""
    return lambda book: book.until_state(id, condition)


def pick_and_open_card(book: Any) -> None:
    place = inside(book, "tissue.labels == 17", 32)
    book.click("array", place, count=2)
    book.until_python("17 in view.selected_segments['fibres']")
    book.page.get_by_role("button", name="Viewer state").click()
    book.page.get_by_text("Shareable URL:").wait_for()


def see_contrast(book: Any) -> None:
    book.until_state("size", "s.layers[0].shaderControls?.contrast?.range?.length === 2")
    # Beside the lines that mark the middle.
    voxel = book.ask("int(tissue.image[30, 40, 32])")
    low, high = book.ask("[int(low), int(high)]")
    grey(book, "size", [30.5, 40.5, 32], np.clip((voxel - low) / (high - low), 0, 1) * 255)


def see_zarr(book: Any) -> None:
    book.until_state(
        "affine", "s.layers.map((l) => l.name).join() === 'NIfTI,Zarr' && s.layers[0].visible === false"
    )
    assert book.pixels("affine").std() > 10


def see_change(turned: bool) -> Step:
    def step(book: Any) -> None:
        place = book.ask("[int(n) + 10 for n in np.argwhere(before[10:40, 10:100, 32] > high - 10)[0]]")
        voxel, low, high = book.ask(f"[int(before[{place[0]}, {place[1]}, 32]), int(low), int(high)]")
        now = 255 - voxel if turned else voxel
        assert book.ask(f"int(tissue.image[{place[0]}, {place[1]}, 32])") == now
        grey(
            book,
            "live",
            [place[0] + 0.5, place[1] + 0.5, 32],
            np.clip((now - low) / (high - low), 0, 1) * 255,
        )

    return step


def pick_fibre(book: Any) -> None:
    place = inside(book, "tissue.labels == 17", 32)
    book.click("show", place, count=2)
    book.until_python("17 in view.selected_segments['fibres']")
    book.until_state("show", "s.layers[1].segments.includes('17')")


def merge_pieces(book: Any) -> None:
    z = book.ask("int(mend.state.position[2])")
    for piece in ("broken", "1000"):
        book.click("merge", inside(book, f"pieces == {piece}", z), modifier="Shift")
    book.until_python("mend.state.layers['pieces'].equivalences.sets() == {frozenset({int(broken), 1000})}")
    book.until_state("merge", "s.layers[1].equivalences?.length === 1")


def draw_annotations(book: Any) -> None:
    book.click("draw", [40.5, 50.5, 32], modifier="Control")
    book.until_python("len(drawing.state.layers['mine'].annotations) == 1")
    for label, tool, places in (
        ("Line", "annotateLine", ([20.5, 90.5, 32], [60.5, 90.5, 32])),
        ("Box", "annotateBoundingBox", ([80.5, 20.5, 32], [100.5, 40.5, 32])),
    ):
        book.page.get_by_role("button", name=label, exact=True).click()
        book.until_state("draw", f"(s.layers[1].tool?.type ?? s.layers[1].tool) === '{tool}'")
        for place in places:
            book.click("draw", place, modifier="Control")
    kinds = ["point", "line", "axis_aligned_bounding_box"]
    book.until_python(f"[a.type for a in drawing.state.layers['mine'].annotations] == {kinds}")


def measured(book: Any) -> None:
    fibre, length = book.ask("[int(results['fibre'][0]), float(results['length_nm'][1])]")
    assert fibre == book.ask("int(tissue.labels[40, 50, 32])")
    assert length == pytest.approx(640, abs=32)


def mend_fibre(book: Any) -> None:
    # One piece lies below the other.
    for piece, z in ((1001, 22), (34, 8)):
        book.view("view-6", "v.position.value = Float32Array.of(44, 44, x)", z + 0.5)
        book.click("view-6", inside(book, f"pieces == {piece}", z), modifier="Shift")
    book.until_python("mend.state.layers['pieces'].equivalences.sets() == {frozenset({34, 1001})}")
    book.until_state("view-6", "s.layers[1].equivalences?.length === 1")
    book.page.get_by_text("1001 and 34 are one.").wait_for()


def mark_synapse(book: Any) -> None:
    # The answer marks the first three.
    place = book.ask("(tissue.synapses[3] + 0.5).tolist()")
    book.view("view-7", "v.position.value = Float32Array.from(x)", [64, 64, place[2]])
    book.click("view-7", place, modifier="Control")
    book.until_python("len(marking.state.layers['synapses'].annotations) == 1")


def turn_wheel(id: str, value: str) -> Step:
    """Go to another slice with the wheel; a widget of Python's follows."""

    def step(book: Any) -> None:
        before = book.ask(value)
        book.page.mouse.move(*book.point(id, [64, 64, 32]))
        book.page.mouse.wheel(0, 100)
        book.until_python(f"{value} != {before!r}")

    return step


def steer(book: Any) -> None:
    turn_wheel("widgets", "z.value")(book)
    handle = book.page.evaluate(
        """() => {
          const [handle] = deep(".noUi-handle", cell("widgets").node);
          const box = handle.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }"""
    )
    before = book.ask("z.value")
    book.page.mouse.move(*handle)
    book.page.mouse.down()
    book.page.mouse.move(handle[0] + 60, handle[1], steps=4)
    book.page.mouse.up()
    book.until_python(f"z.value > {before} + 5 and int(view.position[2]) == z.value")
    book.until_state("widgets", f"Math.floor(s.position[2]) === {book.ask('z.value')}")


def move_both(book: Any) -> None:
    go_by_mouse("linked", [40, 50, 32.5], "left.position")(book)
    book.until_python("right.position == left.position")
    book.until_state("linked", "Math.abs(s.position[0] - 40) < 2 && Math.abs(s.position[1] - 50) < 2", 1)


def follow_curve(book: Any) -> None:
    go_by_mouse("plot", [64, 30, 32.5], "view.position")(book)
    book.until_python(
        "(curve.data['brightness'] == tissue.image[:, int(view.position[1]), int(view.position[2])]).all()"
    )
    expected = book.ask("[int(n) for n in curve.data['brightness']]")
    book.until(
        "the plot does not follow",
        """Bokeh.documents.some((doc) => [...doc._all_models.values()].some((model) =>
          model.type === "ColumnDataSource" && [...(model.data.brightness ?? [])].join() === x.join()))""",
        expected,
    )


def see_screenshot(book: Any) -> None:
    (output,) = [o for o in book.page.evaluate("outputs", "shot") if "image/png" in o.get("data", {})]
    picture = Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
    assert picture.size == (600, 300)
    assert np.asarray(picture.convert("L")).std() > 10


# --------------------------------------------------------------------------------------------------- the notebooks


def check_quickstart(said: dict[str, str]) -> None:
    assert "-20.0, 10.0" not in said["read"]
    assert said["link"].startswith("https://neuroglancer-demo.appspot.com/#!")


def check_volume(said: dict[str, str]) -> None:
    assert "(99, 117, 95) uint8" in said["nifti"]
    assert int(said["asked"].split()[4]) > 0


def check_segmentation(said: dict[str, str]) -> None:
    assert "fibre 17" in said["picked"]
    assert "Nothing picked" not in said["picked"]
    assert said["merged"].strip() == "one object: [8, 1000]"
    assert said["apply"].strip() == "Mended as it was: True"


def check_annotations(said: dict[str, str]) -> None:
    assert said["read"].strip() == "3 annotations: point, line, axis_aligned_bounding_box"


def check_app(said: dict[str, str]) -> None:
    assert said["same"] == "True"


def check_solutions(said: dict[str, str]) -> None:
    verdicts = {id: text for id, text in said.items() if id.startswith("check-")}
    assert len(verdicts) == 9
    assert all(text.startswith("✔") for text in verdicts.values()), verdicts


QUICKSTART = Lesson(
    "1_quickstart.ipynb",
    {"brain": ["brain.state"], "array": ["view.state"], "share": ["copy.state"]},
    {
        "brain": go_by_mouse("brain", [10, -20, 30], "brain.position"),
        "write": until_state("brain", "s.layout === '4panel' && s.position.join() === '0,-40,5'"),
        "array": pick_and_open_card,
        "keep": until_state("array", "s.layout === '3d'"),
        "return": until_state("array", "s.layout === 'xy-3d'"),
        "txn": until_state("array", "s.layers[1].segments.length === 5"),
    },
    check_quickstart,
)
VOLUME = Lesson(
    "2_your_own_volume.ipynb",
    {
        "size": ["em.state"],
        "fluorescence": ["glow.state.to_json()"],
        "affine": ["mni.state"],
        "lazy": ["huge.state.to_json()"],
        "live": ["em.state"],
    },
    {"contrast": see_contrast, "zarr": see_zarr, "cut": see_change(True), "back": see_change(False)},
    check_volume,
)
SEGMENTATION = Lesson(
    "3_segmentation.ipynb",
    {"show": ["view.state"], "merge": ["mending.state"]},
    {
        "show": pick_fibre,
        "mitochondria": until_state("show", "s.layers[1].segments.length === 19"),
        "meshes": until_state("show", "s.layout === '3d' && s.layers[1].segments.length === 4"),
        "colours": until_state("show", "Object.keys(s.layers[1].segmentColors).length === 44"),
        "merge": merge_pieces,
    },
    check_segmentation,
)
ANNOTATIONS = Lesson(
    "4_annotations.ipynb",
    {
        "show-synapses": ["viewer.state.to_json()"],
        "draw": ["drawing.state.to_json()"],
        "again": ["drawing.state.to_json()"],
    },
    {
        "draw": draw_annotations,
        "table": measured,
        "again": until_state("draw", "s.layers[1].annotations.every((a) => a.props?.length === 1)"),
    },
    check_annotations,
)
APP = Lesson(
    "5_app.ipynb",
    {
        "widgets": ["view.state"],
        "linked": ["left.state", "right.state"],
        "plot": ["view.state"],
        "app": ["app.view.state"],
    },
    {
        "widgets": steer,
        "linked": move_both,
        "plot": follow_curve,
        "shot": see_screenshot,
        "app": turn_wheel("app", "app.z.value"),
    },
    check_app,
)
SOLUTIONS = Lesson(
    "workshop/solutions.ipynb",
    {
        "view-2": ["viewer.state.to_json()"],
        "view-3": ["brain.state"],
        "view-4": ["view.state"],
        "view-6": ["mend.state.to_json()"],
        "view-7": ["marking.state.to_json()"],
    },
    {
        "view-3": go_by_mouse("view-3", [20, -40, 40], "brain.position"),
        "view-6": mend_fibre,
        "view-7": mark_synapse,
        "answer-9": turn_wheel("view-4", "slider.value"),
    },
    check_solutions,
)
LESSONS = (QUICKSTART, VOLUME, SEGMENTATION, ANNOTATIONS, APP, SOLUTIONS)


def every_lesson(test: Any) -> Any:
    """Run a test with each of them."""
    return pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path)(test)
