// Pyodide on the page: each side calls the other. The bytes are copied once, out of or into Python's memory.
import type { Opener } from "./index";

type Send = (text: string, data?: Uint8Array) => void;
type Connect = (hear: Send) => Send;

/** Where Python leaves a function for each of its channels, by token; see carriers/direct.py. */
const CHANNELS = Symbol.for("panel-neuroglancer.direct");

export const direct: Opener = ({ token }, { hear }) => {
  const { [CHANNELS]: channels } = globalThis as { [CHANNELS]?: Map<string, Connect> };
  const connect = channels?.get(token);
  if (connect === undefined) return undefined;
  let open = true;
  const send = connect((text, data) => {
    if (open) hear(text, data);
  });
  return {
    name: "direct",
    part: Number.POSITIVE_INFINITY,
    // Not at once: Python may be in the middle of something on whose behalf this is sent.
    send: (text, data) => queueMicrotask(() => send(text, data)),
    close: () => {
      open = false;
    },
  };
};
