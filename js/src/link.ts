// One end of a numbered conversation over a carrier: in order, exactly once, and never more than the other end takes.
//
// Each message has a number and travels as JSON text with bytes beside it. The receiver drops what it has had, holds back
// what came too early, and acknowledges what it has handed on; the sender keeps the rest until there is room. Bytes that a
// carrier cannot take at once go ahead in parts. Nothing is sent again: a carrier that loses messages breaks the link.
import type { Carrier } from "./carriers";

export type Message = Record<string, unknown>;

/** Refused or failed; `kind` tells programs what `message` tells people. */
export class ChannelError extends Error {
  override name = "ChannelError";

  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

const MIB = 2 ** 20;
/** Under way: sent and not acknowledged. */
const WINDOW = { messages: 256, bytes: 32 * MIB };
const ACKNOWLEDGE = { messages: 64, bytes: 8 * MIB };
/** Waiting for room, on the sender's side; come too early, on the receiver's. */
const QUEUE = { messages: 20_000, bytes: 1024 * MIB };
const HELD = { messages: 1024, bytes: 256 * MIB };
export const PAYLOAD_BYTES = 1024 * MIB;
const GAP_MS = 30_000;

const PART = JSON.stringify({ kind: "part" });

type Data = Uint8Array<ArrayBuffer> | undefined;

export class Link {
  /** Messages that were dropped: had before, or not of this conversation. */
  refused = 0;
  #over = false;
  #last = 0;
  #queue: { text: string; data: Data }[] = [];
  #queued = 0;
  #unacknowledged: { n: number; size: number }[] = [];
  #underWay = 0;
  #seen = 0;
  #held = new Map<number, { message: Message; data: Data }>();
  #heldBytes = 0;
  #gapSince = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #owed = { messages: 0, bytes: 0 };

  /**
   * @param peer names the conversation to both ends
   * @param deliver called with each message, in order, once
   * @param broken called once with the reason when the conversation cannot go on
   */
  constructor(
    readonly carrier: Carrier,
    readonly peer: string,
    private readonly deliver: (message: Message, data: Data) => void,
    private readonly broken: (reason: ChannelError) => void,
  ) {}

  /** Send a message, or keep it until the other end has room. Throws if too much waits already. */
  send(message: Message, data?: Uint8Array): void {
    if (this.#over) return;
    const text = JSON.stringify(message);
    const size = data?.byteLength ?? 0;
    if (size > PAYLOAD_BYTES)
      throw new ChannelError("too-large", `${size} bytes are too many for one message: ${PAYLOAD_BYTES} can be sent`);
    if (this.#queue.length >= QUEUE.messages || (this.#queue.length > 0 && this.#queued + size > QUEUE.bytes))
      throw new ChannelError("overrun", "Python does not keep up: too much waits for it already");
    const { part } = this.carrier;
    // The caller may go on using its bytes.
    let rest = data?.slice();
    for (; rest !== undefined && rest.byteLength > part; rest = rest.subarray(part))
      this.#enqueue(PART, rest.subarray(0, part));
    this.#enqueue(text, rest);
    this.#flush();
  }

  /** Take what the carrier brought. */
  receive(message: Message, data: Data): void {
    if (message.ack !== undefined) {
      this.#acknowledged(message.ack);
      return;
    }
    for (const ready of this.#inOrder(message, data)) {
      if (ready.message.kind === "part") this.#collect(ready.data);
      else this.deliver(ready.message, this.#whole(ready.data));
    }
    this.#acknowledge();
  }

  /** Send nothing more; with a reason, say so. */
  end(reason?: ChannelError): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#held.clear();
    this.#parts = [];
    if (reason !== undefined) this.broken(reason);
  }

  #enqueue(text: string, data: Data): void {
    this.#queue.push({ text, data });
    this.#queued += data?.byteLength ?? 0;
  }

  #flush(): void {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || this.#over) return;
      const size = next.data?.byteLength ?? 0;
      if (this.#unacknowledged.length >= WINDOW.messages) return;
      // Less than that the other end need not acknowledge, so there is nothing to wait for.
      if (this.#underWay >= ACKNOWLEDGE.bytes && this.#underWay + size > WINDOW.bytes) return;
      this.#queue.shift();
      this.#queued -= size;
      this.#last += 1;
      this.#unacknowledged.push({ n: this.#last, size });
      this.#underWay += size;
      this.#carry(`{"peer":"${this.peer}","n":${this.#last},${next.text.slice(1)}`, next.data);
    }
  }

  #carry(text: string, data?: Data): void {
    try {
      this.carrier.send(text, data);
    } catch (error) {
      this.end(new ChannelError("lost", `Python could not be reached: ${(error as Error).message}`));
    }
  }

  #acknowledged(upto: unknown): void {
    if (!Number.isSafeInteger(upto) || (upto as number) <= 0 || (upto as number) > this.#last) {
      this.refused += 1;
      return;
    }
    for (let first = this.#unacknowledged[0]; first !== undefined && first.n <= (upto as number); ) {
      this.#underWay -= first.size;
      this.#unacknowledged.shift();
      first = this.#unacknowledged[0];
    }
    this.#flush();
  }

  /** What can be handed on now. */
  #inOrder(message: Message, data: Data): { message: Message; data: Data }[] {
    const { n } = message as { n: number };
    const size = data?.byteLength ?? 0;
    if (this.#over || !Number.isSafeInteger(n) || n <= this.#seen || this.#held.has(n)) {
      this.refused += 1;
      return [];
    }
    if (n > this.#seen + 1) {
      if (this.#held.size === 0) this.#gapSince = performance.now();
      const late = performance.now() - this.#gapSince > GAP_MS;
      if (late || this.#held.size >= HELD.messages || this.#heldBytes + size > HELD.bytes) {
        this.end(new ChannelError("lost", `Message ${this.#seen + 1} of Python's was lost on its way`));
      } else {
        this.#held.set(n, { message, data });
        this.#heldBytes += size;
      }
      return [];
    }
    const ready = [{ message, data }];
    this.#seen = n;
    for (let next = this.#held.get(n + 1); next !== undefined; next = this.#held.get(this.#seen + 1)) {
      this.#seen += 1;
      this.#held.delete(this.#seen);
      this.#heldBytes -= next.data?.byteLength ?? 0;
      ready.push(next);
    }
    this.#gapSince = performance.now();
    this.#owed.messages += ready.length;
    for (const { data: its } of ready) this.#owed.bytes += its?.byteLength ?? 0;
    return ready;
  }

  #collect(part: Data): void {
    if (part === undefined) return;
    this.#parts.push(part);
    this.#partBytes += part.byteLength;
    if (this.#partBytes > PAYLOAD_BYTES)
      this.end(new ChannelError("too-large", `A message of more than ${PAYLOAD_BYTES} bytes was refused`));
  }

  #whole(last: Data): Data {
    if (this.#parts.length === 0) return last;
    const whole = new Uint8Array(this.#partBytes + (last?.byteLength ?? 0));
    let offset = 0;
    for (const part of [...this.#parts, ...(last === undefined ? [] : [last])]) {
      whole.set(part, offset);
      offset += part.byteLength;
    }
    this.#parts = [];
    this.#partBytes = 0;
    return whole;
  }

  #acknowledge(): void {
    const { messages, bytes } = this.#owed;
    if (this.#over || (messages < ACKNOWLEDGE.messages && bytes < ACKNOWLEDGE.bytes)) return;
    this.#owed = { messages: 0, bytes: 0 };
    this.#carry(JSON.stringify({ peer: this.peer, ack: this.#seen }));
  }
}
