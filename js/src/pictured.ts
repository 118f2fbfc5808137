// The viewers whose last views are saved with a notebook. JupyterLab takes an output out of the page when it is scrolled far
// away, and a viewer that is not in the page cannot draw: so each keeps a small copy of what it showed last.
import type { EmbeddedViewer } from "./viewer";

/** Made by what saves the pictures (labextension); without it there is nobody to keep them for. */
const PICTURED = Symbol.for("panel-neuroglancer.pictured");
const WIDTH = 800;
const CALM_MS = 1000;

export interface Pictured {
  /** The id of the model, which the output names too. */
  readonly id: string;
  /** The last view; undefined where none was drawn yet. */
  picture(): HTMLCanvasElement | undefined;
  /** Show what the viewer shows in another place of the page too; returns what ends that. */
  showIn(container: HTMLElement): Promise<() => void>;
  /** Resolves when the viewer is taken out of the page for good. */
  readonly ended: Promise<void>;
}

export const page = globalThis as { [PICTURED]?: Set<Pictured> };

/** Begin to collect viewers. */
export function collectPictured(): Set<Pictured> {
  page[PICTURED] ??= new Set();
  return page[PICTURED];
}

/** Let the pictures of a viewer be saved, and let it be shown elsewhere; returns what ends that. */
export function letBeSaved(id: string | undefined, viewer: EmbeddedViewer, showIn: Pictured["showIn"]): () => void {
  const all = page[PICTURED];
  if (all === undefined || id === undefined) return () => {};
  let last: HTMLCanvasElement | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const keep = () => {
    const full = viewer.picture();
    if (full !== undefined) last = shrink(full, WIDTH);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, CALM_MS);
  };
  const onReady = (ready: boolean) => {
    if (ready && last === undefined) keep();
    else later();
  };
  const stops = [viewer.on("state", later), viewer.on("ready", onReady)];
  let end = () => {};
  const pictured = {
    id,
    ended: new Promise<void>((resolve) => {
      end = resolve;
    }),
    picture: () => {
      keep();
      return last;
    },
    showIn,
  };
  all.add(pictured);
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
    all.delete(pictured);
    end();
  };
}

/** A copy that is no wider than `width`. */
export function shrink(picture: HTMLCanvasElement, width: number): HTMLCanvasElement {
  const scale = Math.min(1, width / picture.width);
  const copy = document.createElement("canvas");
  copy.width = Math.max(1, Math.round(picture.width * scale));
  copy.height = Math.max(1, Math.round(picture.height * scale));
  copy.getContext("2d")?.drawImage(picture, 0, 0, copy.width, copy.height);
  return copy;
}
