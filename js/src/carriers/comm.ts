// Panel's own messages: what is left where Python is not in the browser, over a server's WebSocket or a notebook's comm.
//
// The bytes go in parts, since servers limit the size of a message (Bokeh's to 20 MB) and nothing else passes meanwhile.
import type { Opener } from "./index";

const PART_BYTES = 4 * 2 ** 20;

export const comm: Opener = (_, { hear, lost, back }, model) => {
  const receive = (event?: unknown) => {
    const { text, data } = (event ?? {}) as { text?: string; data?: unknown };
    hear(text, data);
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
    send: (text, data) => model.send_msg(data === undefined ? { text } : { text, data: data.slice().buffer }),
    close: () => {
      open = false;
      model.off("msg:custom", receive);
    },
  };
};
