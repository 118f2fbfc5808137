// Gathers the licence text of every npm package that went into the bundle.
import fs from "node:fs";
import path from "node:path";

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
    if (texts.length === 0)
      texts.push(fs.readFileSync(path.join(root, "licences", `${name.replace("/", "__")}.txt`), "utf8").trim());
    sections.push(`${name} ${info.version} (${info.license})\n${"-".repeat(72)}\n${texts.join("\n\n")}\n`);
  }
  return `The JavaScript in this folder contains the following packages.\n\n${sections.join("\n\n")}`;
}
