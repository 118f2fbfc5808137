// Questions and answers between two ends: each may ask the other, take a question back, and tell what needs no answer.
import { ChannelError, type Link, type Message } from "./link";

export interface Reply {
  result: unknown;
  data: ArrayBuffer | undefined;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** Bytes to send along. */
  data?: Uint8Array | undefined;
}

/** Answers the other end's questions; `signal` tells that nobody waits any more. Events come here too. */
export type Handler = (
  params: Record<string, unknown>,
  data: ArrayBuffer | undefined,
  signal: AbortSignal,
) => Answer | Promise<Answer>;

// biome-ignore lint/suspicious/noConfusingVoidType: a handler may well return nothing
type Answer = { result?: unknown; data?: Uint8Array } | void;

interface Question {
  id: number;
  message: Message;
  data: Uint8Array | undefined;
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
  timer?: ReturnType<typeof setTimeout>;
}

/** Enough that Python has something to do while the page draws and hands nothing on. */
export const IN_FLIGHT = 48;
/** Far more than Python ever asks at a time. */
const RUNNING = 256;
/** What is told before there is a link. */
const TOLD = 10_000;
export const TIMEOUT_MS = 120_000;

type Data = Uint8Array<ArrayBuffer> | undefined;

export class Exchange {
  readonly #waiting = new Map<number, Question>();
  readonly #asked = new Map<number, Question>();
  readonly #running = new Map<number, AbortController>();
  #told: { message: Message; data: Uint8Array | undefined }[] = [];
  #last = 0;
  #link: Link | undefined;

  constructor(
    private readonly handlers: Map<string, Handler>,
    private readonly timeout = TIMEOUT_MS,
  ) {}

  /** Let what waits go over a link that works. */
  attach(link: Link): void {
    this.#link = link;
    for (const { message, data } of this.#told.splice(0)) link.send(message, data);
    this.#pump();
  }

  /** Fail all that waits: the other end is gone. */
  fail(reason: Error): void {
    this.#link = undefined;
    this.#told = [];
    for (const question of [...this.#asked.values(), ...this.#waiting.values()]) {
      clearTimeout(question.timer);
      question.reject(reason);
    }
    for (const abort of this.#running.values()) abort.abort(reason);
    this.#asked.clear();
    this.#waiting.clear();
    this.#running.clear();
  }

  ask(method: string, params: Record<string, unknown>, { signal, data }: AskOptions = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#last += 1;
      const id = this.#last;
      const takeBack = () => this.#takeBack(id, signal?.reason);
      signal?.addEventListener("abort", takeBack, { once: true });
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener("abort", takeBack);
          settle(value);
        };
      };
      const message = { kind: "request", id, method, params };
      this.#waiting.set(id, { id, message, data, resolve: settled(resolve), reject: settled(reject) });
      this.#pump();
    });
  }

  tell(method: string, params: Record<string, unknown>, data?: Uint8Array): void {
    const message = { kind: "event", method, params };
    if (this.#link !== undefined) this.#link.send(message, data);
    else if (this.#told.length < TOLD) this.#told.push({ message, data });
    else throw new ChannelError("overrun", "Python has not answered yet, and too much waits for it already");
  }

  /** Take what the link brought. */
  receive(message: Message, data: Data): void {
    const { kind, id, method } = message as { kind: string; id: number; method: string };
    if (kind === "reply") {
      this.#settle(id, (question) => question.resolve({ result: message.result, data: data?.buffer }));
    } else if (kind === "error") {
      const { kind: tag, message: text } = (message.error ?? {}) as { kind?: string; message?: string };
      const error = new ChannelError(String(tag ?? "unknown"), String(text ?? "Python refused"));
      this.#settle(id, (question) => question.reject(error));
    } else if (kind === "cancel") {
      this.#running.get(id)?.abort(new ChannelError("cancelled", "Python took the question back"));
      this.#running.delete(id);
    } else if (kind === "event") {
      this.#handle(message, data, new AbortController().signal).catch((error: Error) =>
        console.error(`Handling "${method}" failed:`, error),
      );
    } else if (kind === "request" && Number.isSafeInteger(id) && !this.#running.has(id)) {
      void this.#answer(id, message, data);
    } else this.#refuse();
  }

  #refuse(): void {
    if (this.#link !== undefined) this.#link.refused += 1;
  }

  // Asking

  #pump(): void {
    for (const question of this.#waiting.values()) {
      if (this.#link === undefined || this.#asked.size >= IN_FLIGHT) return;
      this.#waiting.delete(question.id);
      this.#asked.set(question.id, question);
      question.timer = setTimeout(() => this.#expire(question), this.timeout);
      try {
        this.#link.send(question.message, question.data);
      } catch (error) {
        this.#settle(question.id, () => question.reject(error as Error));
      }
    }
  }

  #expire({ id, message, reject }: Question): void {
    this.#say({ kind: "cancel", id });
    const text = `Python did not answer ${message.method} within ${this.timeout / 1000} s: is it still running?`;
    this.#settle(id, () => reject(new ChannelError("timeout", text)));
  }

  #takeBack(id: number, reason: unknown): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      waiting.reject(reason as Error);
    } else if (this.#asked.has(id)) {
      this.#say({ kind: "cancel", id });
      this.#settle(id, (question) => question.reject(reason as Error));
    }
  }

  #settle(id: number, how: (question: Question) => void): void {
    const question = this.#asked.get(id);
    if (question === undefined) {
      this.#refuse(); // it was taken back meanwhile, or never asked
      return;
    }
    clearTimeout(question.timer);
    this.#asked.delete(id);
    how(question);
    this.#pump();
  }

  // Answering

  async #answer(id: number, message: Message, data: Data): Promise<void> {
    const abort = new AbortController();
    const link = this.#link;
    let answer: { message: Message; data?: Uint8Array | undefined };
    try {
      if (this.#running.size >= RUNNING) throw new ChannelError("overrun", `${RUNNING} answers are due already`);
      this.#running.set(id, abort);
      const { result, data: bytes } = (await this.#handle(message, data, abort.signal)) ?? {};
      answer = { message: { kind: "reply", id, result: result ?? {} }, data: bytes };
    } catch (error) {
      answer = { message: failure(id, error) };
    }
    // Nobody waits for what was cancelled.
    if (abort.signal.aborted || link !== this.#link) return;
    this.#running.delete(id);
    try {
      link?.send(answer.message, answer.data);
    } catch (error) {
      this.#say(failure(id, error));
    }
  }

  async #handle(message: Message, data: Data, signal: AbortSignal): Promise<Answer> {
    const { method, params } = message as { method: string; params?: Record<string, unknown> };
    const handler = this.handlers.get(method);
    if (handler === undefined) throw new ChannelError("unknown-method", `The page answers no ${method}`);
    return await handler(params ?? {}, data?.buffer, signal);
  }

  #say(message: Message): void {
    try {
      this.#link?.send(message);
    } catch (error) {
      this.#link?.end(error as ChannelError);
    }
  }
}

function failure(id: number, error: unknown): Message {
  const { kind = "internal", message } = error as { kind?: string; message: string };
  return { kind: "error", id, error: { kind, message: String(message) } };
}
