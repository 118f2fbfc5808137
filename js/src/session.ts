// Ties a viewer to its Python side through the properties of one Panel model.
import { Channel } from "./channel";
import { equal, type JsonObject } from "./json";
import type { ModelProperties, PanelModel } from "./model";
import { PythonPeer } from "./peer";
import { randomId } from "./random";
import { tidy } from "./single";
import { type Command, Conversation } from "./sync";
import { EmbeddedViewer } from "./viewer";

/**
 * Show a viewer in `container` that follows `model` and reports to it.
 *
 * @returns the viewer and a function that ends both
 */
export function attach(model: PanelModel, container: Node): { viewer: EmbeddedViewer; detach: () => void } {
  const conversation = new Conversation(randomId());
  const first = conversation.resume(model.command, model.report);
  const channel = new Channel(model);
  const { token } = model.python;
  const peer = token === undefined ? undefined : new PythonPeer(model, channel, token);
  const viewer = new EmbeddedViewer(container, {
    state: first,
    ui: model.ui,
    onStart: (upstream) => peer?.configure(upstream),
  });
  let reported: { state: JsonObject; ack: number } | undefined;

  const report = (exact: JsonObject) => {
    const state = tidy(exact);
    const next = conversation.report(state, viewer.selectedSegments);
    if (reported?.ack === next.ack && equal(reported.state, state)) return;
    reported = { state, ack: next.ack };
    peer?.showing(state);
    model.report = next;
  };
  const follow = {
    command: (command: Command) => {
      const wanted = conversation.receive(command, viewer.getState());
      if (wanted !== undefined) viewer.setState(wanted);
    },
    ui: (ui: ModelProperties["ui"]) => viewer.setUi(ui),
  };
  const onCommand = () => follow.command(model.command);
  const onUi = () => follow.ui(model.ui);
  model.on("command", onCommand);
  model.on("ui", onUi);
  viewer.on("state", report);
  viewer.on("hover", (hover) => {
    model.hover = hover;
  });
  viewer.on("ready", (ready) => {
    model.ready = ready;
  });
  viewer.on("errors", (errors) => {
    model.errors = errors;
  });
  return {
    viewer,
    detach: () => {
      model.off("command", onCommand);
      model.off("ui", onUi);
      viewer.dispose();
      peer?.dispose();
      channel.close("The viewer was removed from the page");
    },
  };
}
