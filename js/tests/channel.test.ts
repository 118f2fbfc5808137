// The channel over carriers that are made up: which it finds, and what it says when they fail.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CarrierModel } from "../src/carriers";
import { Channel, type ChannelError } from "../src/channel";
import { TIMEOUT_MS } from "../src/exchange";
import type { Message } from "../src/link";
import { numbers } from "./conversation";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What is sent in one go is sent at its end. */
const settled = () => vi.advanceTimersByTimeAsync(0);

/** A model whose messages a test answers, or not. */
function model(offers = ["port", "broadcast", "from the future"]) {
  const listeners = new Map<string, (event?: unknown) => void>();
  const sent: Message[] = [];
  const fake: CarrierModel = {
    carriers: { token: "t".repeat(32), offers },
    on: (name, callback) => void listeners.set(name, callback),
    off: (name) => void listeners.delete(name),
    send_msg: (messages) => {
      for (const { text } of messages as { text: string }[]) sent.push(JSON.parse(text));
    },
    document: { on_event: (name, callback) => void listeners.set(name, callback) },
  };
  const say = (message: Message) => listeners.get("msg:custom")?.({ text: JSON.stringify(message) });
  return { fake, sent, say, listeners };
}

test("falls back to Panel's messages, and goes on asking until it is heard", async () => {
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      postMessage() {}
      close() {}
    },
  );
  const { fake, sent, say } = model();
  const channel = new Channel(fake);
  await settled();
  const answer = channel.ask("double", { n: 4 });
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual([{ peer: sent[0]?.peer, hello: "t".repeat(32) }]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sent.length).toBeGreaterThan(3);
  const { peer } = sent[0] as { peer: string };
  say({ peer: "somebody else's", welcome: {} });
  say({ peer, n: 1, kind: "reply", id: 1, result: "before any welcome" });
  say({ peer });
  expect(channel.carrier).toBeUndefined();
  sent.length = 0;
  say({ peer, welcome: { life: null } });
  await settled();
  expect(channel.carrier).toBe("comm");
  expect(sent.map(({ kind }) => kind)).toEqual(["open", "request"]);
  say({ peer: "somebody else's", n: 1, kind: "reply", id: 1, result: 9 });
  say({ peer, n: 1, kind: "reply", id: 1, result: 8 });
  say({ peer, n: 1, kind: "reply", id: 1, result: 8 });
  expect((await answer).result).toBe(8);
  channel.close("over");
  await settled();
  expect(sent.at(-1)).toEqual({ peer, close: "over" });
});

test("says so when nobody answers, and tries again when asked again", async () => {
  const { fake, sent } = model([]);
  const channel = new Channel(fake);
  await settled();
  const answer = channel.ask("anything", {});
  const caught = answer.catch((error: ChannelError) => error);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(await caught).toMatchObject({ kind: "timeout" });
  sent.length = 0;
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(sent).toEqual([]);
  channel.ask("anything", {}).catch(() => {});
  await settled();
  expect(sent.length).toBe(1);
});

test("a lost connection fails what waits, and the next one is used when it is there", async () => {
  const { fake, sent, say, listeners } = model([]);
  const channel = new Channel(fake);
  await settled();
  const { peer } = sent[0] as { peer: string };
  say({ peer, welcome: {} });
  await settled();
  const answer = channel.ask("anything", {});
  listeners.get("connection_lost")?.();
  await expect(answer).rejects.toMatchObject({ kind: "closed" });
  await expect(channel.ask("anything", {})).rejects.toMatchObject({ kind: "closed" });
  sent.length = 0;
  listeners.get("client_reconnected")?.();
  await settled();
  const { peer: next } = sent[0] as { peer: string };
  expect(next).not.toBe(peer);
  say({ peer: next, welcome: {} });
  await settled();
  expect(sent.at(-1)).toMatchObject({ kind: "open", former: peer });
  const later = channel.ask("anything", {});
  say({ peer: next, n: 1, kind: "reply", id: 2, result: 5 });
  expect((await later).result).toBe(5);
});

