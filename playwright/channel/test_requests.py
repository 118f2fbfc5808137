"""Questions, answers and what is only told: nothing lost, nothing twice, nothing out of order, over every carrier."""

from __future__ import annotations

from typing import Any

KINDS = {
    "serve": "comm",
    "pyodide": "direct",
    "pyodide-worker": "port",
    "stock": "port",
    "broadcast": "broadcast",
}


def test_the_best_carrier_is_chosen(tab: Any) -> None:
    assert tab.run("return [one.carrier, two.carrier]") == [KINDS[tab.kind]] * 2


def test_questions_are_answered(tab: Any) -> None:
    got = tab.run("""
      const data = Uint8Array.from({ length: 70000 }, (_, i) => i % 251);
      const { result, data: back } = await one.ask("echo", { text: 'é "quoted"', list: [1, null, 2.5] }, { data });
      return [result, data.every((x, i) => x === new Uint8Array(back)[i]), back.byteLength];
    """)
    assert got == [{"text": 'é "quoted"', "list": [1, None, 2.5], "label": "one"}, True, 70000]
