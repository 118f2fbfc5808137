// What JupyterLab's extension writes into a notebook's outputs.
import { describe, expect, it } from "vitest";
import { addPictures, CAPTION, type Encode, LIMIT_BYTES, type Notebook } from "../src/labextension/outputs";
import type { Pictured } from "../src/pictured";

const viewer = (id: string, picture: unknown = {}): Pictured => ({
  id,
  picture: () => picture as HTMLCanvasElement | undefined,
  showIn: async () => () => {},
  ended: new Promise(() => {}),
});
/** A "picture" of as many bytes as its width times its quality, times 100. */
const encode: Encode = (_, width, quality) => "x".repeat(100 * width * quality);
const notebook = (...outputs: Record<string, unknown>[]): Notebook => ({
  cells: [{}, { outputs: outputs.map((data) => ({ data })) }],
});
const html = (written: Notebook, i = 0) => written.cells?.[1]?.outputs?.[i]?.data?.["text/html"] as string;

describe("pictures in a notebook that is saved", () => {
  it("stand behind what was there, in the outputs that show the viewer", () => {
    const before = notebook({ "text/html": "<div>id-1</div>" }, { "text/html": "other" }, { "text/plain": "id-1" });
    const written = addPictures(before, [viewer("id-1")], encode);
    expect(html(written)).toMatch(/^<div>id-1<\/div><figure data-panel-neuroglancer="id-1"><img [^>]* src="x+">/);
    expect(html(written)).toContain(CAPTION);
    expect(written.cells?.[1]?.outputs?.slice(1)).toEqual(before.cells?.[1]?.outputs?.slice(1));
    expect(html(before)).toBe("<div>id-1</div>");
  });

  it("leave the output within its limit", () => {
    for (const size of [1000, 20_000, 44_000]) {
      const written = addPictures(notebook({ "text/html": `id-1 ${"y".repeat(size)}` }), [viewer("id-1")], encode);
      const bytes = JSON.stringify(written.cells?.[1]?.outputs?.[0]).length;
      expect(bytes).toBeLessThanOrEqual(LIMIT_BYTES);
      expect(html(written)).toContain("figure");
    }
  });

  it("are replaced when the notebook is saved again", () => {
    const once = addPictures(notebook({ "text/html": "id-1 id-2" }), [viewer("id-1"), viewer("id-2")], encode);
    const again = addPictures(once, [viewer("id-1")], () => "new");
    expect(html(again).match(/<figure/g)).toHaveLength(2);
    expect(html(again)).toContain('src="new"');
    expect(html(again)).toContain('data-panel-neuroglancer="id-2"');
  });

  it("stay when the viewer is not there any more", () => {
    const once = addPictures(notebook({ "text/html": "id-1" }), [viewer("id-1")], encode);
    expect(addPictures(once, [], encode)).toEqual(once);
    expect(
      addPictures(
        once,
        [viewer("id-1", null)].map((v) => ({ ...v, picture: () => undefined })),
        encode,
      ),
    ).toEqual(once);
  });

  it("come into HTML that is written in lines", () => {
    const written = addPictures(notebook({ "text/html": ["<div>\n", "id-1</div>"] }), [viewer("id-1")], () => "p");
    expect(html(written)).toMatch(/^<div>\nid-1<\/div><figure/);
  });
});
