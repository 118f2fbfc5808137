// Gathers the licence text of every npm package that went into the bundle.
import fs from "node:fs";
import path from "node:path";

/**
 * Libraries compiled into the wasm of the packages above, which carry no notice of their own.
 * `text` is a file of licences/, or the package whose text is the same (the Apache licence).
 */
const COMPILED_IN = [
  { name: "Draco", inside: "neuroglancer", licence: "Apache-2.0", text: null },
  { name: "jxl-oxide and its crates", inside: "neuroglancer", licence: "MIT OR Apache-2.0", text: null },
  { name: "pdf.js (jpg.js), Mozilla Foundation", inside: "neuroglancer", licence: "Apache-2.0", text: null },
  { name: "Compresso", inside: "neuroglancer", licence: "MIT", text: "compresso" },
  { name: "libpng", inside: "neuroglancer", licence: "libpng-2.0", text: "libpng" },
  { name: "zlib", inside: "neuroglancer, numcodecs", licence: "Zlib", text: "zlib" },
  { name: "c-blosc", inside: "numcodecs", licence: "BSD-3-Clause", text: "blosc" },
  { name: "Snappy", inside: "numcodecs", licence: "BSD-3-Clause", text: "snappy" },
  { name: "LZ4", inside: "numcodecs", licence: "BSD-2-Clause", text: "lz4" },
  { name: "Zstandard", inside: "numcodecs", licence: "BSD-3-Clause", text: "zstd" },
];
const RULE = "-".repeat(72);

/** @param {string} root @param {string[]} inputs esbuild's input paths, relative to root */
export function collectLicences(root, inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /^(?:raw:)?.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[1]);
  }
  const sections = [];
  for (const name of [...packages].sort()) {
    const folder = path.join(root, "node_modules", name);
    const info = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    const texts = fs
      .readdirSync(folder)
      .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
      .map((file) => fs.readFileSync(path.join(folder, file), "utf8").trim());
    if (!info.license) throw new Error(`${name} names no licence; find out before shipping it`);
    if (texts.length === 0) throw new Error(`${name} ships no licence text; add it to licences/`);
    sections.push(`${name} ${info.version} (${info.license})\n${RULE}\n${texts.join("\n\n")}\n`);
  }
  for (const { name, inside, licence, text } of COMPILED_IN) {
    const body =
      text === null
        ? "Under the Apache License 2.0; its text is given above for neuroglancer."
        : fs.readFileSync(path.join(root, "licences", `${text}.txt`), "utf8").trim();
    sections.push(`${name}, compiled into ${inside} (${licence})\n${RULE}\n${body}\n`);
  }
  return `The JavaScript in this folder contains the following packages.\n\n${sections.join("\n\n")}`;
}
