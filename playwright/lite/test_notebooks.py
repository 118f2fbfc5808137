"""The notebooks in JupyterLite: from top to bottom, with what each viewer shows, and with a hand on the mouse."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Steps = dict[str, Callable[[Any], None]]


def walk(book: Any, states: dict[str, list[str]], steps: Steps) -> dict[str, str]:
    """Run all cells, look at all viewers, and do what `steps` has for a cell after it; return what the cells say.

    ``states`` has, for each cell with viewers, Python's expressions for their states.
    """
    said = {}
    shown = [cell["id"] for cell in book.cells() if "viewer" in cell["metadata"].get("tags", [])]
    assert shown == list(states)
    for cell in book.cells():
        id = cell["id"]
        said[id] = book.run(id)
        for i, state in enumerate(states.get(id, [])):
            assert book.pixels(id, i).std() > 10, f"the viewer of cell {id!r} shows nothing"
            agree(book, id, state, i)
        steps.get(id, lambda book: None)(book)
    return said


def agree(book: Any, id: str, state: str, i: int = 0) -> None:
    """Wait until Python has the state that a viewer shows."""
    shown = book.state(id, i)
    names, layout = [layer["name"] for layer in shown["layers"]], shown["layout"]
    book.until_python(
        f"(lambda s: [l['name'] for l in s['layers']] == {names!r} and s['layout'] == {layout!r}"
        f" and max(abs(a - b) for a, b in zip(s['position'], {shown['position']!r})) < 0.01)({state})"
    )


def ask(book: Any, expression: str) -> Any:
    """Return a value of the kernel's, by way of JSON."""
    return json.loads(book.python(f"import json, numpy as np; print(json.dumps({expression}))"))


def inside(book: Any, mask: str, z: int) -> list[float]:
    """Return a place in slice `z` well within what a mask of the kernel's marks there."""
    return ask(
        book,
        f"""(lambda m: (lambda at: [*(at[np.abs(at - at.mean(0)).sum(1).argmin()] + 0.5).tolist(), {z} + 0.5])(
            np.argwhere(m & np.roll(m, 2, 0) & np.roll(m, -2, 0) & np.roll(m, 2, 1) & np.roll(m, -2, 1))
        ))(({mask})[:, :, {z}])""",
    )


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


def go_by_mouse(id: str, place: list[float], position: str) -> Callable[[Any], None]:
    """Bring a place to the middle with the right button; Python hears of it."""

    def step(book: Any) -> None:
        x, y = book.point(id, place)
        book.page.mouse.move(x, y)
        book.page.mouse.click(x, y, button="right")
        book.until_python(f"max(abs(a - b) for a, b in zip({position}, {place!r})) < 2")

    return step


def pick_in_quickstart(book: Any) -> None:
    place = inside(book, "tissue.labels == 17", 32)
    book.click("array", place, count=2)
    book.until_python("17 in view.selected_segments['fibres']")


def see_contrast(book: Any) -> None:
    book.until_state("size", "s.layers[0].shaderControls?.contrast?.range?.length === 2")
    # Beside the lines that mark the middle.
    voxel = ask(book, "int(tissue.image[30, 40, 32])")
    low, high = ask(book, "[int(low), int(high)]")
    grey(book, "size", [30.5, 40.5, 32], np.clip((voxel - low) / (high - low), 0, 1) * 255)


def see_zarr(book: Any) -> None:
    book.until_state(
        "affine", "s.layers.map((l) => l.name).join() === 'NIfTI,Zarr' && s.layers[0].visible === false"
    )
    assert book.pixels("affine").std() > 10


def see_change(turned: bool) -> Callable[[Any], None]:
    def step(book: Any) -> None:
        place = ask(book, "[int(n) + 10 for n in np.argwhere(before[10:40, 10:100, 32] > high - 10)[0]]")
        voxel, low, high = ask(book, f"[int(before[{place[0]}, {place[1]}, 32]), int(low), int(high)]")
        now = 255 - voxel if turned else voxel
        assert ask(book, f"int(tissue.image[{place[0]}, {place[1]}, 32])") == now
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
    z = ask(book, "int(mend.state.position[2])")
    for piece, done in (("broken", "waiting == [int(broken)]"), ("1000", "not waiting")):
        book.click("merge", inside(book, f"pieces == {piece}", z), modifier="Shift")
        book.until_python(done)
    book.until_state("merge", "s.layers[1].equivalences?.length === 1")


def draw_annotations(book: Any) -> None:
    book.click("draw", [40.5, 50.5, 32], modifier="Control")
    book.until_python("len(drawing.state.layers['mine'].annotations) == 1")
    book.page.get_by_role("button", name="Line", exact=True).click()
    book.until_state(
        "draw", "s.layers[1].tool === 'annotateLine' || s.layers[1].tool?.type === 'annotateLine'"
    )
    for place in ([20.5, 90.5, 32], [60.5, 90.5, 32]):
        book.click("draw", place, modifier="Control")
    book.until_python("[a.type for a in drawing.state.layers['mine'].annotations] == ['point', 'line']")


def measured(book: Any) -> None:
    fibre, length = ask(book, "[int(results['fibre'][0]), float(results['length_nm'][1])]")
    assert fibre == ask(book, "int(tissue.labels[40, 50, 32])")
    assert length == pytest.approx(640, abs=32)


