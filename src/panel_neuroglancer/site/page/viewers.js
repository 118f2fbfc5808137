// Starts the page's viewers while Bokeh and Panel, which are to give them their places, are still loading (js/src/early.ts).

/** The pictures that viewers are making. */
export class Pictures {
  #all = [];
  #begin;
  #begun = new Promise((resolve) => { this.#begin = resolve; });

  /** Take in a promise of a picture. */
  push(picture) {
    this.#all.push(picture);
    this.#begin();
  }

  /** Resolves when there are all of those that have begun when the first has, or later meanwhile. */
  async made() {
    await this.#begun;
    for (let made = 0; made < this.#all.length; ) {
      made = this.#all.length;
      await Promise.all(this.#all);
    }
  }
}

/** Viewers beyond these begin in their places: each takes from the others what there is of graphics. */
const AT_ONCE = 2;

/**
 * Begin the first of `viewers` (see drawn.js) out of sight, with the engine at a URL, if it is there while they are `wanted`.
 *
 * Returns what ends those that have found no place.
 */
export function beginViewers(engine, viewers, wanted) {
  const host = document.createElement("div");
  // About as large as on the page, so that what is loaded now is what will be seen.
  host.style.cssText = "position:fixed;inset:0 auto auto 0;width:70vw;height:80vh;opacity:0;z-index:-1;pointer-events:none;";
  host.inert = true;
  const ends = [];
  import(engine).then(({ beginEarly }) => {
    if (!wanted()) return;
    document.body.append(host);
    for (const { id, properties } of viewers.slice(0, AT_ONCE)) ends.push(beginEarly(id, properties, host));
  }).catch((error) => console.debug("No viewer could begin early:", error)); // each will say why, in its place
  return () => {
    for (const end of ends.splice(0)) end();
    host.remove();
  };
}
