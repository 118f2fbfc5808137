import { expect, test } from "vitest";
import { failuresOf, note, onFailures, renewed } from "../src/failures";

const PATH = "/neuroglancer/raw/t.v/1,1,1/0,0,0/8,8,8";

test("a failure is kept until the same can be read", () => {
  note(PATH, 500, "gone");
  note("/neuroglancer/mesh/t.v/7", 404, "no object 7");
  expect(failuresOf("t.v")).toEqual([
    { what: "raw", which: "1,1,1/0,0,0/8,8,8", status: 500, reason: "gone" },
    { what: "mesh", which: "7", status: 404, reason: "no object 7" },
  ]);
  expect(failuresOf("t.other")).toEqual([]);
  note(PATH, 200, "OK");
  expect(failuresOf("t.v").map((failure) => failure.what)).toEqual(["mesh"]);
});

test("new data is a new chance, the same is none", () => {
  renewed("t.w", 1);
  note("/neuroglancer/info/t.w", 400, "empty");
  renewed("t.w", 1);
  expect(failuresOf("t.w")).toHaveLength(1);
  renewed("t.w", 2);
  expect(failuresOf("t.w")).toEqual([]);
});

test("who listens hears of changes only", () => {
  let heard = 0;
  const stop = onFailures(() => {
    heard += 1;
  });
  note("/neuroglancer/info/t.x", 200, "OK");
  note("nonsense", 500, "");
  expect(heard).toBe(0);
  note("/neuroglancer/info/t.x", 400, "");
  note("/neuroglancer/info/t.x", 200, "");
  expect(heard).toBe(2);
  stop();
  note("/neuroglancer/info/t.x", 400, "");
  expect(heard).toBe(2);
});
