"""Notebooks in JupyterLab, Notebook 7 and JupyterLite: opened, run cell by cell, looked at and clicked like a person would.

A cell is named by its id in the file, or by its place.
"""

from __future__ import annotations

import base64
import io
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page

HERE = Path(__file__).parent
START = 180_000  # ms: JupyterLite and Python, on a slow machine
CELL = 120_000
DRAWN = 60_000
OUTPUT_VIEW = "output view"  # in place of a cell

Cell = str | int


@dataclass
class Notebook:
    """An open notebook."""

    page: Page
    watch: Any
    url: str
    name: str
    console: deque[str] = field(default_factory=lambda: deque(maxlen=15))

    # Waiting

    @contextmanager
    def expecting(self, what: str) -> Iterator[None]:
        """Say what did not come in time, and what the page said last."""
        try:
            yield
        except Error as error:
            said = "\n  ".join(line[:500] for line in self.console)
            raise AssertionError(f"{what}: {error.message}\nThe console's last lines:\n  {said}") from error

    def until(self, what: str, condition: str, argument: Any = None, timeout: float = DRAWN) -> None:
        """Wait until an expression of ``x``, the argument, holds in the page."""
        with self.expecting(what):
            self.page.wait_for_function(f"x => {condition}", arg=argument, timeout=timeout)

    def do(self, what: str, name: str, *values: Any, timeout: float = DRAWN) -> Any:
        """Call a function of the page's that takes time, and wait for what it gives."""
        return self.end(what, self.begin(name, *values), timeout)

    def begin(self, name: str, *values: Any) -> int:
        """Call a function of the page's and do not wait; returns what to ask for with `end`."""
        return int(self.page.evaluate("([name, ...values]) => begin(name, ...values)", [name, *values]))

    def end(self, what: str, begun: int, timeout: float = DRAWN) -> Any:
        """Wait for what was begun; return what it gives, or fail with its error."""
        self.until(what, "begun[x]", begun, timeout)
        result = self.page.evaluate("x => begun[x]", begun)
        assert "error" not in result, f"{what}: {result['error']}"
        return result.get("value")

    # The notebook

    def load(self) -> Notebook:
        """Load the notebook's page, or load it again."""
        with self.expecting(f"opening {self.url}"):
            self.page.goto(self.url, timeout=START)
        return self.show()

    def show(self) -> Notebook:
        """Turn to this notebook of the page's, once it is there and its kernel answers."""
        self.page.evaluate("name => { window.bookName = name }", self.name)
        self.until("no notebook", "window.jupyterapp && book()?.content.widgets.length", timeout=START)
        self.page.evaluate("jupyterapp.shell.activateById(book().id)")
        self.until("no kernel", "kernel()?.status === 'idle'", timeout=START)
        # Idle it also says before it has answered anything.
        self.python("pass", timeout=START)
        return self

    def beside(self, name: str, kernel: str | None = None) -> Notebook:
        """Open another notebook in the same page, with a kernel of its own or with one that is there."""
        self.command("docmanager:open", path=name, **({"kernel": {"id": kernel}} if kernel else {}))
        return Notebook(self.page, self.watch, self.url, name, self.console).show()

    def leave(self) -> None:
        """Close the notebook's tab; its kernel goes on."""
        self.do(f"closing {self.name}", "closeBook", False)
        self.until(f"{self.name} stays", "!books().some((b) => b.context.path.endsWith(x))", self.name)

    def leave_all(self) -> None:
        """Close all notebooks' tabs."""
        for name in self.page.evaluate("books().map((book) => book.context.path)"):
            self.page.evaluate("name => { window.bookName = name }", name)
            self.do(f"closing {name}", "closeBook", False)

    def close(self) -> None:
        """Close the notebook and end its kernel."""
        self.do(f"closing {self.name}", "closeBook", True)
        self.until(f"{self.name} stays", "!books().some((b) => b.context.path.endsWith(x))", self.name)

    def command(self, name: str, **arguments: Any) -> None:
        """Run a command of the application."""
        self.do(f"command {name}", "command", name, arguments)

    def restart(self) -> None:
        """Restart the kernel."""
        self.do("restarting the kernel", "restart", timeout=START)
        self.until("the kernel does not come back", "kernel()?.status === 'idle'", timeout=START)
        self.python("pass", timeout=START)

    # Cells

    def cells(self) -> list[dict[str, Any]]:
        """Return the code cells as the file has them."""
        cells: list[dict[str, Any]] = self.page.evaluate(
            "() => book().content.widgets.map((w) => w.model.toJSON())"
        )
        return [cell for cell in cells if cell["cell_type"] == "code"]

    def select(self, id: Cell) -> None:
        """Make a cell the active one."""
        self.page.evaluate("id => selectCell(id)", id)

    def run(self, id: Cell, timeout: float = CELL) -> str:
        """Run a cell; return its text, or fail with its error."""
        return self.finish(id, self.start(id), timeout)

    def start(self, id: Cell) -> int:
        """Begin to run a cell."""
        return self.begin("runCell", id)

    def finish(self, id: Cell, started: int, timeout: float = CELL) -> str:
        """Wait for a cell that was started; return its text, or fail with its error."""
        self.end(f"cell {id!r} does not end", started, timeout)
        outputs = self.outputs(id)
        errors = [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]
        assert not errors, f"cell {id!r} raised {errors[0]}"
        return "".join(map(_text, outputs))

    def outputs(self, id: Cell) -> list[dict[str, Any]]:
        """Return the outputs of a cell as they are in memory."""
        found: list[dict[str, Any]] = self.page.evaluate("id => outputs(id)", id)
        return found

    # Python

    def python(self, code: str, timeout: float = CELL) -> str:
        """Let the kernel run some code beside the cells; return what it printed."""
        return _said(code, self.do(f"{code!r} does not end", "execute", code, timeout=timeout))

    def start_python(self, code: str) -> int:
        """Begin to run some code beside the cells."""
        return self.begin("execute", code)

    def finish_python(self, what: str, started: int) -> str:
        """Wait for code that was started; return what it printed."""
        return _said(what, self.end(what, started))

    def ask(self, expression: str) -> Any:
        """Return a value of the kernel's, by way of JSON."""
        # Nothing is imported into the notebook that it may itself have forgotten to import.
        return json.loads(self.python(f"print(__import__('json').dumps({expression}))"))

    def until_python(self, expression: str, timeout: float = DRAWN) -> None:
        """Wait until an expression of the kernel's holds."""
        self.do(f"{expression!r} never holds", "holds", expression, timeout=timeout)

    # Viewers

    def scroll_to(self, id: Cell, i: int = 0) -> None:
        """Bring a cell's viewer into view, and wait until it lies still."""
        self.do(f"cell {id!r} has no viewer, or it never lies still", "showViewer", id, i)

    def drawn(self, id: Cell, i: int = 0) -> None:
        """Bring a cell's viewer into view, and wait until it has drawn all its data."""
        self.scroll_to(id, i)
        self.until(f"the viewer of cell {id!r} is not drawn", "isDrawn(...x)", [id, i])

    def view(self, id: Cell, script: str, argument: Any = None, i: int = 0) -> Any:
        """Evaluate an expression of ``v``, a viewer, ``e``, its element, and ``x``, the argument."""
        return self.page.evaluate(
            f"([id, i, x]) => {{ const e = viewers(id)[i], v = e.neuroglancerViewer; return ({script}); }}",
            [id, i, argument],
        )

    def state(self, id: Cell, i: int = 0) -> dict[str, Any]:
        """Return the state that a viewer shows."""
        shown: dict[str, Any] = self.view(id, "JSON.parse(JSON.stringify(v.state.toJSON()))", i=i)
        return shown

    def until_state(self, id: Cell, condition: str, i: int = 0) -> None:
        """Wait until an expression of ``s``, the state that a viewer shows, holds."""
        self.until(
            f"the viewer of cell {id!r} never had {condition}",
            f"{{ const v = upstream(...x); if (!v) return false; const s = v.state.toJSON(); return {condition}; }}",
            [id, i],
        )

    def pixels(self, id: Cell, i: int = 0) -> NDArray[np.uint8]:
        """Return a viewer's canvas as ``[y, x, rgb]`` once everything is drawn."""
        return self._look(id, i)[0]

    def panel(self, id: Cell, i: int = 0) -> NDArray[np.uint8]:
        """Return a viewer's first panel as ``[y, x, rgb]`` once everything is drawn."""
        image, (left, top, width, height) = self._look(id, i)
        return image[top : top + height, left : left + width]

    def _look(self, id: Cell, i: int) -> tuple[NDArray[np.uint8], list[int]]:
        self.drawn(id, i)
        got = self.page.evaluate("x => look(...x)", [id, i])
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(got["png"]))).convert("RGB")), got["panels"][
            0
        ]

    def point(self, id: Cell, place: list[float], i: int = 0) -> tuple[float, float]:
        """Return where on the page a position of the data lies, in the first of a viewer's slices."""
        self.drawn(id, i)
        x, y = self.view(
            id,
            """(() => {
              const panel = [...v.display.panels].find((panel) => panel.sliceView);
              const { displayDimensionRenderInfo, viewProjectionMat: m } = panel.sliceView.projectionParameters.value;
              const p = [...displayDimensionRenderInfo.displayDimensionIndices].map((d) => (d < 0 ? 0 : x[d]));
              const at = (row) => m[row] * p[0] + m[4 + row] * p[1] + m[8 + row] * p[2] + m[12 + row];
              const { canvas } = v.display, box = canvas.getBoundingClientRect();
              const { width, height } = panel.renderViewport, scale = box.width / canvas.width;
              const left = panel.canvasRelativeClippedLeft + ((at(0) / at(3) + 1) / 2) * width;
              const top = panel.canvasRelativeClippedTop + ((1 - at(1) / at(3)) / 2) * height;
              return [box.x + left * scale, box.y + top * scale];
            })()""",
            place,
            i,
        )
        return x, y

    def hover(self, id: Cell, place: list[float], i: int = 0) -> tuple[float, float]:
        """Bring the mouse to a position of the data, and wait until the viewer knows what is under it."""
        x, y = self.point(id, place, i)
        self.page.mouse.move(x, y)
        self.until(
            f"the viewer of cell {id!r} does not see the mouse at {place}",
            "{ const m = upstream(x[0], x[1]).mouseState; return m.active && "
            "x[2].every((c, d) => Math.abs(m.position[d] - c) < 2); }",
            [id, i, place],
        )
        return x, y

    def click(
        self,
        id: Cell,
        place: list[float],
        i: int = 0,
        modifier: str | None = None,
        count: int = 1,
        button: Any = "left",
    ) -> None:
        """Click a position of the data with a real mouse."""
        x, y = self.hover(id, place, i)
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(x, y, click_count=count, button=button)
        if modifier:
            self.page.keyboard.up(modifier)


