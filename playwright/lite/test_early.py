"""The kernel of a page that opens a notebook starts before JupyterLab is there; other kernels as ever."""

from __future__ import annotations

from typing import Any

import pytest
from lessons import QUICKSTART

EARLY, OWN = "early-worker.mjs", "comlink.worker"


def kernels(page: Any) -> list[str]:
    """Return which workers run Python."""
    return [name for worker in page.workers for name in (EARLY, OWN) if name in worker.url]


@pytest.mark.parametrize("app", ["lab", "notebooks"])
def test_a_notebooks_kernel_has_begun_early(desk: Any, app: str) -> None:
    book = desk.open(QUICKSTART.path, app)
    assert kernels(book.page) == [EARLY]
    # Before any cell has asked for a viewer.
    book.until(
        "no engine",
        "performance.getEntriesByType('resource').some(({ name }) => /engine-[^/]+\\.js$/.test(name))",
    )
    assert book.python(
        "import os, sys; print(os.getcwd(), sys.argv is not None); print('warned', file=sys.stderr)"
    )
    # One more, and one again.
    book.restart()
    assert kernels(book.page) == [OWN]
    assert book.ask("1 + 1") == 2
    book.page.close()


def test_without_a_notebook_nothing_begins(desk: Any) -> None:
    tab = desk.tab("", "lab")
    tab.page.goto(tab.url)
    tab.until("no JupyterLab", "window.jupyterapp?.restored.then(() => true)")
    assert kernels(tab.page) == []
    tab.page.close()


def test_what_nobody_takes_is_ended(desk: Any) -> None:
    tab = desk.tab("not-there.ipynb", "lab")
    tab.page.clock.install()
    tab.page.goto(tab.url)
    tab.page.wait_for_function("window.Worker.name !== 'Worker'")
    assert kernels(tab.page) == [EARLY]
    with tab.page.workers[0].expect_event("close"):
        tab.page.clock.fast_forward(60_000)
    assert kernels(tab.page) == []
    tab.page.close()
