"""The link between page and Python: each change and message once, in order, both ways."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

COUNT = 1000
PAIRS = 300  # each makes Python compute and answer

# Messages from Python that a step brought: `enough(them)` ends the wait.
GATHER = """
async ({ step, enough }) => {
  const { model, got } = window.counter;
  const start = got.length;
  const done = new Function("got", `return (${enough})`);
  new Function("model", step)(model);
  await new Promise((resolve) => {
    const look = () => (done(got.slice(start)) ? resolve() : requestAnimationFrame(look));
    look();
  });
  return got.slice(start);
}
"""


def gather(page: Page, step: str, enough: str = "got.length") -> list[Any]:
    result: list[Any] = page.evaluate(GATHER, {"step": step, "enough": enough})
    return result


def seen(page: Page, step: str) -> list[list[Any]]:
    """Return what Python saw of a step: it reports after all that came before."""
    ((report),) = gather(page, step + "; model.send_msg('report')")
    result: list[list[Any]] = report["seen"]
    return result


def test_properties_go_both_ways(counter: Page) -> None:
    counter.evaluate("counter.model.value = 4")
    expect(counter.locator("output")).to_have_text("value 4 total 10")
    counter.get_by_role("slider").press("ArrowRight")
    expect(counter.locator("output")).to_have_text("value 5 total 15")


def test_a_burst_of_messages_arrives_once_and_in_order(counter: Page) -> None:
    got = seen(counter, f"for (let i = 0; i < {COUNT}; i++) model.send_msg(i)")
    assert [entry[1] for entry in got] == list(range(COUNT))


def test_messages_and_properties_do_not_overtake_each_other(counter: Page) -> None:
    got = seen(counter, f"for (let i = 1; i <= {PAIRS}; i++) {{ model.value = i; model.send_msg(i) }}")
    expected = [entry for i in range(1, PAIRS + 1) for entry in (["value", i], ["message", i, i])]
    assert got == expected


def test_a_burst_of_one_property_ends_with_its_last_value(counter: Page) -> None:
    got = [value for _, value in seen(counter, f"for (let i = 1; i <= {COUNT}; i++) model.value = i")]
    assert got[-1] == COUNT
    assert got == sorted(set(got)), "a value came twice or after a newer one"
    expect(counter.locator("output")).to_have_text(f"value {COUNT} total {COUNT * (COUNT + 1) // 2}")


def test_properties_changed_one_by_one_arrive_one_by_one(counter: Page) -> None:
    step = """
      const wait = () => model.total === total ? next() : setTimeout(wait);
      let i = 0, total = 0;
      const next = () => { i += 1; total += i; if (i <= 50) { model.value = i; wait(); } else model.send_msg('report'); };
      next();
    """
    ((report),) = gather(counter, step)
    assert report["seen"] == [["value", i] for i in range(1, 51)]


def test_a_burst_from_python_arrives_once_and_in_order(counter: Page) -> None:
    counter.evaluate("""() => {
      window.echoes = [];
      counter.model.on("echo", () => window.echoes.push(counter.model.echo));
    }""")
    got = gather(counter, "model.send_msg('count')", f"got.length >= {COUNT}")
    assert got == [{"n": i, "echo": i} for i in range(1, COUNT + 1)]
    assert counter.evaluate("window.echoes") == list(range(1, COUNT + 1))


def test_both_ways_at_once(counter: Page) -> None:
    step = f"model.send_msg('count'); for (let i = 0; i < {COUNT}; i++) model.send_msg(i); model.send_msg('report')"
    got = gather(counter, step, "got.at(-1)?.seen")
    assert [entry["n"] for entry in got[:-1]] == list(range(1, COUNT + 1))
    assert [entry[1] for entry in got[-1]["seen"]] == list(range(COUNT))


def test_bytes_reach_python(counter: Page) -> None:
    assert gather(counter, "model.send_msg({ bytes: new Uint8Array(70000).fill(3).buffer })") == [
        {"length": 70000, "sum": 210000}
    ]


def test_what_raises_does_not_take_the_next_along(counter: Page, counter_watch: Any) -> None:
    counter_watch.expect("ValueError: asked for")
    got = seen(counter, "model.send_msg(1); model.send_msg('raise'); model.send_msg(2)")
    assert [entry[1] for entry in got] == [1, 2]
    assert any(
        "Python raised while it handled a change of the page" in complaint
        for complaint in counter_watch.complaints
    )


def test_a_package_that_nobody_used_comes_when_it_is_imported(counter: Page, counter_watch: Any) -> None:
    def wheels() -> list[str]:
        return [url for url in counter_watch.requests if "/narwhals-" in url]

    assert not wheels()
    ask = "model.send_msg({ module: 'narwhals' })"
    (answer,) = gather(counter, ask)
    assert (answer,) == tuple(gather(counter, ask))
    assert len(wheels()) == 1
    assert f"/narwhals-{answer['version']}-" in wheels()[0]
