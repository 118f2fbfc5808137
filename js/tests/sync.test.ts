import { describe, expect, it } from "vitest";
import { FETCH } from "../src/json";
import { Conversation, merge } from "../src/sync";

const layer = (name: string, rest = {}) => ({ name, type: "image", source: `zarr://${name}`, ...rest });

describe("merge", () => {
  it("keeps the user's move when Python changed something else", () => {
    const base = { position: [1, 2, 3], layout: "4panel" };
    const live = { position: [9, 9, 9], layout: "4panel" };
    expect(merge(base, { ...base, layout: "3d" }, live)).toEqual({ position: [9, 9, 9], layout: "3d" });
  });

  it("lets Python win where both changed the same member", () => {
    expect(merge({ position: [1] }, { position: [2] }, { position: [3] })).toEqual({ position: [2] });
  });

  it("removes what Python removed and keeps what it never knew", () => {
    expect(merge({ a: 1, b: 2 }, { b: 2 }, { a: 1, b: 2, c: 3 })).toEqual({ b: 2, c: 3 });
  });

  it("changes one layer and leaves the others as they are shown", () => {
    const base = { layers: [layer("a"), layer("b")] };
    const target = { layers: [layer("a", { opacity: 0.2 }), layer("b")] };
    const live = { layers: [layer("a", { tab: "source" }), layer("b", { opacity: 0.7 })] };
    expect(merge(base, target, live)).toEqual({
      layers: [layer("a", { tab: "source", opacity: 0.2 }), layer("b", { opacity: 0.7 })],
    });
  });

  it("keeps a layer that the user added and drops one that the user removed", () => {
    const base = { layers: [layer("a"), layer("b")] };
    const target = { layers: [layer("a"), layer("b"), layer("c")] };
    const live = { layers: [layer("a"), layer("u")] };
    expect(merge(base, target, live)).toEqual({ layers: [layer("a"), layer("c"), layer("u")] });
  });

  it("follows Python's order of layers", () => {
    const base = { layers: [layer("a"), layer("b")] };
    const target = { layers: [layer("b"), layer("a")] };
    expect(merge(base, target, base)).toEqual(target);
  });

  it("takes layers given as an object as they are", () => {
    expect(merge({ layers: [layer("a")] }, { layers: { a: "zarr://x" } }, { layers: [layer("a")] })).toEqual({
      layers: { a: "zarr://x" },
    });
  });
});

