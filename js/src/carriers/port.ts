// Pyodide in the page's own worker: Python gets one end of a MessageChannel and the bytes are transferred through it.
import type { Opener } from "./index";

/** The worker of a page made by Panel's converter, or by ours. Modules see it although it is no member of the window. */
declare const pyodideWorker: Worker | undefined;

export const port: Opener = ({ token }, { hear, lost }) => {
  if (typeof pyodideWorker === "undefined") return undefined;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => hear(data?.[0], data?.[1]);
  port1.addEventListener("close", () => lost("Python has ended: its worker closed the connection"));
  pyodideWorker.postMessage({ type: "panel-neuroglancer.port", token }, [port2]);
  return {
    name: "port",
    part: Number.POSITIVE_INFINITY,
    send: (text, data) => {
      if (data === undefined) port1.postMessage([text]);
      else port1.postMessage([text, data], [data.buffer]);
    },
    close: () => port1.close(),
  };
};
