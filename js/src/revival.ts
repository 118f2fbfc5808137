// A viewer in a notebook's output, which may come to a page long after its cell ran: with another Python behind it, or with
// none. So what to show is asked from Python, and as long as Python does not answer the saved picture of the last view stands
// there, with a line on how to bring the viewer to life.
import { connect } from "./carriers";
import { equal } from "./json";
import { channelOf } from "./locate";
import type { ModelProperties, PanelModel } from "./model";
import type { Notices } from "./notice";
import { randomId } from "./random";
import type { Command } from "./sync";

const PATIENCE_MS = 5000;

type Current = { command: Command } & Pick<ModelProperties, "ui" | "config">;

/** Take the saved picture of a viewer's last view out of the output, if there is one; returns its address. */
function takePicture(id: string | undefined): string | undefined {
  let src: string | undefined;
  for (const figure of document.querySelectorAll<HTMLElement>(`figure[data-panel-neuroglancer="${id}"]`)) {
    figure.hidden = true;
    src = figure.querySelector("img")?.src;
  }
  return src;
}

export class Revival {
  readonly #src: string | undefined;
  #stop = () => {};

  constructor(
    private readonly model: PanelModel,
    private readonly element: HTMLElement,
    private readonly notices: Notices,
  ) {
    this.#src = takePicture(model.data.id);
    if (this.#src !== undefined) element.style.background = `#111 url("${this.#src}") center / contain no-repeat`;
  }

  /** Whether a picture of the last view is there. */
  get pictured(): boolean {
    return this.#src !== undefined;
  }

  /** Wait until Python answers, as long as that takes. */
  answered(): Promise<void> {
    if (this.pictured)
      this.notices.busy("The last view. Run this cell to bring the viewer to life.", { turning: false, clear: true });
    const hint = setTimeout(() => {
      if (!this.pictured)
        this.notices.busy("Waiting for Python. If this output is an old one, run its cell again.", { turning: false });
    }, PATIENCE_MS);
    return new Promise((resolve) => {
      const stop = connect(this.model, randomId(), {
        welcomed: () => {
          this.end();
          resolve();
        },
        receive: () => {},
        refused: () => {},
        lost: () => {},
        back: () => {},
      });
      this.#stop = () => {
        clearTimeout(hint);
        queueMicrotask(stop);
      };
    });
  }

  /** Ask Python what to show now. */
  async current(): Promise<Command> {
    const { result } = await channelOf(this.model).ask("view.current", {});
    const { command, ui, config } = result as Current;
    if (!equal(this.model.ui as never, ui as never)) this.model.ui = ui;
    if (!equal(this.model.config, config)) this.model.config = config;
    return command;
  }

  /** The viewer draws: the picture is not needed any more. */
  alive(): void {
    this.element.style.background = "#111";
  }

  /** Wait no longer. */
  end(): void {
    this.#stop();
    this.#stop = () => {};
  }
}
