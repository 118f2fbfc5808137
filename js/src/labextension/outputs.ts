// Puts pictures of viewers into the outputs of a notebook that is being saved; pure.
//
// A viewer's output is HTML with a script in it. The picture goes behind both, as HTML: it is what is seen where no script
// runs, and the loader takes it away where one does (see revival.ts).
import type { Pictured } from "../pictured";

/** The most bytes of a viewer's output as it is written. */
export const LIMIT_BYTES = 50_000;
export const CAPTION = "The last view of this Neuroglancer viewer. Run the cell to bring it to life.";

/** Widths and JPEG qualities to try, the best first. */
const SIZES = [
  [800, 0.8],
  [800, 0.6],
  [640, 0.6],
  [480, 0.5],
  [320, 0.5],
  [240, 0.4],
  [160, 0.3],
] as const;

interface Output {
  data?: Record<string, unknown>;
}

export interface Notebook {
  cells?: { outputs?: Output[] }[];
}

export type Encode = (picture: HTMLCanvasElement, width: number, quality: number) => string;

/** A notebook with a picture in every output that shows one of the viewers; the one given stays as it is. */
export function addPictures(notebook: Notebook, viewers: Iterable<Pictured>, encode: Encode): Notebook {
  const all = [...viewers];
  const cells = notebook.cells?.map((cell) =>
    cell.outputs === undefined
      ? cell
      : { ...cell, outputs: cell.outputs.map((output) => complete(output, all, encode)) },
  );
  return { ...notebook, cells };
}

function complete(output: Output, viewers: Pictured[], encode: Encode): Output {
  const found = output.data?.["text/html"];
  const html = Array.isArray(found) ? found.join("") : found;
  if (typeof html !== "string") return output;
  const shown = new Map<string, HTMLCanvasElement>();
  for (const viewer of viewers) {
    const picture = html.includes(viewer.id) && !shown.has(viewer.id) ? viewer.picture() : undefined;
    if (picture !== undefined) shown.set(viewer.id, picture);
  }
  let written = output;
  for (const [width, quality] of shown.size > 0 ? SIZES : []) {
    let pictured = html;
    for (const [id, picture] of shown) pictured = withPicture(pictured, id, encode(picture, width, quality));
    written = { ...output, data: { ...output.data, "text/html": pictured } };
    if (new Blob([JSON.stringify(written)]).size <= LIMIT_BYTES * shown.size) return written;
  }
  return written;
}

/** Replace the picture of a viewer, or add one. */
function withPicture(html: string, id: string, src: string): string {
  const start = `<figure data-panel-neuroglancer="${id}">`;
  const end = "</figure>";
  const from = html.indexOf(start);
  const rest = from < 0 ? html : html.slice(0, from) + html.slice(html.indexOf(end, from) + end.length);
  return `${rest}${start}<img alt="The viewer's last view" src="${src}"><figcaption>${CAPTION}</figcaption>${end}`;
}
