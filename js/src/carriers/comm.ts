// Panel's own messages: what is left where Python is not in the browser, over a server's WebSocket or a notebook's comm.
//
// A message of Panel's costs milliseconds, so what is sent in one go travels in one. Bytes go in parts, since servers limit
// the size of a message (Bokeh's to 20 MB) and nothing else passes meanwhile.
import type { Opener } from "./index";

interface Envelope {
  text?: string;
  data?: unknown;
}

const PART_BYTES = 4 * 2 ** 20;

export const comm: Opener = (_, { hear, lost, back }, model) => {
  const receive = (event?: unknown) => {
    for (const message of Array.isArray(event) ? event : [event]) {
      const { text, data } = (message ?? {}) as Envelope;
      hear(text, data);
    }
  };
  let waiting: Envelope[] = [];
  let bytes = 0;
  const flush = () => {
    const messages = waiting;
    waiting = [];
    bytes = 0;
    if (open && messages.length > 0) model.send_msg(messages);
  };
  let open = true;
  model.on("msg:custom", receive);
  model.document?.on_event("connection_lost", () => {
    if (open) lost("The connection to Python is lost");
  });
  model.document?.on_event("client_reconnected", () => {
    if (open) back();
  });
  return {
    name: "comm",
    part: PART_BYTES,
    send: (text, data) => {
      if (waiting.length === 0) queueMicrotask(flush);
      waiting.push(data === undefined ? { text } : { text, data: data.slice().buffer });
      bytes += data?.byteLength ?? 0;
      if (bytes >= PART_BYTES) flush();
    },
    close: () => {
      flush();
      open = false;
      model.off("msg:custom", receive);
    },
  };
};
