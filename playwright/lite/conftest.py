"""Notebooks in JupyterLite: opened, run cell by cell, looked at and clicked like a person would."""

from __future__ import annotations

import base64
import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build/lite"
START = 180_000  # ms: JupyterLite and Python, on a slow machine
CELL = 120_000
DRAWN = 60_000
# JupyterLab's remarks on its own menus, keys and uploads, and on a kernel that is called as the language.
JUPYTER = (
    "Menu entry for command",
    "default shortcut because it collides with another enabled default shortcut",
    "Uploader widget not found",
    "No exact match found for python, using kernel python",
    # Panel's extension asks Jupyter servers for a layout, and this is none.
    "/panel-preview/layout/",
)

# Everything a test asks of the page; cells are named by their id in the file.
PAGE = """
window.book = () => {
  const { shell } = window.jupyterapp;
  return [...shell.widgets("main")].find((widget) => widget.content?.widgets && widget.sessionContext);
};
window.cell = (id) => book().content.widgets.find((widget) => widget.model.id === id);
window.kernel = () => book()?.sessionContext.session?.kernel;
window.outputs = (id) => cell(id).model.outputs.toJSON();
/** The viewers in a cell's output. */
window.viewers = (id) => deep(".panel-neuroglancer-viewer", cell(id).node).filter((e) => e.neuroglancerViewer);
window.upstream = (id, i) => viewers(id)[i]?.neuroglancerViewer;
window.isDrawn = (id, i) => {
  const viewer = upstream(id, i);
  return Boolean(viewer?.isReady() && viewer.layerManager.managedLayers.every((layer) => layer.isReady()));
};
window.canvas = (id, i) => {
  const { display } = upstream(id, i);
  display.draw();
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [display.canvas.width, display.canvas.height];
  copy.getContext("2d").drawImage(display.canvas, 0, 0);
  return copy.toDataURL().split(",")[1];
};
/** Bring a cell's viewer into view, and wait until JupyterLab, too, has done with scrolling. */
window.showViewer = async (id, i) => {
  if (!viewers(id).length) await book().content.scrollToCell?.(cell(id));
  let [before, same] = ["", 0];
  while (same < 10) {
    await new Promise(requestAnimationFrame);
    const element = viewers(id)[i];
    if (!element) continue;
    const { top, bottom } = element.getBoundingClientRect();
    const view = book().content.outerNode ?? book().content.node;
    const frame = view.getBoundingClientRect();
    if (same === 0 && (top < frame.top || bottom > frame.bottom)) element.scrollIntoView({ block: "center" });
    const now = `${top} ${bottom}`;
    [before, same] = [now, now === before ? same + 1 : 0];
  }
};
window.runCell = async (id) => {
  const { content } = book();
  content.activeCellIndex = content.widgets.indexOf(cell(id));
  content.deselectAll();
  await window.jupyterapp.commands.execute("notebook:run-cell");
};
window.execute = async (code) => {
  const future = kernel().requestExecute({ code, store_history: false });
  let [said, failed] = ["", ""];
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
    if (header.msg_type === "error") failed = `${content.ename}: ${content.evalue}`;
  };
  await future.done;
  return { said, failed };
};
/** Ask Python again and again: while it waits for something itself, it need not hear of it. */
window.holds = async (expression) => {
  for (;;) {
    const { said, failed } = await execute(`print(bool(${expression}))`);
    if (failed) throw failed;
    if (said.trim() === "True") return;
    await new Promise((done) => setTimeout(done, 100));
  }
};
/** Start something that takes time; `finished` then tells how it went. */
window.begin = (name, ...values) => {
  window.finished = null;
  window[name](...values).then(
    (value) => { window.finished = { value }; },
    (error) => { window.finished = { error: String(error) }; },
  );
};
"""


