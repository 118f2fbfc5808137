// A component without a picture: the page's end of a channel, for the tests to talk through.
import { Channel } from "../../js/src/channel";
import type { PanelModel } from "../../js/src/model";

interface Probe {
  channel: Channel;
  model: PanelModel;
  /** What Python told, in order. */
  heard: number[];
  /** Questions of Python's that are not answered yet. */
  asked: number;
  given: number;
}

const page = window as unknown as { probes: Probe[]; Channel: typeof Channel };
page.Channel = Channel;
page.probes ??= [];

export function render({ model }: { model: PanelModel }): HTMLElement {
  const channel = new Channel(model);
  const probe: Probe = { channel, model, heard: [], asked: 0, given: 0 };
  channel.on("count", ({ n }) => {
    probe.heard.push(n as number);
  });
  channel.on("echo", (params, data) => ({ result: params, ...(data && { data: new Uint8Array(data) }) }));
  channel.on("never", (_, __, signal) => {
    probe.asked += 1;
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        probe.given += 1;
        reject(signal.reason);
      });
    });
  });
  model.on("remove", () => channel.close("The viewer was removed from the page"));
  page.probes.push(probe);
  return document.createElement("output");
}