def turn_wheel(id: str, value: str) -> Callable[[Any], None]:
    """Go to another slice with the wheel; a widget of Python's follows."""

    def step(book: Any) -> None:
        before = ask(book, value)
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
    before = ask(book, "z.value")
    book.page.mouse.move(*handle)
    book.page.mouse.down()
    book.page.mouse.move(handle[0] + 60, handle[1], steps=4)
    book.page.mouse.up()
    book.until_python(f"z.value > {before} + 5 and int(view.position[2]) == z.value")
    agree_with_slider = ask(book, "z.value")
    book.until_state("widgets", f"Math.floor(s.position[2]) === {agree_with_slider}")


def move_both(book: Any) -> None:
    go_by_mouse("linked", [40, 50, 32.5], "left.position")(book)
    book.until_python("right.position == left.position")
    book.until_state("linked", "Math.abs(s.position[0] - 40) < 2 && Math.abs(s.position[1] - 50) < 2", 1)


def follow_curve(book: Any) -> None:
    go_by_mouse("plot", [64, 30, 32.5], "view.position")(book)
    book.until_python(
        "(curve.data['brightness'] == tissue.image[:, int(view.position[1]), int(view.position[2])]).all()"
    )
    expected = ask(book, "[int(n) for n in curve.data['brightness']]")
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


@pytest.mark.parametrize("app", ["notebooks", "lab"])
def test_quickstart(open_notebook: Callable[..., Any], app: str) -> None:
    book = open_notebook("1_quickstart.ipynb", app)
    states = {"brain": ["brain.state"], "array": ["view.state"], "share": ["copy.state"]}
    said = walk(
        book,
        states,
        {
            "brain": go_by_mouse("brain", [10, -20, 30], "brain.position"),
            "write": lambda book: book.until_state(
                "brain", "s.layout === '4panel' && s.position.join() === '0,-40,5'"
            ),
            "array": pick_in_quickstart,
            "keep": lambda book: book.until_state("array", "s.layout === '3d'"),
            "return": lambda book: book.until_state("array", "s.layout === 'xy-3d'"),
            "txn": lambda book: book.until_state("array", "s.layers[1].segments.length === 5"),
        },
    )
    assert "-20.0, 10.0" not in said["read"]
    assert said["link"].startswith("https://neuroglancer-demo.appspot.com/#!")


def test_your_own_volume(open_notebook: Callable[..., Any]) -> None:
    book = open_notebook("2_your_own_volume.ipynb")
    states = {
        "size": ["em.state"],
        "fluorescence": ["glow.state.to_json()"],
        "affine": ["mni.state"],
        "lazy": ["huge.state.to_json()"],
        "live": ["em.state"],
    }
    steps = {"contrast": see_contrast, "zarr": see_zarr, "cut": see_change(True), "back": see_change(False)}
    said = walk(book, states, steps)
    assert "(99, 117, 95) uint8" in said["nifti"]
    assert int(said["asked"].split()[4]) > 0


def test_segmentation(open_notebook: Callable[..., Any]) -> None:
    book = open_notebook("3_segmentation.ipynb")
    said = walk(
        book,
        {"show": ["view.state"], "merge": ["mending.state"]},
        {
            "show": pick_fibre,
            "mitochondria": lambda book: book.until_state("show", "s.layers[1].segments.length === 19"),
            "meshes": lambda book: book.until_state(
                "show", "s.layout === '3d' && s.layers[1].segments.length === 4"
            ),
            "colours": lambda book: book.until_state(
                "show", "Object.keys(s.layers[1].segmentColors).length === 44"
            ),
            "merge": merge_pieces,
        },
    )
    assert "fibre 17" in said["picked"]
    assert "Nothing picked" not in said["picked"]
    assert said["merged"].strip() == "one object: [8, 1000]"
    assert said["apply"].strip() == "Mended as it was: True"


def test_annotations(open_notebook: Callable[..., Any]) -> None:
    book = open_notebook("4_annotations.ipynb")
    states = {name: [f"{name_}.state.to_json()"] for name, name_ in
              (("show-synapses", "viewer"), ("draw", "drawing"), ("again", "drawing"))}  # fmt: skip
    steps = {
        "draw": draw_annotations,
        "table": measured,
        "again": lambda book: book.until_state(
            "draw", "s.layers[1].annotations.every((a) => a.props?.length === 1)"
        ),
    }
    said = walk(book, states, steps)
    assert said["read"].strip() == "2 annotations: point, line"


def test_app(open_notebook: Callable[..., Any]) -> None:
    book = open_notebook("5_app.ipynb")
    said = walk(
        book,
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
    )
    assert said["same"] == "True"


def test_solutions(open_notebook: Callable[..., Any]) -> None:
    book = open_notebook("workshop/solutions.ipynb", "lab")
    states = {
        "view-2": ["viewer.state.to_json()"],
        "view-3": ["brain.state"],
        "view-4": ["view.state"],
        "view-6": ["mend.state.to_json()"],
        "view-7": ["marking.state.to_json()"],
    }
    said = walk(book, states, {})
    verdicts = {id: text for id, text in said.items() if id.startswith("check-")}
    assert len(verdicts) == 9
    assert all(text.startswith("✔") for text in verdicts.values()), verdicts
