// Messages over a viewer: it is starting, it is paused, something failed. Small, because the loader
// carries it too; styled by itself, because it must show where the engine is missing.

export interface Problem {
  message: string;
  fix: string;
  layer?: string | null;
}

const STYLE = `
.pn-notice { position: absolute; z-index: 50; box-sizing: border-box; font: 13px/1.45 system-ui, sans-serif; color: #eee; }
.pn-notice[hidden] { display: none; }
.pn-busy { inset: 0; display: grid; place-content: center; justify-items: center; gap: 12px; background: #111; text-align: center; }
.pn-busy.pn-clear { background: rgb(0 0 0 / 45%); }
.pn-busy .pn-ring { width: 28px; height: 28px; border: 3px solid #555; border-top-color: #9cf; border-radius: 50%; animation: pn-turn 1s linear infinite; }
.pn-busy.pn-still .pn-ring { display: none; }
.pn-error { left: 8px; right: 8px; bottom: 8px; max-height: 60%; overflow: auto; padding: 10px 36px 10px 12px; border-radius: 6px;
  background: #3b1214; border: 1px solid #c8494f; box-shadow: 0 2px 10px rgb(0 0 0 / 50%); overflow-wrap: anywhere; }
.pn-error p { margin: 0 0 6px; } .pn-error p:last-of-type { margin: 0; } .pn-error b { color: #ffb4b4; }
.pn-notice button { font: inherit; color: inherit; background: #333; border: 1px solid #777; border-radius: 4px; padding: 3px 10px; cursor: pointer; }
.pn-notice button:focus-visible { outline: 2px solid #9cf; }
.pn-error .pn-close { position: absolute; top: 6px; right: 6px; padding: 0 7px; background: none; border: 0; font-size: 18px; }
@keyframes pn-turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .pn-busy .pn-ring { animation: none; } }
`;

export interface Action {
  label: string;
  run: () => void;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The notices of one viewer. */
export class Notices {
  readonly #busy = make("div", "pn-notice pn-busy");
  readonly #error = make("div", "pn-notice pn-error");
  #shown = "";

  constructor(parent: Node) {
    this.#busy.setAttribute("role", "status");
    this.#busy.setAttribute("aria-live", "polite");
    this.#error.setAttribute("role", "alert");
    this.#busy.hidden = this.#error.hidden = true;
    parent.appendChild(make("style", "", STYLE));
    parent.appendChild(this.#busy);
    parent.appendChild(this.#error);
  }

  /** Say that something goes on (`turning`) or waits; over a picture the background is clear. */
  busy(
    text: string,
    { turning = true, clear = false, action }: { turning?: boolean; clear?: boolean; action?: Action } = {},
  ): void {
    this.#busy.replaceChildren(make("div", "pn-ring"), make("div", "", text));
    if (action) this.#busy.append(this.#button(action));
    this.#busy.classList.toggle("pn-still", !turning);
    this.#busy.classList.toggle("pn-clear", clear);
    this.#busy.hidden = false;
  }

  idle(): void {
    this.#busy.hidden = true;
  }

  /** Show what went wrong and how to mend it; an empty list takes the message away. */
  problems(problems: readonly Problem[], action?: Action): void {
    const key = JSON.stringify(problems);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#error.hidden = problems.length === 0;
    this.#error.replaceChildren(
      ...problems.map(({ message, fix, layer }) => {
        const line = make("p", "");
        if (layer) line.append(make("b", "", `${layer}: `));
        line.append(message, make("br", ""), fix);
        return line;
      }),
    );
    if (action) this.#error.append(this.#button(action));
    const close = make("button", "pn-close", "×");
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => {
      this.#error.hidden = true;
    });
    this.#error.append(close);
  }

  #button({ label, run }: Action): HTMLButtonElement {
    const button = make("button", "", label);
    button.addEventListener("click", run);
    return button;
  }
}
