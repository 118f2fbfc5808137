// "Interrupt the kernel" in JupyterLite, which (0.8) only drops the cells that have not begun: the kernel's side is
// site/lite/kernel.mjs. A kernel that awaits takes a message. One that computes asks through JupyterLite's service worker, which
// hands what is asked to all pages and waits for one to answer.
const NAME = "panel-neuroglancer.interrupts";
const SERVICE_WORKER = "/sw-api.v1";
const ADDRESS = "/api/stdin/panel-neuroglancer";
const COMMANDS = new Set(["notebook:interrupt-kernel", "console:interrupt-kernel"]);

interface Signal<T> {
  connect(slot: (sender: unknown, args: T) => void): void;
}

/** A notebook's connection to its kernel. */
export interface SessionContext {
  session: { kernel: { clientId: string } | null } | null;
  kernelChanged: Signal<unknown>;
  statusChanged: Signal<string>;
}

export interface Interruptible {
  commands: { commandExecuted: Signal<{ id: string }> };
  shell: { currentWidget: { sessionContext?: SessionContext } | null };
}

interface Asked {
  pathname: string;
  browsingContextId: string;
  requestId: string;
  data: { session: string };
}

const sessionOf = ({ session }: SessionContext) => session?.kernel?.clientId;

/** Tells kernels in workers of this page to end what they run. */
export class Interrupts {
  readonly #contexts = new Set<SessionContext>();
  readonly #pending = new Map<string, string>();
  readonly #kernels = new BroadcastChannel(NAME);
  readonly #worker = new BroadcastChannel(SERVICE_WORKER);

  constructor({ commands, shell }: Interruptible) {
    commands.commandExecuted.connect((_, { id }) => {
      const context = COMMANDS.has(id) ? shell.currentWidget?.sessionContext : undefined;
      const session = context && sessionOf(context);
      if (session !== undefined) this.#interrupt(session);
    });
    this.#kernels.onmessage = ({ data }: MessageEvent<{ asks?: boolean }>) => {
      if (data.asks) for (const context of this.#contexts) this.#own(context);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<Partial<Asked>>) => {
      if (data.pathname?.endsWith(ADDRESS)) this.#answer(data as Asked);
    };
  }

  /** Answer for the kernel of a notebook from now on. */
  watch(context: SessionContext): void {
    this.#contexts.add(context);
    context.kernelChanged.connect(() => this.#own(context));
    context.statusChanged.connect((_, status) => {
      const session = sessionOf(context);
      if (status === "idle" && session !== undefined) this.#pending.delete(session);
    });
    this.#own(context);
  }

  forget(context: SessionContext): void {
    this.#contexts.delete(context);
  }

  end(): void {
    this.#kernels.close();
    this.#worker.close();
  }

  #own(context: SessionContext): void {
    const owns = sessionOf(context);
    if (owns !== undefined) this.#kernels.postMessage({ owns });
  }

  #interrupt(session: string): void {
    const interrupt = crypto.randomUUID();
    this.#pending.set(session, interrupt);
    this.#kernels.postMessage({ session, interrupt });
  }

  #answer({ browsingContextId, requestId, data: { session } }: Asked): void {
    if (![...this.#contexts].some((context) => sessionOf(context) === session)) return;
    const response = { interrupt: this.#pending.get(session) };
    this.#pending.delete(session);
    this.#worker.postMessage({ response, browsingContextId, requestId });
  }
}
