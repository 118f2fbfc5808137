// Requests from the page to Python over the messages of a Panel model: numbered, answered once, timed.
import type { PanelModel } from "./model";

export interface Reply {
  result: unknown;
  data: ArrayBuffer | undefined;
}

interface ReplyMessage {
  id?: string;
  ok?: boolean;
  result?: unknown;
  data?: ArrayBuffer | ArrayBufferView;
  error?: { kind: string; message: string };
}

const TIMEOUT_MS = 60_000;

/** Ask Python and wait for its answer. */
export function ask(model: PanelModel, method: string, params: Record<string, unknown>): Promise<Reply> {
  const id = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      model.off("msg:custom", listen);
    };
    const listen = (event?: unknown) => {
      const message = event as ReplyMessage;
      if (message?.id !== id) return;
      end();
      if (message.ok) resolve({ result: message.result, data: bytes(message.data) });
      else reject(new Error(message.error?.message ?? `Python refused ${method}`));
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error(`Python did not answer ${method} within ${TIMEOUT_MS / 1000} s: is it still running?`));
    }, TIMEOUT_MS);
    model.on("msg:custom", listen);
    model.send_msg({ id, method, params });
  });
}

function bytes(data: ReplyMessage["data"]): ArrayBuffer | undefined {
  if (data === undefined || data instanceof ArrayBuffer) return data;
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
}
