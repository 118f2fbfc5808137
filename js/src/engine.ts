// The engine's public face; everything else in this folder but the loader is behind it.
import { EmbeddedViewer, type ViewerOptions } from "./viewer";

export { beginEarly } from "./early";
export { attach } from "./session";
export type { EmbeddedViewer, ViewerOptions } from "./viewer";

/** Make a viewer that fills `container`. */
export async function createViewer(container: Node, options: ViewerOptions = {}): Promise<EmbeddedViewer> {
  return new EmbeddedViewer(container, options);
}
