// What a channel can run over, one module each, and how the page chooses.
//
// Python offers carriers in a property, which arrives wherever Python is. The page says hello on the best that it can find
// here, after a while also on the next, last by Panel's messages, and takes the first on which Python welcomes it: so a
// carrier that leads nowhere costs time, and a Python that is busy costs nothing but the wait. Where Python is in a worker
// its welcome names a lock that the worker holds as long as it lives; to get it means that Python has ended.
import type { Message } from "../link";
import type { Offers, PanelModel } from "../model";
import { broadcast } from "./broadcast";
import { comm } from "./comm";
import { direct } from "./direct";
import { port } from "./port";

export interface Carrier {
  readonly name: string;
  /** The most bytes to send at once. */
  readonly part: number;
  send(text: string, data?: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type CarrierModel = Pick<PanelModel, "on" | "off" | "send_msg" | "carriers" | "document">;

/** What a carrier reports. */
export interface Ears {
  hear(text: unknown, data: unknown): void;
  /** Nothing will come any more, at least until `back`. */
  lost(reason: string): void;
  back(): void;
}

/** Gives the carrier, or undefined where there is none of the kind. */
export type Opener = (offers: Offers, ears: Ears, model: CarrierModel) => Carrier | undefined;

export interface Listener {
  welcomed(carrier: Carrier): void;
  receive(message: Message, data: Uint8Array<ArrayBuffer> | undefined): void;
  /** Something came that is no message. */
  refused(): void;
  lost(reason: string): void;
  back(): void;
}

const OPENERS: Record<string, Opener> = { direct, port, broadcast };
/** How long to wait for a welcome before the next carrier is tried too. */
const PATIENCE_MS = 5000;
const FIRST_MS = 250;

/** Find a carrier to Python; returns what ends it all. */
export function connect(model: CarrierModel, peer: string, listener: Listener): () => void {
  const offers = model.carriers;
  const ladder = [...offers.offers.flatMap((name) => OPENERS[name] ?? []), comm];
  const tried: Carrier[] = [];
  const hello = JSON.stringify({ peer, hello: offers.token });
  let chosen: Carrier | undefined;
  let unwatch = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_MS;

  const tryNext = () => {
    for (let opener = ladder.shift(); opener !== undefined; opener = ladder.shift()) {
      const carrier = open(opener);
      if (carrier === undefined) continue;
      tried.push(carrier);
      break;
    }
    // Again on all: while a page loads, messages of Panel's may be lost.
    for (const carrier of tried) {
      if (chosen !== undefined) return;
      try {
        carrier.send(hello);
      } catch (error) {
        console.debug(`${carrier.name} does not reach Python:`, error);
      }
    }
    if (chosen !== undefined) return;
    wait = ladder.length > 0 ? PATIENCE_MS : Math.min(2 * wait, PATIENCE_MS);
    timer = setTimeout(tryNext, wait);
  };
  const open = (opener: Opener): Carrier | undefined => {
    const carrier: Carrier | undefined = opener(
      offers,
      {
        hear: (text, data) => {
          const message = parse(text);
          if (message === undefined) listener.refused();
          else if (message.peer !== peer)
            return; // another page's
          else if (carrier === chosen) listener.receive(message, bytes(data));
          else if (chosen === undefined && carrier !== undefined) choose(carrier, message);
        },
        lost: (reason) => {
          if (carrier === chosen) listener.lost(reason);
        },
        back: () => {
          if (carrier === chosen) listener.back();
        },
      },
      model,
    );
    return carrier;
  };
  const choose = (carrier: Carrier, { welcome }: Message) => {
    if (typeof welcome !== "object" || welcome === null) return listener.refused();
    chosen = carrier;
    clearTimeout(timer);
    for (const other of tried) if (other !== carrier) other.close();
    const { life } = welcome as { life?: string | null };
    if (life != null) unwatch = watch(life, () => listener.lost("Python has ended: its worker is gone"));
    listener.welcomed(carrier);
  };
  tryNext();
  return () => {
    clearTimeout(timer);
    unwatch();
    for (const carrier of chosen === undefined ? tried : [chosen]) carrier.close();
    tried.length = 0;
  };
}

/** Wait for Python's end. */
function watch(life: string, ended: () => void): () => void {
  const abort = new AbortController();
  navigator.locks?.request(life, { signal: abort.signal }, ended).catch(() => {});
  return () => abort.abort();
}

function parse(text: unknown): Message | undefined {
  try {
    const message = JSON.parse(text as string);
    return typeof message === "object" && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes in a buffer of their own. */
function bytes(data: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (!ArrayBuffer.isView(data)) return undefined;
  const view = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return view.byteLength === view.buffer.byteLength ? view : view.slice();
}
