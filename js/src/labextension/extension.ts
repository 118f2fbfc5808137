// The extension of JupyterLab, Notebook and JupyterLite: a notebook is saved with a small picture of each viewer's last view,
// an output can be shown in a second place, and JupyterLite's kernels can be interrupted.
import { collectPictured, shrink } from "../pictured";
import { loadAhead } from "./ahead";
import { type RenderMime, showCopies } from "./copies";
import { type Interruptible, Interrupts, type SessionContext } from "./interrupts";
import { addPictures, type Notebook } from "./outputs";

/** The parts of JupyterLab's objects that are used here. */
interface Application extends Interruptible {
  restored: Promise<unknown>;
  docRegistry: {
    addWidgetExtension(
      widget: string,
      extension: { createNew(panel: NotebookPanel, context: { model: NotebookModel }): void },
    ): void;
  };
}

interface NotebookPanel {
  content: { rendermime: RenderMime };
  sessionContext: SessionContext;
  disposed: { connect(slot: () => void): void };
}

interface NotebookModel {
  /** Gives what is written to the file. */
  toJSON(): unknown;
}

const known = new WeakSet<NotebookModel>();

function encode(picture: HTMLCanvasElement, width: number, quality: number): string {
  return shrink(picture, width).toDataURL("image/jpeg", quality);
}

export const extension = {
  id: "panel-neuroglancer:pictures",
  description: "Saves a picture of each Neuroglancer viewer's last view with its notebook.",
  autoStart: true,
  activate: (app: Application) => {
    const viewers = collectPictured();
    const interrupts = new Interrupts(app);
    void loadAhead(app.restored);
    app.docRegistry.addWidgetExtension("Notebook", {
      createNew: ({ content, sessionContext, disposed }, { model }) => {
        interrupts.watch(sessionContext);
        disposed.connect(() => interrupts.forget(sessionContext));
        showCopies(content.rendermime, viewers);
        // A notebook may have several windows.
        if (known.has(model)) return;
        known.add(model);
        // Only in what is written: to change the output itself would make it anew, and the viewer in it.
        const write = model.toJSON.bind(model);
        model.toJSON = () => addPictures(write() as Notebook, viewers, encode);
      },
    });
  },
};
