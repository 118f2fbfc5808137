"""When one end goes in the middle: what waits fails at once with a clear error, and nobody else is disturbed."""

from __future__ import annotations

from typing import Any

import pytest

# 100 questions whose answers never come; 16 of them are with Python.
PENDING = """
  window.outcomes = [];
  for (let n = 0; n < 100; n++)
    one.ask("never", {}).catch(({ kind, message }) => window.outcomes.push([kind, message]));
  await one.ask("echo", {}, { signal: AbortSignal.timeout(1) }).catch(() => {});
"""
WITH_PYTHON = (
    "async () => (await probes[1].channel.ask('state', {})).result.probes.some((p) => p.running === 16)"
)


def fails_at_once(tab: Any) -> None:
    tab.page.wait_for_function("outcomes.length === 100")
    assert {kind for kind, _ in tab.page.evaluate("outcomes")} == {"closed"}
    assert tab.run("return await one.ask('echo', {}).catch(({ kind }) => kind)") == "closed"


@pytest.mark.parametrize("kind", ["pyodide-worker", "stock", "broadcast"])
def test_a_worker_that_is_terminated(open_tab: Any, kind: str) -> None:
    tab = open_tab(kind).ready()
    tab.run(PENDING)
    tab.page.wait_for_function(WITH_PYTHON)
    tab.page.evaluate("(window.hiddenWorker ?? pyodideWorker).terminate()")
    fails_at_once(tab)
    if kind == "pyodide-worker":
        tab.page.reload()
        tab.ready()
        assert tab.run("return (await one.ask('echo', { n: 1 })).result.n") == 1


def test_a_server_that_ends(open_tab: Any, run_server: Any) -> None:
    with run_server() as url:
        tab = open_tab("serve", url=url).ready()
        tab.watch.expect("WebSocket", "websocket", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "Lost")
        tab.run(PENDING)
        tab.page.wait_for_function(WITH_PYTHON)
    fails_at_once(tab)


def test_a_page_that_is_reloaded(open_tab: Any) -> None:
    tab = open_tab("serve").ready()
    other = open_tab("serve").ready()
    tab.run(PENDING)
    other.run("window.kept = one.ask('later', { n: 1, seconds: 0.1 })")
    peers = "(await probes[0].channel.ask('state', {})).result.probes.filter((p) => p.running === 16)"
    other.page.wait_for_function(f"async () => ({peers}).length > 0")
    tab.page.reload()
    tab.ready()
    assert tab.run("return (await one.ask('echo', { n: 1 })).result.n") == 1
    assert other.run("return (await window.kept).result.n") == 1
    # Python takes back what it was doing for the page that is gone, once its session has ended.
    other.page.wait_for_function(f"async () => ({peers}).length === 0")


def test_a_model_that_is_removed(open_tab: Any) -> None:
    tab = open_tab("serve").ready()
    tab.run("""
      window.outcome = two.ask("never", {}).catch(({ kind, message }) => [kind, message]);
      window.kept = one.ask("later", { n: 1, seconds: 0.1 });
      await two.ask("echo", {});
      await one.ask("remove", {});
    """)
    assert tab.page.evaluate("outcome") == ["closed", "The viewer was removed from the page"]
    assert tab.run("return (await window.kept).result.n") == 1
    tab.page.wait_for_function(
        "async () => (await probes[0].channel.ask('state', {})).result.probes.at(-1).peers.length === 0"
    )
