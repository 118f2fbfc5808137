// The page's side of a viewer's channel: asks Python and is asked, over whatever carrier reaches it (see carriers).
import { arrival } from "./arrival";
import { type Carrier, type CarrierModel, connect } from "./carriers";
import { type AskOptions, Exchange, type Handler, type Reply, TIMEOUT_MS } from "./exchange";
import { ChannelError, Link } from "./link";
import { randomId } from "./random";

export type { AskOptions, Handler, Reply } from "./exchange";
export { IN_FLIGHT, TIMEOUT_MS } from "./exchange";
export { ChannelError } from "./link";

/** What changes nothing where Python is, and so may be asked twice. */
const READS = /^(source|engine)\.|^view\.current$|^viewer\.credentials$/;

export class Channel {
  /** Messages that were dropped because they were malformed, or no answer to anything. */
  refused = 0;
  readonly #handlers = new Map<string, Handler>();
  readonly #exchange: Exchange;
  #peer = "";
  #link: Link | undefined;
  #disconnect: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why there is nobody to ask, and none is looked for. */
  #gone: ChannelError | undefined;
  #closed = false;
  /** Python is not there yet: what is asked waits. */
  #early = false;

  constructor(
    private readonly model: CarrierModel,
    timeout = TIMEOUT_MS,
  ) {
    this.#exchange = new Exchange(this.#handlers, timeout);
    const coming = arrival()?.python;
    if (coming === undefined) this.#begin();
    else {
      this.#early = true;
      void coming.then((came) => {
        this.#early = false;
        if (this.#closed) return;
        if (came) this.#begin();
        else this.#leave(new ChannelError("closed", "Python did not start on this page"), true);
      });
    }
  }

  /** What carries the messages; undefined while Python has not answered yet. */
  get carrier(): string | undefined {
    return this.#link?.carrier.name;
  }

  /** Ask Python and wait for its answer. What only reads is asked once more where a message was lost. */
  async ask(method: string, params: Record<string, unknown>, options: AskOptions = {}): Promise<Reply> {
    try {
      return await this.#ask(method, params, options);
    } catch (error) {
      const lost = error instanceof ChannelError && error.kind === "lost";
      if (!lost || !READS.test(method)) throw error;
      options.signal?.throwIfAborted();
      return await this.#ask(method, params, options);
    }
  }

  #ask(method: string, params: Record<string, unknown>, options: AskOptions): Promise<Reply> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    this.#connect();
    return this.#exchange.ask(method, params, options);
  }

  /** Tell Python what needs no answer. */
  tell(method: string, params: Record<string, unknown>, data?: Uint8Array): void {
    if (this.#gone !== undefined) return;
    this.#connect();
    this.#exchange.tell(method, params, data);
  }

  /** Let `handler` answer what Python asks as `method`, and take in what it tells. */
  on(method: string, handler: Handler): void {
    this.#handlers.set(method, handler);
  }

  /** Fail all that waits: the model is gone. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#send({ close: reason });
    this.#leave(new ChannelError("closed", reason), true);
  }

  #begin(): void {
    if (this.model.carriers?.token === undefined) {
      const reason = new ChannelError("closed", "There is no Python behind this page");
      this.#leave(reason, true);
    } else this.#connect();
  }

  #connect(): void {
    if (this.#early || this.#disconnect !== undefined) return;
    const former = this.#peer;
    this.#peer = randomId();
    const giveUp = () => {
      const text = `Python did not answer within ${TIMEOUT_MS / 1000} s: is it still running?`;
      this.#leave(new ChannelError("timeout", text));
    };
    this.#timer = setTimeout(giveUp, TIMEOUT_MS);
    this.#disconnect = () => {};
    const disconnect = connect(this.model, this.#peer, {
      welcomed: (carrier) => this.#open(carrier, former),
      receive: (message, data) => {
        if (typeof message.broken === "string") this.#break(new ChannelError("lost", message.broken));
        else this.#link?.receive(message, data);
      },
      refused: () => {
        this.refused += 1;
      },
      lost: (reason) => this.#leave(new ChannelError("closed", reason), true, false),
      back: () => {
        if (this.#closed) return;
        this.#disconnect?.();
        this.#disconnect = undefined;
        this.#gone = undefined;
        this.#connect();
      },
    });
    this.#disconnect = disconnect;
  }

  #open(carrier: Carrier, former: string): void {
    clearTimeout(this.#timer);
    const link = new Link(
      carrier,
      this.#peer,
      (message, data) => this.#exchange.receive(message, data),
      (reason) => this.#break(reason),
    );
    this.#link = link;
    link.send({ kind: "open", token: this.model.carriers.token, former });
    this.#exchange.attach(link);
  }

  /** A message was lost: go on with a new link, so that Python knows, too. */
  #break(reason: ChannelError): void {
    this.#leave(reason);
    if (!this.#closed) this.#connect();
  }

  /** Fail all that waits; `forGood`: until somebody is `back`, if the carrier stays to hear that. */
  #leave(reason: ChannelError, forGood = false, disconnect = true): void {
    if (forGood) this.#gone = reason;
    clearTimeout(this.#timer);
    this.refused += this.#link?.refused ?? 0;
    this.#link?.end();
    this.#link = undefined;
    this.#exchange.fail(reason);
    if (!disconnect) return;
    this.#disconnect?.();
    this.#disconnect = undefined;
  }

  #send(message: Record<string, unknown>): void {
    try {
      this.#link?.carrier.send(JSON.stringify({ peer: this.#peer, ...message }));
    } catch {
      // Then Python learns it in another way.
    }
  }
}
