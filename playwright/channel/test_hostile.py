"""Who does not belong to a session, and what is no message, does nothing but be counted."""

from __future__ import annotations

from typing import Any

import pytest

STATE = "(await one.ask('state', {})).result.probes[0]"
JUNK = """[null, 5, "text", [], {}, { text: "{" }, { text: "[]" }, { text: 5 }, { to: "python" }, { to: "python", text: "{" },
  { to: "python", text: "{}", data: "no bytes" }, { to: "python", text: '{"peer": "short"}' },
  { to: "page", text: "[" }, { to: "page", text: "null" }, { to: "page" },
  ...[{}, { n: 1, kind: "request", id: 1, method: "echo" }, { hello: "0".repeat(32) }, { close: "guessed" }, { welcome: {} },
    { kind: "open", n: 1, token: "1".repeat(32) }, { n: 1, kind: "reply", id: 1, result: "guessed" }]
    .flatMap((message) => ["page", "python"].map((to) => ({ to, text: JSON.stringify({ peer: "a".repeat(32), ...message }) })))]"""


def works(tab: Any) -> None:
    assert tab.run("return (await one.ask('echo', { n: 5 })).result") == {"n": 5, "label": "one"}


@pytest.mark.parametrize("where", ["the same origin", "another origin"])
def test_another_tab_that_guesses(tab: Any, where: str) -> None:
    """It knows how everything works, but no token: nothing of it arrives, and it hears nothing."""
    before = tab.run(f"return {STATE}.refused")
    token = tab.run("return probes[0].model.carriers.token")
    other = tab.page.context.new_page()
    url = tab.page.url.rpartition("/")[0] + "/"
    # Another origin may even know the token.
    names = "['', '0'.repeat(32), 'panel-neuroglancer']"
    if where == "another origin":
        url, names = url.replace("127.0.0.1", "localhost"), f"['{token}']"
    other.goto(url + "static/boot/icon.svg" if tab.kind != "serve" else url)
    other.evaluate(f"""() => {{
      window.overheard = [];
      for (const name of {names}) {{
        const channel = new BroadcastChannel("panel-neuroglancer." + name);
        channel.onmessage = ({{ data }}) => overheard.push(data);
        for (const junk of {JUNK}) channel.postMessage(junk);
      }}
      window.postMessage("anything", "*");
    }}""")
    tab.run("for (let n = 0; n < 50; n++) await one.ask('echo', { n })")
    assert other.evaluate("overheard") == []
    assert tab.run(f"return {STATE}.refused") == before
    other.close()
    works(tab)


def test_junk_on_the_carrier_itself(tab: Any) -> None:
    before = tab.run(f"return {STATE}.refused")
    tab.run(f"""
      const token = probes[0].model.carriers.token;
      const broadcast = new BroadcastChannel("panel-neuroglancer." + token);
      const worker = window.hiddenWorker ?? (typeof pyodideWorker === "undefined" ? undefined : pyodideWorker);
      const direct = globalThis[Symbol.for("panel-neuroglancer.direct")];
      const {{ port1, port2 }} = new MessageChannel();
      worker?.postMessage({{ type: "panel-neuroglancer.port", token }}, [port2]);
      worker?.postMessage({{ type: "panel-neuroglancer.port", token: "guessed" }});
      worker?.postMessage({{ type: "panel-neuroglancer.port", token }});
      if (direct?.get("guessed") !== undefined) throw new Error("A guess was right");
      const send = direct?.get(token)(() => {{}});
      for (const junk of {JUNK}) {{
        broadcast.postMessage(junk);
        port1.postMessage([junk?.text, junk?.data]);
        port1.postMessage(junk);
        send?.(junk?.text, junk?.data);
        send?.(junk);
        if (one.carrier === "comm") probes[0].model.send_msg(junk);
      }}
    """)
    tab.page.wait_for_function(
        f"async (x) => {{ const one = probes[0].channel; return {STATE}.refused > x + 10; }}", arg=before
    )
    works(tab)
    # The log says it once, for people.
    tab.watch.expect("Dropped what is no message of a page that is known")


def test_two_tabs_of_a_site_do_not_meet(open_tab: Any) -> None:
    tabs = [open_tab("broadcast").ready()]
    tabs.append(open_tab("broadcast", beside=tabs[0]).ready())
    for n, tab in enumerate(tabs):
        tab.run(
            "for (let i = 0; i < 100; i++) one.tell('count', { n: x }); await one.ask('burst', { n: 10 + x })",
            n,
        )
    for n, tab in enumerate(tabs):
        assert tab.run("return (await one.ask('told', {})).result.told") == [n] * 100
        tab.page.wait_for_function("n => probes[0].heard.length === 10 + n", arg=n)
        assert tab.run("return [probes[0].heard.length, probes[1].heard.length]") == [10 + n, 0]
    states = [tab.run(f"return {STATE}") for tab in tabs]
    assert [len(state["peers"]) for state in states] == [1, 1]
    assert [state["refused"] for state in states] == [0, 0]
