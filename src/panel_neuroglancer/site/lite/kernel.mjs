// Pyodide for JupyterLite's kernel. It may have begun before JupyterLite asks for it (early-worker.mjs), and its cells can be
// interrupted though worker and page share no memory (that would take cross-origin isolation).
//
// A cell that awaits is cancelled. A cell that computes hears no messages; but Python asks for signals between bytecodes, so
// when it has computed for a while, a synchronous request to JupyterLite's service worker asks the page. The page's
// side is js/src/labextension/interrupts.ts.
import { loadPyodide as load } from "./pyodide.mjs";

export * from "./pyodide.mjs";

const NAME = "panel-neuroglancer.interrupts";
const ADDRESS = new URL("../../api/stdin/panel-neuroglancer", import.meta.url).href;
const SIGINT = 2;
const TURN_MS = 250; // how often it is noted that messages are heard
const BUSY_MS = 1000; // so long Python computes before the page is asked
const SHARE = 30; // at most this part of the time goes into asking
const ANSWER_MS = 5000;

// What a kernel does for a cell is a task; what the cell awaits ends with it.
const CANCEL = `
import asyncio
from pyodide_kernel.kernel import PyodideKernel
cells = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "cr_code", None) is PyodideKernel.run.__code__]
for cell in cells:
    cell.cancel()
bool(cells)
`;

// It would wait without asking for signals.
const SLEEP = `
import time
from pyodide_js import checkInterrupt

def make_sleep(wait, now, check):
    def sleep(seconds, /):
        """Wait for some seconds; an interrupt ends it."""
        end = now() + seconds
        while (left := end - now()) > 0.1:
            wait(0.1)
            check()
        wait(max(left, 0) if seconds >= 0 else seconds)

    return sleep

time.sleep = make_sleep(time.sleep, time.monotonic, checkInterrupt)
`;

// Python that a worker has begun before JupyterLite asked for it; and where its output goes.
let begun;
const output = {};

/** Begin to load Pyodide with the options that `loadPyodide` will be called with, and what JupyterLite's kernel imports. */
export function begin(options) {
  Object.assign(output, { stdout: console.log, stderr: console.error });
  const pyodide = start({
    ...options,
    stdout: (text) => output.stdout(text),
    stderr: (text) => output.stderr(text),
  });
  pyodide.then((python) => python.runPython("import piplite.piplite, pyodide_kernel", { globals: python.toPy({}) })).catch(() => {});
  begun = { pyodide, asked: key(options) };
}

export async function loadPyodide(options) {
  const { pyodide, asked } = begun ?? {};
  begun = undefined;
  if (asked !== key(options)) return await start(options);
  Object.assign(output, { stdout: options.stdout, stderr: options.stderr });
  return await pyodide.catch(() => start(options));
}

const key = ({ indexURL, packages, env }) => JSON.stringify([indexURL, packages, env]);

async function start(options) {
  const pyodide = await load(options);
  pyodide.runPython(SLEEP, { globals: pyodide.toPy({}) });
  const kernel = new Kernel(pyodide);
  // Looks like the memory that a page would write its signals to.
  pyodide.setInterruptBuffer(
    Object.defineProperty({}, 0, { get: () => (kernel.isInterrupted() ? SIGINT : 0), set: () => {} }),
  );
  return pyodide;
}

class Kernel {
  #session; // of the notebook whose cell runs, or ran last
  #owned = new Set(); // the sessions of pages that answer
  #done = new Set(); // interrupts, each of which comes by both ways
  #heard = performance.now();
  #next = 0;
  #context = crypto.randomUUID();

  constructor(pyodide) {
    self.addEventListener("message", ({ data }) => {
      this.#heard = performance.now();
      if (data?.path?.at(-1) === "execute") this.#session = data.argumentList?.[1]?.value?.header?.session;
    });
    setInterval(() => {
      this.#heard = performance.now();
    }, TURN_MS);
    const page = new BroadcastChannel(NAME);
    page.onmessage = ({ data }) => {
      if (data.owns !== undefined) this.#owned.add(data.owns);
      if (data.interrupt === undefined || data.session !== this.#session || this.#done.has(data.interrupt)) return;
      if (pyodide.runPython(CANCEL, { globals: pyodide.toPy({}) })) this.#done.add(data.interrupt);
    };
    page.postMessage({ asks: true });
  }

  /** Whether the cell that computes is to end now. Asks the page, but not often. */
  isInterrupted() {
    const now = performance.now();
    if (now < this.#next || now - this.#heard < BUSY_MS || !this.#owned.has(this.#session)) return false;
    const interrupt = this.#ask();
    const after = performance.now();
    this.#next = after + Math.max(BUSY_MS, SHARE * (after - now));
    if (interrupt === undefined || this.#done.has(interrupt)) return false;
    this.#done.add(interrupt);
    return true;
  }

  #ask() {
    const request = new XMLHttpRequest();
    request.open("POST", ADDRESS, false);
    request.timeout = ANSWER_MS;
    try {
      request.send(
        JSON.stringify({
          browsingContextId: this.#context,
          requestId: crypto.randomUUID(),
          data: { session: this.#session },
        }),
      );
      return JSON.parse(request.responseText).interrupt;
    } catch {
      // No service worker, as in private windows, or no page any more: the cell runs on, and nobody is asked again.
      this.#owned.delete(this.#session);
      return undefined;
    }
  }
}
