// The channel over carriers that are made up: what any of them may do to the messages, nothing may be lost or crossed.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Carrier, CarrierModel } from "../src/carriers";
import { Channel, ChannelError } from "../src/channel";
import { Exchange, type Handler, IN_FLIGHT, TIMEOUT_MS } from "../src/exchange";
import { Link, type Message } from "../src/link";

const PEER = "p".repeat(32);

/** Numbers that look random, the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

class Wire implements Carrier {
  readonly name = "wire";
  sent: { text: string; data?: Uint8Array<ArrayBuffer> | undefined }[] = [];

  constructor(readonly part = Number.POSITIVE_INFINITY) {}

  send(text: string, data?: Uint8Array<ArrayBuffer>): void {
    this.sent.push({ text, data: data?.slice() });
  }

  close(): void {}
}

class End {
  readonly wire: Wire;
  readonly got: [unknown, number | undefined][] = [];
  readonly broke: string[] = [];
  readonly link: Link;

  constructor(part?: number) {
    this.wire = new Wire(part);
    this.link = new Link(
      this.wire,
      PEER,
      ({ x }, data) => this.got.push([x, data?.byteLength]),
      ({ kind }) => this.broke.push(kind),
    );
  }

  take(sent: Wire["sent"]): void {
    for (const { text, data } of sent) this.link.receive(JSON.parse(text), data);
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("link", () => {
  const send = (end: End, count: number, data?: Uint8Array) => {
    for (const x of numbers(count)) end.link.send({ kind: "event", x }, data);
  };
  const carry = (one: End, two: End) => {
    while (one.wire.sent.length + two.wire.sent.length > 0) {
      two.take(one.wire.sent.splice(0));
      one.take(two.wire.sent.splice(0));
    }
  };

  test("messages come in order and once whatever the wire does", () => {
    const [one, two, random] = [new End(), new End(), chance(1)];
    send(one, 200, new Uint8Array(4));
    const twice = [...one.wire.sent, ...one.wire.sent].map((message) => ({ message, at: random() }));
    two.take(twice.sort((a, b) => a.at - b.at).map(({ message }) => message));
    expect(two.got).toEqual(numbers(200).map((x) => [x, 4]));
    expect(two.link.refused).toBe(200);
  });

  test("no more is under way than the other end takes", () => {
    const [one, two] = [new End(), new End()];
    send(one, 1000);
    expect(one.wire.sent.length).toBe(256);
    carry(one, two);
    expect(two.got.map(([x]) => x)).toEqual(numbers(1000));
    send(one, 3, new Uint8Array(2 ** 25));
    expect(one.wire.sent.length).toBe(1);
    carry(one, two);
    expect(two.got.length).toBe(1003);
  });

  test("a large message does not wait for small ones, which need not be acknowledged", () => {
    const [one, two] = [new End(), new End()];
    send(one, 3, new Uint8Array(5));
    two.take(one.wire.sent.splice(0));
    expect(two.wire.sent).toEqual([]);
    one.link.send({ kind: "event", x: 3 }, new Uint8Array(2 ** 26));
    two.take(one.wire.sent);
    expect(two.got.map(([x]) => x)).toEqual([0, 1, 2, 3]);
  });

  test.each([0, 9, 10, 11, 30, 31])("%i bytes in parts of 10", (size) => {
    const [one, two] = [new End(10), new End()];
    one.link.send({ kind: "event", x: 1 }, new Uint8Array(size));
    one.link.send({ kind: "event", x: 2 });
    expect(Math.max(...one.wire.sent.map(({ data }) => data?.byteLength ?? 0))).toBeLessThanOrEqual(10);
    two.take(one.wire.sent);
    expect(two.got).toEqual([
      [1, size],
      [2, undefined],
    ]);
  });

  test("a lost message breaks the link and does not hang it", () => {
    vi.useFakeTimers();
    const [one, two] = [new End(), new End()];
    send(one, 3);
    two.take(one.wire.sent.slice(1, 2));
    vi.advanceTimersByTime(31_000);
    two.take(one.wire.sent.slice(2));
    expect(two.broke).toEqual(["lost"]);
    two.take(one.wire.sent);
    expect(two.got).toEqual([]);
    vi.useRealTimers();
  });

  test("what comes too early is held only up to a limit", () => {
    const two = new End();
    two.take(numbers(3000).map((n) => ({ text: JSON.stringify({ n: n + 2, x: n }) })));
    expect(two.broke).toEqual(["lost"]);
  });

  test("too much is refused where it is sent", () => {
    expect(() => send(new End(), 100_000)).toThrow(/does not keep up/);
  });

  test.each([{}, { n: "1" }, { n: 1.5 }, { n: null }, { n: 0 }, { n: -1 }, { ack: "x" }, { ack: 7 }, { ack: -1 }])(
    "%j is dropped and counted",
    (message) => {
      const two = new End();
      two.link.receive(message as Message, undefined);
      expect([two.got, two.broke, two.link.refused]).toEqual([[], [], 1]);
    },
  );

  test("a carrier that fails breaks the link", () => {
    const one = new End();
    one.wire.send = () => {
      throw new Error("gone");
    };
    send(one, 2);
    expect(one.broke).toEqual(["lost"]);
  });
});

describe("exchange", () => {
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
});

describe("channel", () => {
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
});
