// Python in a worker that the page did not start, such as a JupyterLite kernel: a BroadcastChannel.
//
// All of an origin's pages and workers can use one if they know its name. So the name holds the channel's token.
import type { Opener } from "./index";

const PREFIX = "panel-neuroglancer.";
const PART_BYTES = 4 * 2 ** 20;

export const broadcast: Opener = ({ token }, { hear }) => {
  const channel = new BroadcastChannel(PREFIX + token);
  channel.onmessage = ({ data }) => {
    if (data?.to === "page") hear(data.text, data.data);
  };
  return {
    name: "broadcast",
    part: PART_BYTES,
    // Of a view on a part its whole buffer would be cloned.
    send: (text, data) => channel.postMessage({ to: "python", text, data: data?.slice() }),
    close: () => channel.close(),
  };
};