describe("Conversation", () => {
  it("shows the first command, whatever its number", () => {
    const conversation = new Conversation("v");
    expect(conversation.receive({ seq: 0, state: { layout: "3d" }, seen: {} }, {})).toEqual({ layout: "3d" });
  });

  it("goes on from what was reported last when a model is shown again", () => {
    const conversation = new Conversation("v");
    const command = { seq: 3, state: { x: 1 }, seen: {} };
    expect(conversation.resume(command)).toEqual({ x: 1 });
    expect(conversation.resume(command)).toEqual({ x: 1 });
    conversation.report({ x: 5 }, {});
    expect(conversation.resume(command)).toEqual({ x: 5 });
    expect(conversation.resume({ seq: 4, state: { x: 1, y: 1 }, seen: {} })).toEqual({ x: 5, y: 1 });
  });

  it("takes a command as the difference to an earlier one", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 1, y: 1 }, seen: {} }, {});
    const command = { seq: 4, base: 1, patch: [{ path: ["y"], value: 2 }], seen: {} };
    expect(conversation.receive(command, { x: 7, y: 1 })).toEqual({ x: 7, y: 2 });
    expect(conversation.report({}, {}).ack).toBe(4);
  });

  it("says that it lost a command, and takes it when it comes whole", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 1 }, seen: {} }, {});
    expect(conversation.receive({ seq: 3, base: 2, patch: [], seen: {} }, { x: 1 })).toBeUndefined();
    expect(conversation.report({ x: 1 }, {})).toMatchObject({ lost: true, ack: 1 });
    expect(conversation.receive({ seq: 3, state: { x: 9 }, seen: {} }, { x: 1 })).toEqual({ x: 9 });
    expect(conversation.report({ x: 9 }, {})).toMatchObject({ lost: false, ack: 3 });
  });

  it("reports the difference to what Python has received", () => {
    const conversation = new Conversation("v");
    expect(conversation.report({ x: 1, y: 1 }, {}).state).toEqual({ x: 1, y: 1 });
    expect(conversation.report({ x: 2, y: 1 }, {}).state).toEqual({ x: 2, y: 1 });
    expect(conversation.received({ n: 1, whole: false, seq: -1 })).toBe(false);
    expect(conversation.report({ x: 2, y: 3 }, {})).toMatchObject({
      base: 1,
      patch: [
        { path: ["x"], value: 2 },
        { path: ["y"], value: 3 },
      ],
    });
  });

  it("reports all again to a Python that asks for it", () => {
    const conversation = new Conversation("v");
    conversation.report({ x: 1 }, {});
    conversation.received({ n: 1, whole: false, seq: -1 });
    conversation.report({ x: 2 }, {});
    expect(conversation.received({ n: 2, whole: true, seq: -1 })).toBe(true);
    expect(conversation.report({ x: 2 }, {}).state).toEqual({ x: 2 });
  });

  it("says that it missed a command when a receipt names a later one than it had", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 1 }, seen: {} }, {});
    conversation.report({ x: 1 }, {});
    expect(conversation.received({ n: 1, whole: false, seq: 1 })).toBe(false);
    expect(conversation.received({ n: 1, whole: false, seq: 2 })).toBe(true);
    expect(conversation.report({ x: 1 }, {})).toMatchObject({ n: 2, lost: true, ack: 1 });
    // Said once; the receipt of another report is no reason to say it again.
    expect(conversation.received({ n: 1, whole: false, seq: 2 })).toBe(false);
    expect(conversation.receive({ seq: 2, state: { x: 9 }, seen: {} }, { x: 1 })).toEqual({ x: 9 });
    expect(conversation.received({ n: 2, whole: false, seq: 2 })).toBe(false);
    expect(conversation.report({ x: 9 }, {})).toMatchObject({ lost: false, ack: 2 });
  });

  it("takes a command in once", () => {
    const conversation = new Conversation("v");
    const command = { seq: 1, state: { layout: "3d" }, seen: {} };
    expect(conversation.receive(command, {})).toBeDefined();
    expect(conversation.receive(command, {})).toBeUndefined();
    expect(conversation.report({}, {}).ack).toBe(1);
  });

  it("keeps a move that Python had not seen when it wrote", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 1, y: 1 }, seen: {} }, {});
    conversation.report({ x: 1, y: 5 }, {});
    const live = { x: 1, y: 5 };
    expect(conversation.receive({ seq: 2, state: { x: 2, y: 1 }, seen: {} }, live)).toEqual({ x: 2, y: 5 });
  });

  it("knows what Python knew from the report it had seen", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 1, y: 1 }, seen: {} }, {});
    const { n } = conversation.report({ x: 1, y: 5 }, {});
    // Python had seen y = 5 and set it back to 1: that is a change, not ignorance.
    const command = { seq: 2, state: { x: 1, y: 1 }, seen: { v: n } };
    expect(conversation.receive(command, { x: 1, y: 5 })).toEqual({ x: 1, y: 1 });
  });

  it("does not lose the second of two commands written before any report", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 0, y: 0 }, seen: {} }, {});
    const first = conversation.receive({ seq: 2, state: { x: 1, y: 0 }, seen: {} }, { x: 0, y: 0 });
    expect(conversation.receive({ seq: 3, state: { x: 1, y: 1 }, seen: {} }, first ?? {})).toEqual({ x: 1, y: 1 });
  });

  it("is not moved by the echo of its own report", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: {}, seen: {} }, {});
    const { n } = conversation.report({ x: 1 }, {});
    const echo = { seq: 2, state: { x: 1 }, seen: { v: n }, origin: "v" };
    expect(conversation.receive(echo, { x: 7 })).toBeUndefined();
  });

  it("follows another view's report", () => {
    const conversation = new Conversation("v");
    conversation.receive({ seq: 1, state: { x: 0 }, seen: {} }, {});
    const command = { seq: 2, state: { x: 1 }, seen: { w: 1 }, origin: "w" };
    expect(conversation.receive(command, { x: 0, y: 3 })).toEqual({ x: 1, y: 3 });
  });
});

describe("a Python that comes late", () => {
  const expected = { position: [1, 2], layers: [layer("a")] };

  function drawn() {
    const conversation = new Conversation("v");
    conversation.resume({ seq: 7, seen: {}, state: expected });
    return conversation;
  }

  it("changes nothing where it wants what was expected, whatever its numbers", () => {
    const conversation = drawn();
    const live = { ...expected, position: [5, 6] };
    expect(conversation.greet({ seq: 2, seen: {}, state: { ...expected } }, live)).toBeUndefined();
    expect(conversation.report(live, {})).toMatchObject({ ack: 2, n: 1, state: live });
    // And goes on from there.
    const next = { ...expected, layout: "3d" };
    expect(conversation.receive({ seq: 3, seen: {}, state: next }, live)).toEqual({ ...live, layout: "3d" });
  });

  it("changes only what it wants otherwise, and keeps what the user did", () => {
    const wanted = { ...expected, layers: [layer("a", { source: "python://x" })] };
    const live = { ...expected, position: [5, 6] };
    expect(drawn().greet({ seq: 7, seen: {}, state: wanted }, live)).toEqual({ ...wanted, position: [5, 6] });
  });

  it("does not load a file again that the view was loaded from", () => {
    const conversation = new Conversation("v");
    conversation.resume({ seq: 1, seen: {}, state: { [FETCH]: "view.json" } });
    expect(conversation.greet({ seq: 1, seen: {}, state: { [FETCH]: "view.json" } }, expected)).toBeUndefined();
  });
});
