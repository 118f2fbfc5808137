// Builds src/panel_neuroglancer/dist: the loader, the engine's parts, engine.json, what Python in the browser runs, JupyterLab's
// extension, the licences.
//
// One esbuild run with code splitting makes the engine, the two workers and the parts that load on
// demand, so that what they share is stored once. The files are then renamed by content hash, in
// dependency order, because a file's hash must cover the names it refers to.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import * as esbuild from "esbuild";
import { collectLicences } from "./licences.mjs";
import { ALIASES, DEFINES, EDITS, SeamCheck, STYLE_EDITS } from "./seams.mjs";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const DIST = path.resolve(ROOT, "../src/panel_neuroglancer/dist");
const UPSTREAM = path.join(ROOT, "node_modules/neuroglancer/lib") + path.sep;
const LIMITS = { loaderBytes: 30_000, totalGzip: 1_800_000 };

const gzip = (data) => zlib.gzipSync(data, { level: 9 });
const posix = (file) => file.split(path.sep).join("/");

/** Resolves what only webpack would, and puts the seams in. */
function upstreamPlugin(check, wasm) {
  return {
    name: "neuroglancer",
    setup(build) {
      // neuroglancer imports "#main" for the application's own start code, which we do not have.
      build.onResolve({ filter: /^#main$/ }, () => ({ path: "main", namespace: "empty" }));
      build.onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "" }));

      build.onResolve({ filter: /\?raw$/ }, async (args) => {
        const wanted = args.path.replace(/\?raw$/, "");
        const drawn = path.join(ROOT, "src/icons", path.basename(wanted));
        if (wanted.startsWith("ikonate/") && fs.existsSync(drawn)) return { path: drawn, namespace: "raw" };
        const found = await build.resolve(wanted, {
          kind: args.kind,
          resolveDir: args.resolveDir,
          importer: args.importer,
        });
        return found.errors.length ? found : { path: found.path, namespace: "raw" };
      });
      build.onLoad({ filter: /.*/, namespace: "raw" }, (args) => ({
        contents: fs.readFileSync(args.path, "utf8"),
        loader: "text",
      }));

      build.onLoad({ filter: /[\\/]node_modules[\\/](neuroglancer|codemirror)[\\/].*\.js$/ }, (args) => {
        const file = posix(path.relative(UPSTREAM, args.path));
        const alias = ALIASES.find((seam) => seam.module === file);
        if (alias) {
          check.alias(alias);
          return { contents: `export * from ${JSON.stringify(path.join(ROOT, alias.by))}`, resolveDir: ROOT };
        }
        const contents = check.edit(EDITS, file, fs.readFileSync(args.path, "utf8"));
        check.observe(contents);
        for (const [, name] of contents.matchAll(/"\.\/(\w+\.wasm)\.gz"/g))
          wasm.set(name, path.join(path.dirname(args.path), name));
        return { contents, loader: "js" };
      });
      build.onLoad({ filter: /[\\/]neuroglancer[\\/]lib[\\/].*\.css$/ }, (args) => ({
        contents: check.edit(
          STYLE_EDITS,
          posix(path.relative(UPSTREAM, args.path)),
          fs.readFileSync(args.path, "utf8"),
        ),
        loader: "css",
      }));
    },
  };
}

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

