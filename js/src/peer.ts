// One Python viewer as seen from the page: its data, its configuration, and what it wants to hear.
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { arrival } from "./arrival";
import { Baked } from "./baked";
import { type Channel, ChannelError, type Reply } from "./channel";
import { type Notice, PythonConfig, refresh } from "./config";
import { pythonCredentials } from "./credentials";
import { isObject, type JsonObject } from "./json";
import type { PanelModel } from "./model";
import { type Described, residents, type Sender } from "./residents";
import { type Answer, addPeer, type DataPeer } from "./sources";

/**
 * Bytes of arrays to keep on the page: an eighth of the device's memory as far as the browser tells it (at most 8 GB),
 * and a quarter of that where the arrays come over a network, since all of an array is sent to show a part of it.
 */
export function defaultLimit(remote: boolean): number {
  const { deviceMemory = 4 } = navigator as { deviceMemory?: number };
  return (deviceMemory * 2 ** 30) / (remote ? 32 : 8);
}

/** An answer, and what Python says of a volume beside it. */
interface Told extends Answer {
  described?: Described | undefined;
}

export class PythonPeer implements DataPeer, Sender {
  readonly #removers: (() => void)[] = [];
  #config: PythonConfig | undefined;
  /** What answers in Python's place, until Python is there. */
  readonly #baked: Baked | undefined;
  #early: boolean;
  #viewer: Viewer | undefined;
  #disposed = false;
  readonly credentials;

  constructor(
    private readonly model: PanelModel,
    private readonly channel: Channel,
    token: string,
  ) {
    this.credentials = pythonCredentials(channel);
    const { baked } = model.python;
    this.#baked = baked === undefined ? undefined : new Baked(baked);
    this.#early = baked !== undefined;
    if (this.#early)
      arrival()
        ?.python.then((came) => (came ? this.#greet(token) : undefined))
        .catch((error: Error) => this.#disposed || console.warn(`Python did not say what is new: ${error.message}`));
    const follow = () => this.#config?.restore(this.model.config);
    model.on("config", follow);
    this.#removers.push(addPeer(token, this), () => model.off("config", follow));
  }

  /** Configure a viewer that has just been made; returns what undoes it. */
  configure(viewer: Viewer): () => void {
    const config = new PythonConfig(viewer, (notice) => this.#tell(notice));
    this.#config = config;
    this.#viewer = viewer;
    config.restore(this.model.config);
    return () => {
      this.#config = undefined;
      this.#viewer = undefined;
      config.dispose();
    };
  }

  async fetch(path: string, signal: AbortSignal): Promise<Answer> {
    const key = /^\/neuroglancer\/info\/(.+)$/.exec(path)?.[1];
    if (key !== undefined) residents.prepare(this);
    const baked = this.#early ? await this.#baked?.fetch(path) : undefined;
    const answer: Told = baked ?? (await this.#askPython(path, key !== undefined, signal));
    if (answer.status === 200 && key !== undefined) residents.want(key, this, answer.described);
    return answer;
  }

  async #askPython(path: string, describe: boolean, signal: AbortSignal): Promise<Told> {
    try {
      // What is wanted next in any case comes along.
      const params = { path, ...(describe && { limit: residents.roomFor(this) }) };
      const { result, data } = await this.channel.ask("source.read", params, { signal });
      const { status, reason, described } = result as unknown as Told;
      return { status, reason, data, described };
    } catch (error) {
      if (this.#baked === undefined || !(error instanceof ChannelError) || error.kind !== "closed") throw error;
      return { status: 404, reason: this.#baked.why(path), data: undefined };
    }
  }

  ask(method: string, params: Record<string, unknown>, options: { signal: AbortSignal }): Promise<Reply> {
    // An array that has begun to come from files comes from there to its end.
    const baked = this.#early || method.startsWith("files.") ? this.#baked?.ask(method, params) : undefined;
    return baked ?? this.channel.ask(method, params, options);
  }

  get limit(): number {
    return this.model.python.resident_limit ?? defaultLimit(this.remote);
  }

  get remote(): boolean {
    return !this.#early && (this.model.python.remote ?? true);
  }

  /** The viewer shows this now: free the arrays that it shows no longer. */
  showing(state: JsonObject): void {
    const layers = Array.isArray(state.layers) ? state.layers.filter(isObject) : [];
    const text = JSON.stringify(layers.map((layer) => layer.source));
    residents.release(this, (key) => text.includes(key));
  }

  /** Python is there and answers from now on. What came from files stays where Python has the same. */
  async #greet(token: string): Promise<void> {
    this.#early = false;
    // Another viewer: another peer will answer.
    if (this.model.python.token !== token) return;
    for (const given of this.#baked?.given ?? []) {
      const { result } = await this.channel.ask("source.compare", given);
      const { info, data } = result as { info: boolean; data: boolean };
      if (this.#disposed) return;
      if (data) continue;
      const key = String(given.key);
      residents.replace(key, this);
      if (this.#viewer !== undefined) refresh(this.#viewer, key, { anew: !info });
    }
  }

  dispose(): void {
    this.#disposed = true;
    residents.release(this);
    for (const remove of this.#removers) remove();
  }

  #tell({ kind, name, value, data }: Notice): void {
    this.channel.ask(`viewer.${kind}`, { name, value }, { data }).catch((error: Error) => {
      // The viewer goes on; whoever waits in Python has its own time limit.
      console.warn(`Python did not take the ${kind} "${name}": ${error.message}`);
    });
  }
}
