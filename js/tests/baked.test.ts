import zlib from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Baked, type BakedFiles } from "../src/baked";
import { Bricks } from "../src/bricks";
import type { Reply } from "../src/channel";
import { Pieces } from "../src/pieces";
import { boxOf, brickCount, bricksOf } from "../src/worker/bricks";
import type { Brick } from "../src/worker/messages";

const ARRAY = {
  key: "t.k",
  generation: 0,
  dtype: "uint8" as const,
  shape: [5, 4, 3],
  order: [0, 1, 2],
  mean: false,
  meshes: null,
  brick: [2, 4, 2],
  digest: "d",
};
const deflated = (bytes: number[]) => new Uint8Array(zlib.deflateSync(Uint8Array.from(bytes)));
const never = new AbortController().signal;

describe("bricks", () => {
  it("cover each voxel once", () => {
    const found = new Map<string, number>();
    for (let i = 0; i < brickCount(ARRAY); ++i) {
      const { start, end } = boxOf(ARRAY, i) as { start: [number, number, number]; end: [number, number, number] };
      for (let x = start[0]; x < end[0]; ++x)
        for (let y = start[1]; y < end[1]; ++y) for (let z = start[2]; z < end[2]; ++z) found.set(`${x},${y},${z}`, i);
    }
    expect(brickCount(ARRAY)).toBe(6);
    expect(found.size).toBe(60);
    for (const [voxel, brick] of found) {
      const start = voxel.split(",").map(Number);
      expect(bricksOf(ARRAY, { start, end: start.map((n) => n + 1), factor: [1, 1, 1] })).toEqual([brick]);
    }
  });

  it("are those that a part touches, at its scale", () => {
    expect(bricksOf(ARRAY, { start: [1, 0, 0], end: [3, 4, 1], factor: [1, 1, 1] })).toEqual([0, 2]);
    expect(bricksOf(ARRAY, { start: [1, 0, 1], end: [3, 2, 2], factor: [2, 2, 2] })).toEqual([3, 5]);
  });

  it("come once each, those that a chunk waits for first", async () => {
    vi.useFakeTimers();
    const asked: unknown[] = [];
    const given: number[] = [];
    const ask = async (method: string, params: Record<string, unknown>): Promise<Reply> => {
      asked.push(method === "files.brick" ? params.brick : method);
      if (method === "files.brick") return { result: { runs: 0, deflated: false }, data: new ArrayBuffer(1) };
      const data = params.rest === "4,4,4/0,0,0/2,1,1" ? new ArrayBuffer(2) : undefined;
      return { result: {}, data };
    };
    const bricks = new Bricks(ARRAY, ask, ({ brick }: Brick) => given.push(brick));
    const need = (rest: string) => bricks.piece({ need: 1, key: "t.k", generation: 0, rest });
    const pieces = new Pieces(
      () => Promise.reject(new Error("nobody asks")),
      () => {},
    );
    const filled = bricks.fill(pieces, never);
    // A copy at this scale is at hand; at the next it is not.
    expect((await need("4,4,4/0,0,0/2,1,1")).data?.byteLength).toBe(2);
    expect((await need("2,2,2/1,0,1/3,2,2")).data).toBeUndefined();
    expect(asked).toEqual(["files.chunk", "files.chunk", 3, 5]);
    await vi.advanceTimersByTimeAsync(1000);
    await filled;
    expect(asked.slice(4)).toEqual([0, 1, 2, 4]);
    expect(given.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    vi.useRealTimers();
  });
});

describe("data in files", () => {
  const LEVEL = { factor: [2, 2, 2], shape: [3, 2, 2], brick: [2, 2, 2], name: "d.mean2x2x2", runs: [0, 1] };
  const files = {
    url: "static/baked/",
    sources: {
      "t.k": {
        info: { shape: [5, 4, 3] },
        array: ARRAY,
        voxel: 1,
        bytes: 60,
        digest: "d",
        runs: [0, 2],
        levels: [LEVEL],
      },
      "t.s": { info: {}, objects: { "7": "skeleton" } },
      "t.x": { refused: { status: 400, reason: "bool cannot be shown." } },
      "t.l": { info: {}, needs: "it is not in memory" },
    },
  } as BakedFiles;
  const content: Record<string, Uint8Array<ArrayBuffer>> = {
    skeleton: deflated([1, 2, 3]),
    "d.0": deflated([4, 5]),
    // x runs fastest; the other brick is one run of nines.
    "d.mean2x2x2.0": deflated([0, 1, 2, 3, 4, 5, 6, 7]),
    "d.mean2x2x2.1": deflated([0, 0, 0, 0, 9]),
  };

  afterEach(() => vi.unstubAllGlobals());

  function open(): { baked: Baked; fetched: string[] } {
    const fetched: string[] = [];
    vi.stubGlobal("document", { baseURI: "http://host/site/app.html" });
    vi.stubGlobal("fetch", async (url: URL) => {
      fetched.push(url.href);
      const found = content[url.pathname.split("/").at(-1) ?? ""];
      return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
    });
    return { baked: new Baked(files), fetched };
  }

  it("is what sources say of themselves, and their objects", async () => {
    const { baked, fetched } = open();
    const info = await baked.fetch("/neuroglancer/info/t.k");
    expect(JSON.parse(new TextDecoder().decode(info?.data))).toEqual({ shape: [5, 4, 3] });
    await baked.fetch("/neuroglancer/skeletoninfo/t.s");
    const skeleton = await baked.fetch("/neuroglancer/skeleton/t.s/7");
    expect([...new Uint8Array(skeleton?.data as ArrayBuffer)]).toEqual([1, 2, 3]);
    expect(fetched).toEqual(["http://host/site/static/baked/skeleton"]);
    expect(await baked.fetch("/neuroglancer/skeleton/t.s/8")).toBeUndefined();
    expect(await baked.fetch("/neuroglancer/info/t.other")).toBeUndefined();
    expect(await baked.fetch("/neuroglancer/info/t.x")).toMatchObject({ status: 400, reason: "bool cannot be shown." });
    expect(baked.given).toEqual([
      { key: "t.k", info: { shape: [5, 4, 3] }, objects: {}, digest: "d" },
      { key: "t.s", info: {}, objects: { "7": "skeleton" } },
    ]);
  });

  it("is an array in bricks, and its coarser levels", async () => {
    const { baked, fetched } = open();
    const found = await baked.ask("source.resident", { key: "t.k", limit: 60 });
    expect(found?.result).toEqual({ array: ARRAY, voxel: 1, bytes: 60 });
    const brick = await baked.ask("files.brick", { key: "t.k", brick: 0 });
    expect([brick?.result, [...new Uint8Array(brick?.data as ArrayBuffer)]]).toEqual([
      { runs: 0, deflated: false },
      [4, 5],
    ]);
    const chunk = (rest: string) => baked.ask("files.chunk", { key: "t.k", rest });
    const bytes = async (rest: string) => [...new Uint8Array((await chunk(rest))?.data as ArrayBuffer)];
    expect(await bytes("2,2,2/1,0,1/3,2,2")).toEqual([5, 9, 7, 9]);
    expect(await bytes("2,2,2/0,1,0/3,2,2")).toEqual([2, 3, 9, 6, 7, 9]);
    expect(await bytes("2,2,2/2,0,0/3,1,2")).toEqual([9, 9]);
    // Each brick is read once.
    expect(fetched.map((url) => url.split("/").at(-1))).toEqual(["d.0", "d.mean2x2x2.0", "d.mean2x2x2.1"]);
    const other = await baked.ask("files.chunk", { key: "t.k", rest: "1,1,1/0,0,0/1,1,1" });
    expect(other?.data).toBeUndefined();
    // Python would be asked.
    expect(baked.ask("source.changes", { key: "t.k" })).toBeUndefined();
    expect(baked.ask("source.resident", { key: "t.other" })).toBeUndefined();
  });

  it("says why something is not there", async () => {
    const { baked } = open();
    const raw = (key: string) => baked.why(`/neuroglancer/raw/${key}/1,1,1/0,0,0/1,1,1`);
    expect(raw("t.l")).toContain("it is not in memory");
    expect(raw("t.other")).toContain("it was left out");
    await baked.ask("source.resident", { key: "t.k", limit: 59 });
    expect(raw("t.k")).toContain("it has 60 bytes, and there is room for 59");
    await expect(baked.ask("files.brick", { key: "t.k", brick: 1 })).rejects.toThrow(
      "d.1 could not be loaded: HTTP 404",
    );
    expect(raw("t.k")).toContain("HTTP 404");
    expect(baked.why("/neuroglancer/skeleton/t.s/8")).toContain("Object 8 is not in this page");
  });
});