test("Python's end is noticed by its lock, and nothing is asked any more", async () => {
  let ended = () => {};
  vi.stubGlobal("navigator", {
    locks: {
      request: async (_: string, __: object, granted: () => void) => {
        ended = granted;
      },
    },
  });
  const { fake, sent, say } = model([]);
  const channel = new Channel(fake);
  await settled();
  say({ peer: sent[0]?.peer, welcome: { life: "name" } });
  const answers = numbers(100).map(() => channel.ask("anything", {}));
  ended();
  for (const answer of answers) await expect(answer).rejects.toMatchObject({ kind: "closed" });
  await expect(channel.ask("anything", {})).rejects.toThrow("its worker is gone");
});

test("without Python there is nobody to ask", async () => {
  const { fake } = model();
  const channel = new Channel({ ...fake, carriers: {} as CarrierModel["carriers"] });
  await expect(channel.ask("anything", {})).rejects.toMatchObject({ kind: "closed" });
});

test("what is asked before Python is there waits, as long as that takes, and goes to where Python is then", async () => {
  const arrival = Symbol.for("panel-neuroglancer.arrival");
  let arrive = (_: boolean) => {};
  const python = new Promise<boolean>((resolve) => {
    arrive = resolve;
  });
  const scope = globalThis as Record<symbol, unknown>;
  scope[arrival] = { python, pictures: [] };
  const { fake, sent, say } = model([]);
  const channel = new Channel(fake);
  const abort = new AbortController();
  const taken = channel.ask("never mind", {}, { signal: abort.signal });
  const answer = channel.ask("double", { n: 4 });
  abort.abort(new Error("taken back"));
  await expect(taken).rejects.toThrow("taken back");
  await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
  expect(sent).toEqual([]);
  Object.assign(fake, { carriers: { token: "p".repeat(32), offers: [] } });
  delete scope[arrival];
  arrive(true);
  await settled();
  expect(sent).toMatchObject([{ hello: "p".repeat(32) }]);
  const { peer } = sent[0] as { peer: string };
  say({ peer, welcome: {} });
  await settled();
  const asked = sent.find(({ kind }) => kind === "request") as { id: number; method: string };
  expect(asked.method).toBe("double");
  say({ peer, n: 1, kind: "reply", id: asked.id, result: 8 });
  expect((await answer).result).toBe(8);
});

test("what is asked before Python is there fails where none will come", async () => {
  const scope = globalThis as Record<symbol, unknown>;
  const arrival = Symbol.for("panel-neuroglancer.arrival");
  scope[arrival] = { python: Promise.resolve(false), pictures: [] };
  const channel = new Channel(model([]).fake);
  delete scope[arrival];
  await expect(channel.ask("anything", {})).rejects.toThrow("Python did not start");
  await expect(channel.ask("more", {})).rejects.toThrow("Python did not start");
});

test.each([undefined, null, 5, "{", "[]", "null", "5", '{"peer": 5}'])("%j is no message", async (text) => {
  const { fake, sent, say, listeners } = model([]);
  const channel = new Channel(fake);
  await settled();
  say({ peer: sent[0]?.peer, welcome: {} });
  await settled();
  listeners.get("msg:custom")?.({ text });
  listeners.get("msg:custom")?.(text);
  expect(channel.carrier).toBe("comm");
  expect(channel.refused).toBeGreaterThan(0);
});

test("where a message was lost, what only reads is asked once more over a new link, and what acts fails", async () => {
  const { fake, sent, say } = model([]);
  const channel = new Channel(fake);
  await settled();
  const { peer } = sent[0] as { peer: string };
  say({ peer, welcome: {} });
  const read = channel.ask("source.read", { path: "p" });
  const refused = expect(channel.ask("viewer.action", {})).rejects.toMatchObject({ kind: "lost" });
  await settled();
  sent.length = 0;
  // Python's first message never comes.
  for (const n of numbers(1100)) say({ peer, n: n + 2, kind: "event", method: "any", params: {} });
  await refused;
  await settled();
  const { peer: next } = sent.find(({ hello }) => hello) as { peer: string };
  expect(next).not.toBe(peer);
  say({ peer: next, welcome: {} });
  await settled();
  const asked = sent.filter(({ kind }) => kind === "request") as { id: number; method: string }[];
  expect(asked.map(({ method }) => method)).toEqual(["source.read"]);
  say({ peer: next, n: 1, kind: "reply", id: asked[0]?.id, result: 5 });
  expect((await read).result).toBe(5);
  // Python missed one of the page's.
  const again = channel.ask("viewer.action", {});
  say({ peer: next, broken: "Message 3 was lost on its way." });
  await expect(again).rejects.toMatchObject({ kind: "lost" });
});
