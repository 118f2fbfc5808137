// Status messages that Python gives a viewer. neuroglancer has one place for messages in a page, that of the viewer in use;
// these stay with their viewer.
import { TrackableValue } from "neuroglancer/unstable/trackable_value.js";
import { verifyObject, verifyString } from "neuroglancer/unstable/util/json.js";

export class ViewerMessages extends TrackableValue<Record<string, string>> {
  readonly #list = document.createElement("ul");

  /** @param element anything in the viewer's shadow root */
  constructor(element: HTMLElement) {
    super({}, (value) => {
      const texts = Object.entries(verifyObject(value)).map(([key, text]) => [key, verifyString(text)]);
      return Object.fromEntries(texts) as Record<string, string>;
    });
    this.#list.className = "messages";
    this.#list.setAttribute("aria-live", "polite");
    (element.getRootNode() as ParentNode).querySelector(".status")?.append(this.#list);
    this.changed.add(() => this.#show());
  }

  #show(): void {
    const items = Object.values(this.value).map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    });
    this.#list.replaceChildren(...items);
  }

  dispose(): void {
    this.#list.remove();
  }
}
