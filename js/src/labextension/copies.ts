// "Create New View for Cell Output": JupyterLab renders the same output a second time. Panel (1.9.4) finds a viewer on the page
// by its model's id, so of two with the same id the second stays empty, and its end ends the first. So a second rendering
// is left to the viewer that is there already: it shows itself in that place too.
import type { Pictured } from "../pictured";

const MIME = "application/vnd.holoviews_exec.v0+json";

interface MimeModel {
  data: Record<string, unknown>;
}

interface Renderer {
  node: HTMLElement;
  renderModel(model: MimeModel): Promise<void>;
  dispose(): void;
}

export interface RenderMime {
  createRenderer(mime: string): Renderer;
}

/** Let the renderers that are made from now on show a viewer in a second place, if it is in the page. */
export function showCopies(rendermime: RenderMime, viewers: Set<Pictured>): void {
  const create = rendermime.createRenderer.bind(rendermime);
  rendermime.createRenderer = (mime) => {
    const renderer = create(mime);
    if (mime === MIME) guard(renderer, viewers);
    return renderer;
  };
}

function guard(renderer: Renderer, viewers: Set<Pictured>): void {
  const render = renderer.renderModel.bind(renderer);
  const dispose = renderer.dispose.bind(renderer);
  const ends: (() => void)[] = [];
  let disposed = false;
  let html = "";
  const stop = () => {
    for (const end of ends.splice(0)) end();
  };
  renderer.renderModel = async (model) => {
    html = String(model.data["text/html"]);
    const shown = new Map([...viewers].filter(({ id }) => html.includes(id)).map((viewer) => [viewer.id, viewer]));
    if (shown.size === 0 || renderer.node.childElementCount > 0) return await render(model);
    // JupyterLab makes the outputs of a cell that is moved anew before it ends the old ones.
    void Promise.race([...shown.values()].map(({ ended }) => ended)).then(async () => {
      if (disposed) return;
      stop();
      renderer.node.replaceChildren();
      await render(model);
    });
    for (const viewer of shown.values()) {
      const place = document.createElement("div");
      place.style.cssText = "height: 400px; background: #111;";
      renderer.node.append(place);
      const end = await viewer.showIn(place).catch(() => () => {});
      if (disposed || !renderer.node.contains(place)) end();
      else ends.push(end);
    }
  };
  renderer.dispose = () => {
    disposed = true;
    stop();
    dispose();
    forgetComms(html);
  };
}

/**
 * Forget Panel's connections of an output that has ended. Panel would take them for the same output rendered anew, as in a
 * cell that is moved, and wait for answers that go to the one that has ended.
 */
function forgetComms(html: string): void {
  const { comms = {} } = (globalThis as { PyViz?: { comms?: Record<string, unknown> } }).PyViz ?? {};
  for (const [, comm] of html.matchAll(/"client_comm_id":\s*"(\w+)"/g)) delete comms[comm as string];
}
