// Ties a viewer to its Python side through the properties of one Panel model.
import { arrival } from "./arrival";
import { Channel } from "./channel";
import { equal, type JsonObject } from "./json";
import type { ModelProperties, PanelModel } from "./model";
import { PythonPeer } from "./peer";
import { letBeSaved } from "./pictured";
import { randomId } from "./random";
import { tidy } from "./single";
import { type Command, Conversation } from "./sync";
import { EmbeddedViewer } from "./viewer";

/** What a page tells Python of its view. */
type Told = "report" | "hover" | "ready" | "errors";

/** A viewer that follows a model, and what ends both. */
export interface Attached {
  viewer: EmbeddedViewer;
  detach: () => void;
}

/** The conversations of models that are not shown at the moment, so that they go on when they are again. */
const paused = new WeakMap<object, { conversation: Conversation; here: boolean }>();

/**
 * Show a viewer in `container` that follows `model` and reports to it.
 *
 * @param command what to show first, where the model does not tell
 */
export function attach(model: PanelModel, container: Node, command = model.command as Command): Attached {
  const coming = arrival()?.python;
  /** Whether Python is there, and not only what the page was made with. */
  let here = coming === undefined;
  const before = model.data.former ?? model.data;
  const former = paused.get(before);
  paused.delete(before);
  const conversation = former?.conversation ?? new Conversation(randomId());
  const first = conversation.resume(command, here && former?.here === false);
  const channel = new Channel(model);
  const { token } = model.python;
  let peer = peerOf(model, channel);
  let unconfigure: (() => void) | undefined;
  const viewer = new EmbeddedViewer(container, {
    state: first,
    ui: model.ui,
    credentials: peer?.credentials,
    onStart: (upstream) => {
      unconfigure = peer?.configure(upstream);
      return () => unconfigure?.();
    },
  });
  let reported: { state: JsonObject; ack: number } | undefined;

  const tell = <K extends Told>(name: K, value: PanelModel[K]) => {
    if (!here) return;
    // While a cell waits for something, a kernel in a worker takes in the channel's messages, but none of Panel's.
    if (channel.carrier === "broadcast") channel.tell("view.told", { name, value });
    else model[name] = value;
  };
  const send = (state: JsonObject) => {
    if (!here) return;
    const next = conversation.report(state, viewer.linkedSegments);
    reported = { state, ack: next.ack };
    tell("report", next);
  };
  const report = (exact: JsonObject) => {
    const state = tidy(exact);
    if (reported?.ack === conversation.ack && equal(reported.state, state)) return;
    peer?.showing(state);
    send(state);
  };
  const follow = {
    command: (command: Command) => {
      const wanted = conversation.receive(command, viewer.getState());
      if (wanted !== undefined) viewer.setState(wanted);
      if (conversation.lost) send(tidy(viewer.getState()));
    },
    ui: (ui: ModelProperties["ui"]) => viewer.setUi(ui),
  };
  const onCommand = () => {
    if (here && "seq" in model.command) follow.command(model.command as Command);
  };
  const onReceived = () => {
    const receipt = model.received[conversation.view];
    if (receipt !== undefined && conversation.received(receipt)) send(tidy(viewer.getState()));
  };
  const onUi = () => follow.ui(model.ui);
  model.on("command", onCommand);
  model.on("received", onReceived);
  model.on("ui", onUi);
  viewer.on("state", report);
  viewer.on("hover", (hover) => tell("hover", hover));
  viewer.on("ready", (ready) => tell("ready", ready));
  viewer.on("errors", (errors) => tell("errors", errors));
  // What came while the first command was asked for.
  onCommand();
  if (conversation.lost) send(tidy(viewer.getState()));
  /** Python has come: it knows what it wants, but nothing of what happened here. */
  const greet = () => {
    if (ended) return;
    here = true;
    if (model.python.token !== token) {
      unconfigure?.();
      peer?.dispose();
      peer = peerOf(model, channel);
      unconfigure = viewer.viewer && peer?.configure(viewer.viewer);
    }
    const wanted = conversation.greet(model.command as Command, viewer.getState());
    if (wanted !== undefined) viewer.setState(wanted);
    viewer.tell();
  };
  let ended = false;
  void coming?.then((came) => {
    if (came) greet();
  });
  const forget = letBeSaved(model.data.id, viewer, async (elsewhere) => {
    const { result } = await channel.ask("view.current", {});
    return attach(model, elsewhere, (result as { command: Command }).command).detach;
  });
  return {
    viewer,
    detach: () => {
      ended = true;
      model.off("command", onCommand);
      model.off("received", onReceived);
      model.off("ui", onUi);
      if (!here) conversation.report(tidy(viewer.getState()), viewer.linkedSegments);
      paused.set(model.data, { conversation, here });
      forget();
      viewer.dispose();
      peer?.dispose();
      channel.close("The viewer was removed from the page");
    },
  };
}

/** The Python viewer behind a model, if there is one. */
function peerOf(model: PanelModel, channel: Channel): PythonPeer | undefined {
  const { token } = model.python;
  return token === undefined ? undefined : new PythonPeer(model, channel, token);
}
