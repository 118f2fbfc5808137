"""Drives a notebook in JupyterLab, Notebook 7 or JupyterLite through the application's own objects."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

# What the driver calls in the page. Every wait has a limit and says what it waited for.
SCRIPT = """
const within = (what, seconds, promise) => Promise.race([
  promise,
  new Promise((_, fail) => setTimeout(() => fail(new Error(`${what}: not within ${seconds} s`)), 1000 * seconds)),
]);
const until = async (what, seconds, condition) => {
  for (const end = performance.now() + 1000 * seconds; ; ) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((next) => setTimeout(next, 30));
  }
};
window.lab = {
  name: "",
  get panel() { return lab.panelOf(lab.name); },
  get kernel() { return lab.panel.sessionContext.session?.kernel; },
  execute: (command, args = {}) => within(command, 60, jupyterapp.commands.execute(command, args)),
  opened: async (name) => {
    await until("JupyterLab", 60, () => Boolean(window.jupyterapp));
    await within("JupyterLab", 60, jupyterapp.restored);
    lab.name = name;
    await until(`the notebook ${name}`, 60, () => lab.panel);
    jupyterapp.shell.activateById(lab.panel.id);
    await within("the notebook's content", 60, lab.panel.context.ready);
    await within("the notebook's cells", 60, lab.panel.revealed);
    await until("the kernel", 60, () => lab.kernel?.status === "idle");
  },
  /** Run a cell to its end. */
  run: async (index, seconds) => {
    const { content } = lab.panel;
    content.deselectAll();
    content.activeCellIndex = index;
    await within(`cell ${index}`, seconds, jupyterapp.commands.execute("notebook:run-cell"));
    return lab.failure();
  },
  /** The first error of the notebook's outputs. */
  failure: () => {
    for (const cell of lab.panel.content.model.sharedModel.toJSON().cells)
      for (const output of cell.outputs ?? []) if (output.output_type === "error") return output.traceback.join("\\n");
    return null;
  },
  /** What an expression is in the kernel. */
  python: async (expression) => {
    const future = lab.kernel.requestExecute({
      code: "", silent: true, store_history: false, user_expressions: { x: `__import__("json").dumps(${expression})` },
    });
    const { x } = (await within(expression, 60, future.done)).content.user_expressions;
    if (x.status !== "ok") throw new Error(`${expression}: ${x.evalue}`);
    return x.data["text/plain"];
  },
  until,
  /** The viewers in a part of the page, as places among all. */
  viewersIn: (element) => deep(".panel-neuroglancer-viewer").flatMap((viewer, i) => {
    let node = viewer;
    while (node && node !== element) node = node.parentNode ?? node.host;
    return node ? [i] : [];
  }),
  panelOf: (name) => [...jupyterapp.shell.widgets("main")].find((widget) => widget.context?.path?.endsWith(name)),
  outputView: () => [...jupyterapp.shell.widgets("main")].find((widget) => widget.content?.node?.matches(".jp-LinkedOutputView")),
};
"""


@dataclass
class Notebook:
    """A notebook that is open in a page."""

    page: Page
    url: str

    def open(self) -> Notebook:
        """Load the page, or load it again."""
        self.page.goto(self.url)
        self.page.evaluate(SCRIPT)
        self.page.evaluate("name => lab.opened(name)", self.name)
        return self

    def command(self, name: str, **arguments: Any) -> None:
        """Run a command of the application."""
        self.page.evaluate("([name, x]) => lab.execute(name, x).then(() => {})", [name, arguments])

    @property
    def name(self) -> str:
        return self.url.partition("?")[0].rpartition("/")[2]

    def beside(self, name: str) -> Notebook:
        """Open another notebook in the same page."""
        self.command("docmanager:open", path=name)
        self.page.evaluate("name => lab.opened(name)", name)
        return Notebook(self.page, self.url.replace(self.name, name))

    def show(self) -> None:
        """Bring the notebook to the front again."""
        self.page.evaluate("name => lab.opened(name)", self.name)

    def in_panel(self) -> int:
        """Return the place of this notebook's first viewer among the page's."""
        return self._first_in(f"lab.panelOf({self.name!r})")

    def in_cell(self, cell: int) -> int:
        """Bring a cell into view, as JupyterLab takes others off the page, and return the place of its first viewer."""
        self.page.evaluate("cell => lab.panel.content.scrollToItem(cell)", cell)
        return self._first_in(f"lab.panel.content.widgets[{cell}]")

    def in_output_view(self) -> int:
        """Return the place of the viewer in the output view among the page's."""
        return self._first_in("lab.outputView()")

    def _first_in(self, widget: str) -> int:
        # JupyterLab may still be taking other cells off the page, which moves the places.
        return int(
            self.page.evaluate(
                f"""async () => {{
                  const end = performance.now() + 60_000;
                  for (let found, same = 0; ; ) {{
                    await new Promise(requestAnimationFrame);
                    const [now] = lab.viewersIn({widget}?.node);
                    same = now === found ? same + 1 : 0;
                    found = now;
                    if (now !== undefined && same === 10) return now;
                    if (performance.now() > end) throw new Error("no viewer in {widget.replace('"', "'")}");
                  }}
                }}"""
            )
        )

    def close_output_view(self) -> None:
        self.page.evaluate("lab.outputView().close()")
        self.show()

    def restart(self) -> None:
        """Restart the kernel."""
        self.page.evaluate("lab.panel.sessionContext.restartKernel()")
        self.page.evaluate("lab.until('the kernel', 60, () => lab.kernel?.status === 'idle')")

    def busy(self) -> None:
        """Wait until the kernel is busy."""
        self.page.evaluate(
            "lab.until('a busy kernel', 60, () => lab.kernel?.status === 'busy').then(() => {})"
        )

    # Cells

    def select(self, cell: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate(
            "i => { lab.panel.content.deselectAll(); lab.panel.content.activeCellIndex = i }", cell
        )

    def run(self, cell: int, seconds: float = 60) -> None:
        """Run a cell to its end."""
        failure = self.page.evaluate("([cell, seconds]) => lab.run(cell, seconds)", [cell, seconds])
        assert failure is None, failure

    def start(self, cell: int) -> None:
        """Run a cell and do not wait."""
        self.page.evaluate("cell => { window.running = lab.run(cell, 60) }", cell)

    def finish(self) -> str | None:
        """Wait for the cell that was started; return its error, if it had one."""
        failure: str | None = self.page.evaluate("running")
        return failure

    def cell(self, index: int) -> Any:
        """Return the element of a cell that is in the page."""
        return self.page.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """Return the outputs of a cell as they are in memory."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "i => lab.panel.content.model.sharedModel.toJSON().cells[i].outputs", cell
        )
        return found

    # Python

    def python(self, expression: str) -> Any:
        """Return what an expression is in the kernel, as JSON."""
        import ast

        return json.loads(ast.literal_eval(self.page.evaluate("x => lab.python(x)", expression)))

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression is true in the kernel."""
        self.page.evaluate(
            "([x, s]) => lab.until(x, s, async () => (await lab.python(`bool(${x})`)).includes('true'))",
            [expression, seconds],
        )

    # Viewers (see playwright/component/page.js)

    def wait(self, script: str, argument: Any = None, i: int = 0, seconds: float = 60) -> Any:
        """Wait until an expression of ``v``, an upstream viewer, ``e``, its element, and ``x``, the argument, holds."""
        code = (
            "([i, x, script, seconds]) => lab.until(script, seconds, () => { const e = viewer(i), v = e?.neuroglancerViewer;"
            f" return v && ({script}); }}).then(() => {{}})"
        )
        return self.page.evaluate(code, [i, argument, script, seconds])

    def view(self, script: str, argument: Any = None, i: int = 0) -> Any:
        """Evaluate an expression of ``v``, ``e`` and ``x``."""
        return self.page.evaluate(
            f"([i, x]) => {{ const e = viewer(i), v = e.neuroglancerViewer; return ({script}); }}",
            [i, argument],
        )

    def drawn(self, i: int = 0) -> None:
        """Wait until a viewer has drawn all its data."""
        self.wait("v.layerManager.managedLayers.length > 0 && v.isReady()", i=i)

    def picture(self, i: int = 0) -> NDArray[np.uint8]:
        """Return a viewer's first panel as pixels ``[y, x, rgb]``."""
        got = self.page.evaluate("i => picture(i)", i)
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(got["png"]))).convert("RGB"))
        left, top, width, height = got["panels"][0]
        return image[top : top + height, left : left + width]