async function buildEngine() {
  const check = new SeamCheck();
  const wasm = new Map();
  const result = await esbuild.build({
    ...COMMON,
    entryPoints: {
      engine: "src/engine.ts",
      "chunk-worker": "src/worker/chunk.ts",
      "async-worker": "src/worker/async.ts",
      "resident-worker": "src/worker/resident.ts",
      "mesh-worker": "src/worker/mesh.ts",
    },
    splitting: true,
    outdir: "out",
    entryNames: "[name]",
    chunkNames: "part-[hash]",
    inject: ["src/inject.ts"],
    define: {
      global: "globalThis",
      "process.env.NODE_ENV": '"production"',
      ...Object.fromEntries(DEFINES.map((seam) => [seam.from, seam.to])),
    },
    plugins: [upstreamPlugin(check, wasm)],
  });
  const failures = check.failures();
  if (failures.length)
    throw new Error(`neuroglancer no longer matches these seams (seams.mjs):\n  ${failures.join("\n  ")}`);
  const files = new Map();
  for (const file of result.outputFiles) files.set(path.basename(file.path), Buffer.from(file.contents));
  // A third of the size on disk, too; see fetchPart.
  for (const [name, file] of wasm) files.set(`${name}.gz`, gzip(fs.readFileSync(file)));
  // The style sheet travels inside the engine: it is adopted by each viewer's shadow root.
  const css = files.get("engine.css");
  files.delete("engine.css");
  const engine = files.get("engine.js").toString();
  if (engine.split('"__STYLES__"').length !== 2) throw new Error("engine.ts must name __STYLES__ exactly once");
  files.set("engine.js", Buffer.from(engine.replace('"__STYLES__"', () => JSON.stringify(css.toString()))));
  return { files, inputs: Object.keys(result.metafile.inputs) };
}

