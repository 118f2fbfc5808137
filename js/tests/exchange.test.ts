// Questions and answers over a wire that delays, shuffles and repeats: nothing may be lost or crossed.
import { expect, test, vi } from "vitest";
import type { Carrier } from "../src/carriers";
import { ChannelError } from "../src/channel";
import { Exchange, type Handler, IN_FLIGHT } from "../src/exchange";
import { Link } from "../src/link";
import { chance, numbers, PEER } from "./conversation";

/** Two ends; messages go through `shuffle`, in the event loop's own time. */
function pair(handlers: Record<string, Handler>, shuffle = (batch: (() => void)[]) => batch) {
  const ends: { exchange: Exchange; link: Link }[] = [];
  for (const side of [0, 1]) {
    const batch: (() => void)[] = [];
    const carrier: Carrier = {
      name: "pair",
      part: 1000,
      send: (text, data) => {
        const copy = data?.slice();
        batch.push(() => ends[1 - side]?.link.receive(JSON.parse(text), copy));
        if (batch.length === 1)
          setTimeout(() => {
            for (const carry of shuffle(batch.splice(0))) carry();
          });
      },
      close: () => {},
    };
    const exchange = new Exchange(new Map(side === 1 ? Object.entries(handlers) : []));
    const link = new Link(
      carrier,
      PEER,
      (message, data) => exchange.receive(message, data),
      (reason) => exchange.fail(reason),
    );
    ends.push({ exchange, link });
  }
  for (const { exchange, link } of ends) exchange.attach(link);
  return ends as [(typeof ends)[0], (typeof ends)[0]];
}

test("10,000 questions, with delays, errors and cancels, over a wire that shuffles and repeats", async () => {
  const random = chance(3);
  let running = 0;
  let most = 0;
  let given = 0;
  const work: Handler = async ({ n }, data, signal) => {
    running += 1;
    most = Math.max(most, running);
    signal.addEventListener("abort", () => {
      given += 1;
    });
    if (random() < 0.02) await new Promise((resolve) => setTimeout(resolve, 3 * random()));
    running -= 1;
    if ((n as number) % 7 === 0) throw new ChannelError("sevenfold", `${n}`);
    return { result: { n }, data: new Uint8Array(data ?? new ArrayBuffer(0)) };
  };
  const [{ exchange }] = pair({ work }, (batch) => {
    const twice = batch.flatMap((carry) => (random() < 0.2 ? [carry, carry] : [carry]));
    return twice
      .map((carry) => ({ carry, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ carry }) => carry);
  });
  const outcomes = await Promise.all(
    numbers(10_000).map(async (n) => {
      const abort = new AbortController();
      if (n % 10 === 3) setTimeout(() => abort.abort(new Error("enough")), 2000 * random());
      try {
        const options = { signal: abort.signal, data: Uint8Array.of(n % 256) };
        const { result, data } = await exchange.ask("work", { n }, options);
        return [(result as { n: number }).n, new Uint8Array(data as ArrayBuffer)[0]];
      } catch (error) {
        return (error as Error).message;
      }
    }),
  );
  outcomes.forEach((outcome, n) => {
    if (outcome === "enough") expect(n % 10).toBe(3);
    else expect(outcome).toEqual(n % 7 === 0 ? `${n}` : [n, n % 256]);
  });
  expect(most).toBeLessThanOrEqual(IN_FLIGHT + given);
}, 30_000);

test("a question that is taken back before it is sent is never sent", async () => {
  const seen: unknown[] = [];
  const hang: Handler = ({ n }) => {
    seen.push(n);
    return new Promise(() => {});
  };
  const [{ exchange, link }] = pair({ hang });
  const abort = new AbortController();
  const asked = numbers(IN_FLIGHT + 1).map((n) =>
    exchange.ask("hang", { n }, n === IN_FLIGHT ? { signal: abort.signal } : {}),
  );
  abort.abort(new Error("enough"));
  await expect(asked[IN_FLIGHT]).rejects.toThrow("enough");
  await vi.waitFor(() => expect(seen.length).toBe(IN_FLIGHT));
  link.end(new ChannelError("closed", "gone"));
  for (const question of asked.slice(0, IN_FLIGHT)) await expect(question).rejects.toThrow("gone");
});

test("1,000 events come in order", async () => {
  const seen: unknown[] = [];
  const [{ exchange }] = pair({ note: ({ n }) => void seen.push(n) });
  for (const n of numbers(1000)) exchange.tell("note", { n }, new Uint8Array(2500));
  await vi.waitFor(() => expect(seen).toEqual(numbers(1000)));
});
