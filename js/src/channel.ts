// Requests from the page to Python over the messages of one Panel model.
//
// Numbered, answered exactly once, timed and cancellable. No more than a few are with Python at a time:
// the rest waits here, where a request that nobody wants any more can still be dropped for free.
import type { PanelModel } from "./model";

export interface Reply {
  result: unknown;
  data: ArrayBuffer | undefined;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** Bytes to send along. */
  data?: Uint8Array | undefined;
}

/** Python refused or failed; `kind` tells programs what `message` tells people. */
export class ChannelError extends Error {
  override name = "ChannelError";

  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

interface ReplyMessage {
  id?: string;
  ok?: boolean;
  result?: unknown;
  data?: ArrayBuffer | ArrayBufferView;
  error?: { kind: string; message: string };
}

interface Request {
  id: string;
  message: Record<string, unknown>;
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
  timer?: ReturnType<typeof setTimeout>;
}

export const IN_FLIGHT = 16;
export const TIMEOUT_MS = 120_000;

type Carrier = Pick<PanelModel, "on" | "off" | "send_msg">;

export class Channel {
  readonly #sent = new Map<string, Request>();
  readonly #queue = new Map<string, Request>();
  #closed: Error | undefined;

  constructor(private readonly carrier: Carrier) {
    carrier.on("msg:custom", this.#receive);
  }

  /** Ask Python and wait for its answer. */
  ask(method: string, params: Record<string, unknown>, { signal, data }: AskOptions = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      if (signal?.aborted) return reject(signal.reason);
      const id = crypto.randomUUID();
      const message = { id, method, params, ...(data === undefined ? {} : { data }) };
      this.#queue.set(id, { id, message, resolve, reject });
      signal?.addEventListener("abort", () => this.#cancel(id, signal.reason), { once: true });
      this.#pump();
    });
  }

  /** Fail all that waits: the model is gone, or Python is. */
  close(reason: string): void {
    this.#closed = new ChannelError("closed", reason);
    this.carrier.off("msg:custom", this.#receive);
    for (const request of [...this.#sent.values(), ...this.#queue.values()]) {
      clearTimeout(request.timer);
      request.reject(this.#closed);
    }
    this.#sent.clear();
    this.#queue.clear();
  }

  #pump(): void {
    for (const request of this.#queue.values()) {
      if (this.#sent.size >= IN_FLIGHT) return;
      this.#queue.delete(request.id);
      this.#sent.set(request.id, request);
      request.timer = setTimeout(() => this.#expire(request), TIMEOUT_MS);
      this.carrier.send_msg(request.message);
    }
  }

  #expire(request: Request): void {
    const seconds = TIMEOUT_MS / 1000;
    const message = `Python did not answer ${request.message.method} within ${seconds} s: is it still running?`;
    this.#settle(request, () => request.reject(new ChannelError("timeout", message)));
  }

  #cancel(id: string, reason: unknown): void {
    const waiting = this.#queue.get(id);
    if (waiting !== undefined) {
      this.#queue.delete(id);
      waiting.reject(reason as Error);
      return;
    }
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.carrier.send_msg({ id, cancel: true });
    this.#settle(sent, () => sent.reject(reason as Error));
  }

  #settle(request: Request, how: () => void): void {
    clearTimeout(request.timer);
    this.#sent.delete(request.id);
    how();
    this.#pump();
  }

  readonly #receive = (event?: unknown): void => {
    const { id, ok, result, data, error } = (event ?? {}) as ReplyMessage;
    const request = id === undefined ? undefined : this.#sent.get(id);
    // Replies to other views of the same viewer, and to what was cancelled, pass by here too.
    if (request === undefined) return;
    this.#settle(request, () => {
      if (ok) request.resolve({ result, data: bytes(data) });
      else request.reject(new ChannelError(error?.kind ?? "unknown", error?.message ?? "Python refused"));
    });
  };
}

function bytes(data: ReplyMessage["data"]): ArrayBuffer | undefined {
  if (data === undefined || data instanceof ArrayBuffer) return data;
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
}
