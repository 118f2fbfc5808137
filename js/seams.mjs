// Where neuroglancer assumes that it owns the page, and what it gets instead.
//
// neuroglancer 2.41 is an application: it appends to document.body, asks for
// document.activeElement, reloads the window, styles :root. Here every such place is named once,
// with the number of times it must match; a place that no longer matches fails the build, so an
// upgrade of neuroglancer cannot silently lose a seam. The stand-ins live in src/page.ts,
// src/focus.ts and src/parts.ts.

/** Expressions replaced by name in all of neuroglancer's modules and in CodeMirror's. */
export const DEFINES = [
  { from: "document.body", to: "__page.body", files: 9 },
  { from: "document.activeElement", to: "__page.activeElement", files: 4 },
  { from: "window.getSelection", to: "__page.getSelection", files: 2 },
  { from: "window.location.reload", to: "__page.reload", files: 1 },
  { from: "document.documentElement.scrollLeft", to: "0", files: 1 },
  { from: "document.documentElement.scrollTop", to: "0", files: 1 },
];

/** Whole modules replaced by our own. */
export const ALIASES = [{ module: "util/automatic_focus.js", by: "src/focus.ts" }];

/** Edits inside one module: `from` must occur exactly `times` times. */
export const EDITS = [
  // Workers and wasm come through parts.ts, because a part may also arrive over the channel.
  {
    file: "data_management_context.js",
    from: /new Worker\(\s*\/\*.*?\*\/\s*new URL\("\.\/chunk_worker\.bundle\.js", import\.meta\.url\),\s*\{ type: "module" \}\s*\)/s,
    to: '__parts.startWorker(new URL("./chunk-worker.js", import.meta.url))',
    times: 1,
  },
  {
    file: "async_computation/request.js",
    from: /new Worker\(\s*\/\*.*?\*\/\s*new URL\("\.\.\/async_computation\.bundle\.js", import\.meta\.url\),\s*\{ type: "module" \}\s*\)/s,
    to: '__parts.startWorker(new URL("./async-worker.js", import.meta.url))',
    times: 1,
  },
  ...[
    ["mesh/draco/index.js", "neuroglancer_draco"],
    ["sliceview/jxl/index.js", "jxl_decoder"],
    ["sliceview/png/index.js", "libpng"],
    ["sliceview/compresso/index.js", "compresso"],
  ].map(([file, name]) => ({
    file,
    from: `fetch(new URL("./${name}.wasm", import.meta.url))`,
    to: `__parts.fetchPart("./${name}.wasm.gz", import.meta.url)`,
    times: 1,
  })),
  // Chunks of 32 and 64-bit labels are kept compressed, and were sent so, which Python cannot read.
  {
    file: "python_integration/volume.js",
    from: 'import { debounce } from "lodash-es";',
    to: 'import { debounce } from "lodash-es"; import { decodeChannels } from "#src/sliceview/compressed_segmentation/decode_common.js";',
    times: 1,
  },
  {
    file: "python_integration/volume.js",
    from: "let isFillValue = false;",
    to: `let isFillValue = false;
            const block = chunk.source.spec.compressedSegmentationBlockSize;
            if (data !== null && block !== undefined) {
              const size = [...chunk.chunkDataSize, 1, 1, 1, 1].slice(0, Math.max(4, chunk.chunkDataSize.length));
              const Labels = info.dataType === DataType.UINT64 ? BigUint64Array : Uint32Array;
              const labels = new Labels(size.reduce((a, b) => a * b));
              decodeChannels(labels, data, 0, size, block);
              data = new Uint8Array(labels.buffer);
            }`,
    times: 1,
  },
  // These pages are part of neuroglancer's own web site; a log-in needs them beside the page.
  {
    file: "util/google_oauth2.js",
    from: 'new URL("./google_oauth2_redirect.html", import.meta.url)',
    to: 'new URL("./google_oauth2_redirect.html", location.href)',
    times: 1,
  },
  {
    file: "datasource/boss/credentials_provider.js",
    from: 'new URL("./bossauth.html", import.meta.url)',
    to: 'new URL("./bossauth.html", location.href)',
    times: 1,
  },
  // An IntersectionObserver's root must be an ancestor, which the portal is not.
  { file: "widget/shader_code_widget.js", from: "root: document.body", to: "root: null", times: 1 },
  // removeChild(x) on a portal that may have changed in between: the node knows its parent.
  {
    file: /^(overlay|ui\/state_editor|util\/dom|ui\/drag_and_drop)\.js$/,
    from: /document\.body\.removeChild\(([\w.]+)\)/g,
    to: "$1.remove()",
    times: 2,
  },
  // Listeners on the document see events retargeted to the outermost shadow host.
  {
    file: "ui/context_menu.js",
    from: "event.target instanceof Node && !element.contains(event.target)",
    to: "!element.contains(__page.target(event))",
    times: 1,
  },
  // A menu opens in the viewer that was clicked, whichever was active when the menu was made.
  {
    file: "ui/context_menu.js",
    from: "positionContextMenu(element, originalEvent);",
    to: "__page.adopt(element, originalEvent); positionContextMenu(element, originalEvent);",
    times: 1,
  },
  {
    file: "widget/position_widget.js",
    from: "const { target } = event;\n        if (target instanceof Node && widget.container.contains(target)) {\n          return;",
    to: "const target = __page.target(event);\n        if (target instanceof Node && widget.container.contains(target)) {\n          return;",
    times: 1,
  },
  // A bug of neuroglancer 2.41: meshes in OBJ files end in "length is not defined" inside a worker.
  { file: "util/array.js", from: "slice(0, length)", to: "slice(0, this.length)", times: 1 },
  // Tab walks along the coordinates and, after the last, on and out: the page's other controls wait behind.
  {
    file: /^widget\/(position|channel_dimensions)_widget\.js$/,
    from: 'tab: { action: "tab-forward" },\n  "shift+tab": { action: "tab-backward" },',
    to: 'tab: { action: "tab-forward", preventDefault: false },\n  "shift+tab": { action: "tab-backward", preventDefault: false },',
    times: 2,
  },
  {
    file: "widget/position_widget.js",
    from: /"tab-(forward|backward)", \(\) => \{\s*(this\.selectAdjacentField\(widget, -?1, getter\));/g,
    to: '"tab-$1", (event) => {\n        if ($2) event.preventDefault();',
    times: 2,
  },
  // A drag's third listener on the document stays there for ever.
  {
    file: "util/mouse_drag.js",
    from: 'document.removeEventListener("pointerup", mouseUpHandler, false);',
    to: 'document.removeEventListener("pointerup", mouseUpHandler, false);\n    document.removeEventListener("pointercancel", cancel, false);',
    times: 1,
  },
  // What outlives a closed panel or viewer: its tabs (with listeners on the window), an open menu.
  {
    file: "ui/layer_side_panel.js",
    from: "this.addBody(this.tabView.element);",
    to: "this.registerDisposer(this.tabView);\n    this.addBody(this.tabView.element);",
    times: 1,
  },
  {
    file: "ui/context_menu.js",
    from: "disposed() {",
    to: "disposed() {\n    this.hide();",
    times: 1,
  },
  // A label is cloned to be measured, and the clone is left lying on the page.
  {
    file: "util/dom.js",
    from: "return clone.getBoundingClientRect();",
    to: "const bounds = clone.getBoundingClientRect();\n  clone.remove();\n  return bounds;",
    times: 1,
  },
  // The hint beside the mouse while a layer is dragged is one per page; it belongs to the viewer in use.
  {
    file: "ui/drag_and_drop.js",
    from: "  return dragStatusElement;",
    to: "  document.body.appendChild(dragStatusElement);\n  return dragStatusElement;",
    times: 1,
  },
  // neuroglancer's buttons are plain elements: give them to the keyboard and to screen readers.
  {
    file: "widget/icon.js",
    from: 'element.classList.add("neuroglancer-icon");',
    to: 'element.classList.add("neuroglancer-icon"); if (clickable && href === void 0) __page.makeButton(element);',
    times: 1,
  },
  {
    file: "widget/checkbox_icon.js",
    from: 'this.element.dataset.checked = value ? "true" : "false";',
    to: 'this.element.dataset.checked = value ? "true" : "false"; this.element.ariaPressed = this.element.dataset.checked;',
    times: 1,
  },
  // A panel that was hidden has no size until its projection has heard of the new one.
  {
    file: "sliceview/panel.js",
    from: "if (!sliceView.valid) {\n      return false;",
    to: "const { width: __width, height: __height } = sliceView.projectionParameters.value;\n    if (!sliceView.valid || __width === 0 || __height === 0) {\n      return false;",
    times: 1,
  },
  // What Python serves comes over the channel (src/sources.ts).
  {
    file: "datasource/python/frontend.js",
    from: "window.location.href",
    to: "__sources.PYTHON_BASE",
    times: 7,
  },
  {
    file: "util/http_request.js",
    from: "response = await fetch(input, init);",
    to: "response = await __sources.fetchAny(input, init);",
    times: 1,
  },
  // A state written by hand goes the way of all states: mistakes are told, and the rest of the view is kept.
  {
    file: "ui/state_editor.js",
    from: "this.viewer.state.reset();\n      this.viewer.state.restoreState(this.parsedValue);",
    to: "__page.edit(this.viewer, this.parsedValue, this.content);",
    times: 1,
  },
  // Text of the data, such as names and units, is written as text.
  {
    file: "ui/screenshot_menu.js",
    from: /(physicalValueCell|valueCell)\.innerHTML = /g,
    to: "$1.textContent = ",
    times: 2,
  },
  { file: "status.js", from: "this.element.innerHTML = text;", to: "this.element.textContent = text;", times: 1 },
  // Labels come compressed from the resident worker, if it is asked with the size of the blocks.
  {
    file: "datasource/python/backend.js",
    from: "const response = await fetchOk(new URL(path, parameters.baseUrl).href, {",
    to: `const blocks = this.spec.compressedSegmentationBlockSize;
    if (blocks !== undefined) path += "#" + blocks.slice(0, 3).join();
    const response = await fetchOk(new URL(path, parameters.baseUrl).href, {`,
    times: 1,
  },
  {
    file: "datasource/python/backend.js",
    from: "await this.chunkDecoder(chunk, signal, await response.arrayBuffer());",
    to: `const data = await response.arrayBuffer();
    if (response.compressed) chunk.data = new Uint32Array(data);
    else await this.chunkDecoder(chunk, signal, data);`,
    times: 1,
  },
  // The status line is one per page; it lives in the viewer that is in use.
  {
    file: "status.js",
    from: /document\.getElementById\(\s*"neuroglancer-container"\s*\)/g,
    to: "__page.statusHost",
    times: 2,
  },
];

/** Edits of style sheets. */
export const STYLE_EDITS = [
  // A page's own font size must not scale the viewer.
  { file: /\.css$/, from: /(?<=\s)(\d*\.?\d+)rem\b/g, to: "calc($1 * 16px)", times: 67 },
  { file: /^ui\/(layer_bar|segment_list)\.css$/, from: /:root\b/g, to: ":host", times: 2 },
  { file: "status.css", from: "width: 100vw;\n  max-height: 25vh;", to: "width: 100%;\n  max-height: 25vh;", times: 1 },
  {
    file: "status.css",
    from: "height: 100vh;\n  width: 80vw;\n  left: 10vw;",
    to: "height: 100%;\n  width: 80%;\n  left: 10%;",
    times: 1,
  },
];

const count = (text, from) =>
  typeof from === "string"
    ? text.split(from).length - 1
    : (text.match(new RegExp(from, `${from.flags.replace("g", "")}g`)) ?? []).length;

/** Counts what matched in one build and says at the end which seams did not. */
export class SeamCheck {
  #seen = new Map();

  #note(key, times) {
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + times);
  }

  /** Apply all edits of `edits` that concern `file`. */
  edit(edits, file, text) {
    let out = text;
    for (const seam of edits) {
      const concerned = typeof seam.file === "string" ? seam.file === file : seam.file.test(file);
      if (!concerned) continue;
      this.#note(seam, count(out, seam.from));
      out = typeof seam.from === "string" ? out.split(seam.from).join(seam.to) : out.replace(seam.from, seam.to);
    }
    return out;
  }

  /** Count the files in which a define will match. */
  observe(text) {
    for (const seam of DEFINES) if (text.includes(seam.from)) this.#note(seam, 1);
  }

  alias(seam) {
    this.#note(seam, 1);
  }

  /** @returns {string[]} a line for each seam that does not match upstream any more */
  failures() {
    const wrong = [];
    for (const seam of [...EDITS, ...STYLE_EDITS]) {
      const seen = this.#seen.get(seam) ?? 0;
      if (seen !== seam.times) wrong.push(`${seam.file}: ${seam.from} found ${seen} times, expected ${seam.times}`);
    }
    for (const seam of DEFINES) {
      const seen = this.#seen.get(seam) ?? 0;
      if (seen !== seam.files) wrong.push(`${seam.from}: used in ${seen} modules, expected ${seam.files}`);
    }
    for (const seam of ALIASES) if (!this.#seen.get(seam)) wrong.push(`${seam.module}: is not imported any more`);
    return wrong;
  }
}