@dataclass
class Notebook:
    """An open notebook."""

    page: Page
    watch: Any
    console: deque[str] = field(default_factory=lambda: deque(maxlen=15))

    @contextmanager
    def expecting(self, what: str) -> Iterator[None]:
        """Say what did not come in time, and what the page said last."""
        try:
            yield
        except Error as error:
            said = "\n  ".join(line[:500] for line in self.console)
            raise AssertionError(f"{what}: {error.message}\nThe console's last lines:\n  {said}") from error

    def until(self, what: str, condition: str, argument: Any = None, timeout: float = DRAWN) -> None:
        """Wait until an expression of ``x``, the argument, holds."""
        with self.expecting(what):
            self.page.wait_for_function(f"x => {condition}", arg=argument, timeout=timeout)

    def open(self, url: str) -> None:
        """Open a notebook's page and wait until its kernel answers."""
        with self.expecting(f"opening {url}"):
            self.page.goto(url, timeout=START)
        self.until("no notebook", "window.jupyterapp && book()?.content.widgets.length", timeout=START)
        self.until("no kernel", "kernel()?.status === 'idle'", timeout=START)
        # Idle it also says before it has answered anything.
        self.python("pass", timeout=START)

    def _finish(self, what: str, name: str, *values: Any, timeout: float) -> Any:
        self.page.evaluate("([name, ...values]) => begin(name, ...values)", [name, *values])
        self.until(what, "window.finished", timeout=timeout)
        result = self.page.evaluate("finished")
        assert "error" not in result, f"{what}: {result['error']}"
        return result.get("value")

    def cells(self) -> list[dict[str, Any]]:
        """Return the code cells as the file has them."""
        cells: list[dict[str, Any]] = self.page.evaluate(
            "() => book().content.widgets.map((w) => w.model.toJSON())"
        )
        return [cell for cell in cells if cell["cell_type"] == "code"]

    def run(self, id: str, timeout: float = CELL) -> str:
        """Run a cell; return its text, or fail with its error."""
        self._finish(f"cell {id!r} does not end", "runCell", id, timeout=timeout)
        outputs = self.page.evaluate("outputs", id)
        errors = [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]
        assert not errors, f"cell {id!r} raised {errors[0]}"
        return "".join(map(_text, outputs))

    def python(self, code: str, timeout: float = CELL) -> str:
        """Let the kernel run some code beside the cells; return what it printed."""
        result = self._finish(f"{code!r} does not end", "execute", code, timeout=timeout)
        assert not result["failed"], f"{code!r} raised {result['failed']}"
        return str(result["said"]).strip()

    def until_python(self, expression: str, timeout: float = DRAWN) -> None:
        """Wait until an expression of the kernel's holds."""
        self._finish(f"{expression!r} never holds", "holds", expression, timeout=timeout)

    def scroll_to(self, id: str, i: int = 0) -> None:
        """Bring a cell's viewer into view, and wait until it lies still."""
        self._finish(f"cell {id!r} has no viewer, or it never lies still", "showViewer", id, i, timeout=DRAWN)

    def drawn(self, id: str, i: int = 0) -> None:
        """Wait until all that a cell's viewer needs is loaded."""
        self.scroll_to(id, i)
        self.until(f"the viewer of cell {id!r} is not drawn", "isDrawn(...x)", [id, i])

    def state(self, id: str, i: int = 0) -> dict[str, Any]:
        """Return the state that a viewer shows."""
        shown: dict[str, Any] = self.page.evaluate(
            "x => JSON.parse(JSON.stringify(upstream(...x).state.toJSON()))", [id, i]
        )
        return shown

    def until_state(self, id: str, condition: str, i: int = 0) -> None:
        """Wait until an expression of ``s``, the state that a viewer shows, holds."""
        self.until(
            f"the viewer of cell {id!r} never had {condition}",
            f"{{ const v = upstream(...x); if (!v) return false; const s = v.state.toJSON(); return {condition}; }}",
            [id, i],
        )

    def pixels(self, id: str, i: int = 0) -> NDArray[np.uint8]:
        """Return a viewer's canvas as ``[y, x, rgb]`` once everything is drawn."""
        self.drawn(id, i)
        png = self.page.evaluate("x => canvas(...x)", [id, i])
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))

    def point(self, id: str, place: list[float], i: int = 0) -> tuple[float, float]:
        """Return where on the page a position of the data lies, in the first of a viewer's slices."""
        self.drawn(id, i)
        x, y = self.page.evaluate(
            """([id, i, place]) => {
              const viewer = upstream(id, i);
              const panel = [...viewer.display.panels].find((panel) => panel.sliceView);
              const { displayDimensionRenderInfo, viewProjectionMat: m } = panel.sliceView.projectionParameters.value;
              const p = [...displayDimensionRenderInfo.displayDimensionIndices].map((d) => (d < 0 ? 0 : place[d]));
              const at = (row) => m[row] * p[0] + m[4 + row] * p[1] + m[8 + row] * p[2] + m[12 + row];
              const { canvas } = viewer.display, box = canvas.getBoundingClientRect();
              const { width, height } = panel.renderViewport, scale = box.width / canvas.width;
              const left = panel.canvasRelativeClippedLeft + ((at(0) / at(3) + 1) / 2) * width;
              const top = panel.canvasRelativeClippedTop + ((1 - at(1) / at(3)) / 2) * height;
              return [box.x + left * scale, box.y + top * scale];
            }""",
            [id, i, place],
        )
        return x, y

    def click(
        self, id: str, place: list[float], i: int = 0, modifier: str | None = None, count: int = 1
    ) -> None:
        """Click a position of the data, with a real mouse, once the viewer knows what is under it."""
        x, y = self.point(id, place, i)
        self.page.mouse.move(x, y)
        self.until(
            f"the viewer of cell {id!r} does not see the mouse at {place}",
            "{ const m = upstream(x[0], x[1]).mouseState; return m.active && "
            "x[2].every((c, d) => Math.abs(m.position[d] - c) < 2); }",
            [id, i, place],
        )
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(x, y, click_count=count)
        if modifier:
            self.page.keyboard.up(modifier)


