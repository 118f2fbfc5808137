// One end of a numbered conversation, over a wire that does what any carrier may do to messages.
import { expect, test, vi } from "vitest";
import type { Carrier } from "../src/carriers";
import { Link, type Message } from "../src/link";
import { chance, numbers, PEER } from "./conversation";

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
