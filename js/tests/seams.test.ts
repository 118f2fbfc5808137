import { describe, expect, it } from "vitest";
import { DEFINES, EDITS, SeamCheck } from "../seams.mjs";

describe("SeamCheck", () => {
  it("names every seam that upstream no longer matches", () => {
    const failures: string[] = new SeamCheck().failures();
    for (const seam of EDITS) expect(failures.some((line) => line.startsWith(String(seam.file)))).toBe(true);
    for (const seam of DEFINES) expect(failures.some((line) => line.startsWith(seam.from))).toBe(true);
  });

  it("edits only the file of the seam, and counts", () => {
    const check = new SeamCheck();
    const edits = [{ file: "a.js", from: "old()", to: "new()", times: 1 }];
    expect(check.edit(edits, "a.js", "x = old();")).toBe("x = new();");
    expect(check.edit(edits, "b.js", "x = old();")).toBe("x = old();");
  });
});