def _said(what: str, result: dict[str, str]) -> str:
    assert not result["failed"], f"{what!r} raised {result['failed']}"
    return result["said"].strip()


def _text(output: dict[str, Any]) -> str:
    text = output.get("text", output.get("data", {}).get("text/plain", ""))
    return text if isinstance(text, str) else "".join(text)


@dataclass
class Desk:
    """Opens notebooks in one watched browser context; `address` gives a notebook's address in an application."""

    context: BrowserContext
    watch: Any
    address: Callable[[str, str], str]

    def open(self, name: str, app: str = "lab") -> Notebook:
        """Open a notebook in a tab of its own."""
        return self.tab(name, app).load()

    def tab(self, name: str, app: str) -> Notebook:
        """Give a tab for a notebook, still empty."""
        notebook = Notebook(self.context.new_page(), self.watch, self.address(name, app), name)
        notebook.page.on(
            "console", lambda message: notebook.console.append(f"{message.type}: {message.text}")
        )
        notebook.page.set_default_timeout(DRAWN)
        return notebook


@contextmanager
def watched_context(
    browser: Browser,
    watched: Callable[[BrowserContext], Any],
    expected: tuple[str, ...],
    viewport: tuple[int, int] = (1200, 900),
) -> Iterator[tuple[BrowserContext, Any]]:
    """Give a browser context with what the driver needs, and the watch over it, which is asked in the end."""
    context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
    context.add_init_script(path=HERE.parent / "component" / "page.js")
    context.add_init_script(path=HERE / "notebook_page.js")
    watch = watched(context)
    watch.expect(*expected)
    yield context, watch
    context.close()
    watch.check()