def _text(output: dict[str, Any]) -> str:
    text = output.get("text", output.get("data", {}).get("text/plain", ""))
    return text if isinstance(text, str) else "".join(text)


@pytest.fixture(scope="session")
def lite(serve_folders: Callable[..., Any]) -> Iterator[str]:
    """The address of the site of notebooks, under a sub-path."""
    assert (SITE / "lab").is_dir(), f"{SITE} is missing: run `make lite`"
    with serve_folders(**{"course": SITE}) as url:
        yield f"{url}course/"


@contextmanager
def _opener(
    browser: Browser, lite: str, watched: Callable[[BrowserContext], Any]
) -> Iterator[Callable[..., Notebook]]:
    opened: list[tuple[BrowserContext, Any]] = []

    def go(path: str, app: str = "notebooks") -> Notebook:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        context.add_init_script(path=ROOT / "playwright/component/page.js")
        context.add_init_script(PAGE)
        watch = watched(context)
        watch.expect(*JUPYTER)
        opened.append((context, watch))
        notebook = Notebook(context.new_page(), watch)
        notebook.page.on(
            "console", lambda message: notebook.console.append(f"{message.type}: {message.text}")
        )
        notebook.page.set_default_timeout(DRAWN)
        notebook.open(f"{lite}{app}/index.html?path={path}")
        return notebook

    yield go
    for context, _ in opened:
        context.close()
    for _, watch in opened:
        watch.check()


@pytest.fixture
def open_notebook(browser: Browser, lite: str, watched: Any) -> Iterator[Callable[..., Notebook]]:
    """Opens a notebook of the site in ``lab`` or ``notebooks``, each in a browser that has never seen the site."""
    with _opener(browser, lite, watched) as go:
        yield go


@pytest.fixture(scope="module")
def open_shared(browser: Browser, lite: str, watched: Any) -> Iterator[Callable[..., Notebook]]:
    """Opens a notebook that several tests share."""
    with _opener(browser, lite, watched) as go:
        yield go