/** References of one built file to others: static imports, and everything else by name. */
function references(text, names) {
  const imports = new Set();
  const lazy = new Set();
  for (const [, keyword, name] of text.matchAll(/(from|import|import\(|URL\(|fetchPart\(|,|\()?\s*"\.\/([\w.-]+)"/g)) {
    if (names.has(name)) (keyword === "from" || keyword === "import" ? imports : lazy).add(name);
  }
  return { imports, lazy };
}

/** Rename every file by the hash of its content, dependencies first. */
function nameByContent(files) {
  const names = new Set(files.keys());
  const done = new Map();
  const busy = new Set();
  const manifest = {};
  const visit = (name) => {
    if (done.has(name)) return done.get(name);
    if (busy.has(name)) throw new Error(`The engine's parts refer to each other in a circle, at ${name}`);
    busy.add(name);
    let data = files.get(name);
    const entry = { bytes: 0, gzip: 0, sha256: "", imports: [] };
    if (name.endsWith(".js")) {
      let text = data.toString();
      const { imports, lazy } = references(text, names);
      for (const other of [...imports, ...lazy]) {
        const renamed = visit(other);
        text = text.replaceAll(`"./${other}"`, `"./${renamed}"`);
        if (imports.has(other)) entry.imports.push(renamed);
      }
      data = Buffer.from(text);
    }
    const hash = createHash("sha256").update(data).digest("hex");
    const extension = path.extname(name);
    const stem = path.basename(name, extension).replace(/^part-.*/, "part");
    const renamed = `${stem}-${hash.slice(0, 10)}${extension}`;
    Object.assign(entry, { bytes: data.length, gzip: gzip(data).length, sha256: hash });
    manifest[renamed] = entry;
    files.set(name, data);
    done.set(name, renamed);
    busy.delete(name);
    return renamed;
  };
  for (const name of names) visit(name);
  return { names: done, manifest };
}

/** All files that `name` imports statically, itself first. */
function closure(name, manifest, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    for (const other of manifest[name].imports) closure(other, manifest, seen);
  }
  return [...seen];
}

async function buildLoader(engine) {
  const result = await esbuild.build({
    ...COMMON,
    entryPoints: { loader: "src/loader.ts" },
    outdir: "out",
    define: { __ENGINE__: JSON.stringify(engine) },
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/** What Python in the browser runs beside itself: an expression that gives the module's functions. */
async function buildHeap() {
  const result = await esbuild.build({
    ...COMMON,
    format: "iife",
    globalName: "heap",
    banner: { js: "(() => {" },
    footer: { js: "return heap; })()" },
    entryPoints: { heap: "src/worker/heap.ts" },
    outdir: "out",
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/** The loader for a notebook's outputs, each of which holds all of it: about half as long. */
function packLoader(loader) {
  const packed = JSON.stringify(gzip(loader).toString("base64"));
  return `const bytes=Uint8Array.from(atob(${packed}),(c)=>c.charCodeAt(0));
const unzipped=new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const text=await new Response(unzipped,{headers:{"Content-Type":"text/javascript"}}).blob();
const{default:loader}=await new Function("url","return import(url)")(URL.createObjectURL(text));
export default loader;
`;
}

/** The files of JupyterLab's extension by name; JupyterLab wants to know which one to load first. */
async function buildLabExtension() {
  const { version, license } = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8"));
  const { outputFiles } = await esbuild.build({
    ...COMMON,
    format: "iife",
    entryPoints: { remoteEntry: "src/labextension/index.ts" },
    outdir: "out",
  });
  const script = Buffer.from(outputFiles[0].contents);
  const hash = createHash("sha256").update(script).digest("hex").slice(0, 20);
  const load = `static/remoteEntry.${hash}.js`;
  const description = {
    name: "panel-neuroglancer",
    version,
    license,
    description: "Saves a picture of each Neuroglancer viewer with its notebook.",
    jupyterlab: { extension: true, _build: { load, extension: "./extension" } },
  };
  return new Map([
    [load, script],
    ["package.json", `${JSON.stringify(description, null, 2)}\n`],
  ]);
}

const started = Date.now();
const upstream = JSON.parse(fs.readFileSync(path.join(ROOT, "node_modules/neuroglancer/package.json"), "utf8"));
const { files, inputs } = await buildEngine();
const { names, manifest } = nameByContent(files);
const entry = names.get("engine.js");
const workers = [names.get("chunk-worker.js"), names.get("async-worker.js")];
// What a first picture needs, fetched side by side instead of one import after the other.
const preload = [...new Set([...closure(entry, manifest), ...closure(workers[0], manifest)])];
const loader = await buildLoader({ entry, preload, neuroglancer: upstream.version });
const labExtension = await buildLabExtension();
const heap = await buildHeap();

const total = Object.values(manifest).reduce((sum, file) => sum + file.gzip, 0);
if (loader.length > LIMITS.loaderBytes)
  throw new Error(`loader.js has ${loader.length} bytes, the limit is ${LIMITS.loaderBytes}`);
if (total > LIMITS.totalGzip) throw new Error(`The engine has ${total} bytes (gzip), the limit is ${LIMITS.totalGzip}`);

const staging = `${DIST}.new`;
fs.rmSync(staging, { recursive: true, force: true });
fs.mkdirSync(path.join(staging, "engine"), { recursive: true });
for (const [name, renamed] of names) fs.writeFileSync(path.join(staging, "engine", renamed), files.get(name));
fs.writeFileSync(path.join(staging, "loader.js"), loader);
fs.writeFileSync(path.join(staging, "loader.packed.js"), packLoader(loader));
fs.writeFileSync(path.join(staging, "heap.js"), heap);
fs.mkdirSync(path.join(staging, "labextension", "static"), { recursive: true });
for (const [name, content] of labExtension) fs.writeFileSync(path.join(staging, "labextension", name), content);
fs.writeFileSync(
  path.join(staging, "engine.json"),
  `${JSON.stringify({ neuroglancer: upstream.version, entry, workers, preload, files: manifest }, null, 1)}\n`,
);
fs.writeFileSync(path.join(staging, "THIRD_PARTY_LICENSES.txt"), collectLicences(ROOT, inputs));
// Whoever reads meanwhile finds the old engine or the new one, whole.
const old = `${DIST}.old`;
fs.rmSync(old, { recursive: true, force: true });
if (fs.existsSync(DIST)) fs.renameSync(DIST, old);
fs.renameSync(staging, DIST);
fs.rmSync(old, { recursive: true, force: true });

const kb = (bytes) => `${(bytes / 1000).toFixed(0).padStart(6)} kB`;
for (const [name, file] of Object.entries(manifest).sort((a, b) => b[1].gzip - a[1].gzip))
  console.log(
    `${kb(file.bytes)} ${kb(file.gzip)} gzip  ${name}${preload.includes(name) ? "  (before the first picture)" : ""}`,
  );
const first = preload.reduce((sum, name) => sum + manifest[name].gzip, 0);
console.log(
  `loader ${kb(loader.length)}; engine ${kb(total)} gzip, ${kb(first)} gzip before the first picture; ${Date.now() - started} ms`,
);
