// "Interrupt the kernel" reaches the kernel that is meant, by either way, once.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupts, type SessionContext } from "../src/labextension/interrupts";

type Slot = (sender: unknown, args: never) => void;

class Signal {
  readonly slots: Slot[] = [];
  connect(slot: Slot): void {
    this.slots.push(slot);
  }
  emit(args: unknown): void {
    for (const slot of this.slots) slot(undefined, args as never);
  }
}

function context(clientId: string) {
  return { session: { kernel: { clientId } }, kernelChanged: new Signal(), statusChanged: new Signal() };
}

let kernels: BroadcastChannel;
let worker: BroadcastChannel;
let said: unknown[];
let commands: { commandExecuted: Signal };
let shell: { currentWidget: { sessionContext: SessionContext } | null };
let interrupts: Interrupts;

beforeEach(() => {
  kernels = new BroadcastChannel("panel-neuroglancer.interrupts");
  worker = new BroadcastChannel("/sw-api.v1");
  said = [];
  for (const channel of [kernels, worker]) channel.addEventListener("message", ({ data }) => said.push(data));
  commands = { commandExecuted: new Signal() };
  shell = { currentWidget: null };
  interrupts = new Interrupts({ commands, shell });
});

afterEach(() => {
  interrupts.end();
  kernels.close();
  worker.close();
});

const ask = (session: string) =>
  worker.postMessage({
    pathname: "/course/api/stdin/panel-neuroglancer",
    browsingContextId: "kernel",
    requestId: session,
    data: { session },
  });

describe("an interrupt", () => {
  it("is told to the kernel of the notebook in front, and is its answer once", async () => {
    const [one, other] = [context("one"), context("other")];
    interrupts.watch(one);
    interrupts.watch(other);
    shell.currentWidget = { sessionContext: one };
    await vi.waitFor(() => expect(said).toEqual([{ owns: "one" }, { owns: "other" }]));
    said.length = 0;
    commands.commandExecuted.emit({ id: "notebook:run-cell" });
    commands.commandExecuted.emit({ id: "notebook:interrupt-kernel" });
    await vi.waitFor(() => expect(said).toEqual([{ session: "one", interrupt: expect.any(String) }]));
    const { interrupt } = said[0] as { interrupt: string };
    said.length = 0;
    const answers: [string, string | undefined][] = [
      ["other", undefined],
      ["one", interrupt],
      ["one", undefined],
    ];
    ask("not of this page");
    for (const [session] of answers) ask(session);
    await vi.waitFor(() =>
      expect(said).toEqual(
        answers.map(([requestId, interrupt]) => ({ browsingContextId: "kernel", requestId, response: { interrupt } })),
      ),
    );
  });

  it("is forgotten when the kernel is idle", async () => {
    const one = context("one");
    interrupts.watch(one);
    shell.currentWidget = { sessionContext: one };
    commands.commandExecuted.emit({ id: "notebook:interrupt-kernel" });
    one.statusChanged.emit("idle");
    ask("one");
    await vi.waitFor(() =>
      expect(said).toContainEqual({
        browsingContextId: "kernel",
        requestId: "one",
        response: { interrupt: undefined },
      }),
    );
  });
});

describe("a page", () => {
  it("says whose kernels it answers for, when asked, too, until they are gone", async () => {
    const [one, other] = [context("one"), context("other")];
    interrupts.watch(one);
    interrupts.watch(other);
    one.session.kernel.clientId = "new";
    one.kernelChanged.emit({});
    interrupts.forget(other);
    kernels.postMessage({ asks: true });
    await vi.waitFor(() =>
      expect(said).toEqual([{ owns: "one" }, { owns: "other" }, { owns: "new" }, { owns: "new" }]),
    );
  });
});
