// A page that is drawn before its Python is there (see site/page/page.js): viewers run, and wait with all that is for Python.

import type { PanelModel } from "./model";
import type { Attached } from "./session";

const ARRIVAL = Symbol.for("panel-neuroglancer.arrival");

/** What such a page leaves for its viewers. */
export interface Arrival {
  /** Resolves when Python has taken the page over, to true, or when it is known that it will not, to false. */
  readonly python: Promise<boolean>;
  /** The page may want to wait for these before it lets Python begin. */
  readonly pictures: Promise<void>[];
  /** By the ids of their models, viewers that have begun before their components; each moves in when it is called. */
  readonly early: Map<string, (model: PanelModel, container: Node) => Attached>;
}

/** The arrival to wait for; undefined where Python is there, or none will come. */
export function arrival(): Arrival | undefined {
  return (globalThis as { [ARRIVAL]?: Arrival })[ARRIVAL];
}
