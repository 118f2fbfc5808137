// One Python viewer as seen from the page: its data, its configuration, and what it wants to hear.
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import type { Channel } from "./channel";
import { type Notice, PythonConfig } from "./config";
import type { PanelModel } from "./model";
import { type Answer, addPeer, type DataPeer } from "./sources";

export class PythonPeer implements DataPeer {
  readonly #removers: (() => void)[] = [];
  #config: PythonConfig | undefined;

  constructor(
    private readonly model: PanelModel,
    private readonly channel: Channel,
    token: string,
  ) {
    const follow = () => this.#config?.restore(this.model.config);
    model.on("config", follow);
    this.#removers.push(addPeer(token, this), () => model.off("config", follow));
  }

  /** Configure a viewer that has just been made; returns what undoes it. */
  configure(viewer: Viewer): () => void {
    const config = new PythonConfig(viewer, (notice) => this.#tell(notice));
    this.#config = config;
    config.restore(this.model.config);
    return () => {
      this.#config = undefined;
      config.dispose();
    };
  }

  async fetch(path: string, signal: AbortSignal): Promise<Answer> {
    const { result, data } = await this.channel.ask("source.read", { path }, { signal });
    const { status, reason } = result as { status: number; reason: string };
    return { status, reason, data };
  }

  dispose(): void {
    for (const remove of this.#removers) remove();
  }

  #tell({ kind, name, value, data }: Notice): void {
    this.channel.ask(`viewer.${kind}`, { name, value }, { data }).catch((error: Error) => {
      // The viewer goes on; whoever waits in Python has its own time limit.
      console.warn(`Python did not take the ${kind} "${name}": ${error.message}`);
    });
  }
}
