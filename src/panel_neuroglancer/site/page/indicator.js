// What the visitor sees until the app is there: a status that tells what is happening, or an error that tells why not.

const MB = (bytes) => (bytes / 1e6).toFixed(1);

export class Indicator {
  #box = document.getElementById("pn-boot");
  #text = this.#box.querySelector("[data-text]");
  #bar = this.#box.querySelector("progress");

  /** Say what is happening; `done` and `total` are bytes, where they are known. */
  say(text, done, total) {
    if (total) {
      this.#bar.max = total;
      this.#bar.value = Math.min(done, total);
      // Read out the step, not every number of it.
      this.#bar.setAttribute("aria-label", text);
      this.#bar.textContent = `${MB(done)} of ${MB(total)} MB`;
      this.#box.querySelector("[data-amount]").textContent = this.#bar.textContent;
    } else {
      this.#bar.removeAttribute("value"); // busy, for who knows how long
      this.#box.querySelector("[data-amount]").textContent = "";
    }
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }

  /** The app is there. */
  done() {
    this.#box.remove();
    document.documentElement.dataset.pnReady = "";
  }

  /** Say that it went wrong, why, and what the visitor can do; `beside` what is on the page already, or in its place. */
  fail({ title, reason, fix, details }, beside = false) {
    const part = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    const box = Object.assign(document.createElement("section"), { id: "pn-boot", className: "pn-boot-error" });
    box.setAttribute("role", "alert");
    box.append(part("h1", title), part("p", reason), part("p", fix));
    if (beside) {
      box.classList.add("pn-boot-beside");
      box.append(part("p", "You can go on looking at what is here. The controls are off: they need Python."));
      const close = Object.assign(part("button", "×"), { type: "button", ariaLabel: "Dismiss" });
      close.addEventListener("click", () => box.remove());
      box.append(close);
    }
    if (details) {
      const more = document.createElement("details");
      more.append(part("summary", "Details"), part("pre", details));
      box.append(more);
    }
    document.getElementById("pn-boot")?.remove();
    document.body.prepend(box);
    document.documentElement.dataset.pnFailed = "";
  }
}
