import { describe, expect, it } from "vitest";
import { heirs, Pairing, rename } from "../../src/panel_neuroglancer/site/page/drawn.js";

const model = (name: string, id: string, attributes = {}) => ({ type: "object", name, id, attributes });
const doc = (...roots: object[]) => ({
  roots,
  defs: [
    { type: "model", name: "View1" },
    { type: "model", name: "View2" },
  ],
});
const never = () => false;
const pairsOf = (pairing: Pairing) => Object.fromEntries(pairing.pairs);

describe("rename", () => {
  it("renames models and references to them, and nothing that is only called id", () => {
    const event = {
      kind: "ModelChanged",
      model: { id: "a" },
      new: [model("Div", "b", { text: "a" }), { type: "map", entries: [["id", "a"]] }],
    };
    expect(rename(event, (id) => id.toUpperCase())).toEqual({
      kind: "ModelChanged",
      model: { id: "A" },
      new: [model("Div", "B", { text: "a" }), { type: "map", entries: [["id", "a"]] }],
    });
  });

  it("leaves bytes and what is no plain data alone", () => {
    const data = new Uint8Array([1, 2]);
    const value = { type: "bytes", id: "a", data };
    expect(rename(value, () => "other")).toEqual(value);
    expect(rename(value, () => "other").data).toBe(data);
  });
});

describe("Pairing", () => {
  it("finds each model's partner, through references and whatever its component's class is numbered", () => {
    const sheet = model("Sheet", "s");
    const drawn = doc(
      model("Row", "r", { sheets: [sheet], children: [model("ESM", "e", { data: model("View1", "d") })] }),
    );
    const python = doc(
      model("Row", "R", {
        sheets: [model("Sheet", "S")],
        children: [model("ESM", "E", { sheets: [{ id: "S" }], data: model("View2", "D") })],
      }),
    );
    const pairing = new Pairing(drawn, python);
    expect(pairsOf(pairing)).toEqual({ R: "r", S: "s", E: "e", D: "d" });
    expect(pairing.whole).toBe(true);
  });

  it("changes nothing where both say the same", () => {
    const make = (p: string, order: string[]) =>
      doc(
        model("Row", `${p}r`, {
          events: { type: "set", entries: order },
          children: [model("Div", `${p}d`, { styles: { type: "map", entries: [["color", "red"]] } }), { id: `${p}d` }],
        }),
      );
    const pairing = new Pairing(make("a", ["x", "y"]), make("b", ["y", "x"]));
    expect(pairing.changes(never)).toEqual({ events: [], resets: [] });
  });

  it("changes what Python has otherwise, takes back what it has not, and keeps what the user has changed", () => {
    const drawn = doc(model("Tabs", "t", { active: 0, title: "on linux", width: 3 }));
    const python = doc(model("Tabs", "T", { active: 1, title: "on emscripten" }));
    const pairing = new Pairing(drawn, python);
    expect(pairing.changes((id: string, attr: string) => id === "t" && attr === "active")).toEqual({
      events: [{ kind: "ModelChanged", model: { id: "t" }, attr: "title", new: "on emscripten" }],
      resets: [["t", "width"]],
    });
  });

  it("adds one more without shifting the others, whole the first time and by reference after that", () => {
    const drawn = doc(model("Row", "r", { children: [model("Viewer", "v"), model("Viewer", "w")] }));
    const extra = model("Button", "B", { sheet: model("Sheet", "S") });
    const python = doc(
      model("Row", "R", { children: [extra, model("Viewer", "V"), model("Viewer", "W")], last: { id: "B" } }),
    );
    const { events } = new Pairing(drawn, python).changes(never);
    expect(events).toEqual([
      { kind: "ModelChanged", model: { id: "r" }, attr: "children", new: [extra, { id: "v" }, { id: "w" }] },
      { kind: "ModelChanged", model: { id: "r" }, attr: "last", new: { id: "B" } },
    ]);
  });

  it("is not whole where a root has no place", () => {
    const drawn = doc(model("Row", "r"));
    expect(new Pairing(drawn, doc(model("Row", "R"), model("Row", "Q"))).whole).toBe(false);
    expect(new Pairing(drawn, doc(model("Column", "C"))).whole).toBe(false);
  });

  it("ends where documents hold circles", () => {
    const circle = (id: string) => doc(model("Range", id, { follows: { id } }));
    expect(pairsOf(new Pairing(circle("a"), circle("b")))).toEqual({ b: "a" });
  });
});

describe("viewers whose document is drawn anew", () => {
  const view = (id: string, layers: string[], number = 1) => ({
    type: "object",
    name: `NeuroglancerView${number}`,
    id,
    attributes: { command: { seq: 0, state: { layers: layers.map((name) => ({ name })) } } },
  });
  const document = (number: number, ...views: object[]) => ({
    roots: [{ type: "object", name: "Column", id: "c", attributes: { children: views } }],
    defs: [{ name: `NeuroglancerView${number}`, properties: [] }],
  });

  it("take the place of one with the same layers, each of another", () => {
    const drawn = document(1, view("d1", ["em"]), view("d2", ["em", "cells"]), view("d3", ["em"]));
    const python = document(2, view("p1", ["em", "cells"], 2), view("p2", ["em"], 2), view("p3", ["other"], 2));
    expect(heirs(drawn, python)).toEqual([
      ["p1", "d2"],
      ["p2", "d1"],
    ]);
  });
});
