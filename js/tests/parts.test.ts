import { gzipSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { fetchPart } from "../src/parts";

vi.hoisted(() => vi.stubGlobal("self", new EventTarget()));

const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

test.each([
  ["as it lies in the folder", Uint8Array.from(gzipSync(WASM))],
  ["unpacked already, as servers that know gzip have it done", WASM],
])("a part comes %s", async (_, bytes) => {
  vi.stubGlobal("fetch", async () => new Response(bytes));
  const response = await fetchPart("./a.wasm.gz", "https://host/engine/engine.js");
  expect(response.headers.get("content-type")).toBe("application/wasm");
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(WASM);
});

test("a part that is not there is named", async () => {
  vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
  await expect(fetchPart("./a.wasm.gz", "https://host/engine/engine.js")).rejects.toThrow("./a.wasm.gz");
});
