// What neuroglancer gets where it asks for the page (see seams.mjs).
//
// Each viewer has a home: its shadow root, a portal in the browser's top layer for menus, dialogs
// and tooltips, and a place for status messages. neuroglancer's own globals cannot know which viewer
// they act for, so the home that was used last is the current one.

/** Where one viewer's elements live. */
export interface Home {
  readonly root: ShadowRoot;
  readonly portal: HTMLElement;
  readonly status: HTMLElement;
}

const homes = new Map<ShadowRoot, Home>();
let current: Home | undefined;

/** Add a portal and a status line to a viewer's shadow root. */
export function openHome(root: ShadowRoot): Home {
  const doc = self.document;
  const portal = doc.createElement("div");
  portal.className = "portal";
  portal.popover = "manual";
  const status = doc.createElement("div");
  status.className = "status";
  root.append(status, portal);
  const home = { root, portal, status };
  homes.set(root, home);
  current ??= home;
  return home;
}

export function closeHome(home: Home): void {
  homes.delete(home.root);
  home.portal.remove();
  home.status.remove();
  if (current === home) current = homes.values().next().value;
}

export function useHome(home: Home): void {
  current = home;
}

/** The focused element, looked up through shadow roots. */
function deepActiveElement(): Element | null {
  let element = self.document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}

function show(home: Home): HTMLElement {
  const { portal } = home;
  if (portal.isConnected && !portal.matches(":popover-open")) portal.showPopover();
  return portal;
}

interface SelectionRoot {
  getSelection?: () => Selection | null;
}

const editors = new WeakMap<object, (value: unknown) => string[]>();

/** Let `apply` show what is written in the state editor of a viewer; it gives a sentence for each mistake. */
export function useEditor(viewer: object, apply: (value: unknown) => string[]): void {
  editors.set(viewer, apply);
}

export const page = {
  /** Apply a state that was written in a dialog, and say there what is wrong with it. */
  edit(viewer: object, value: unknown, dialog: HTMLElement): void {
    const mistakes = editors.get(viewer)?.(value) ?? [];
    let alert = dialog.querySelector<HTMLElement>("[role=alert]");
    if (alert === null) {
      alert = self.document.createElement("div");
      alert.role = "alert";
      alert.style.cssText = "color: #ff8080; white-space: pre-wrap; overflow-wrap: anywhere;";
      dialog.prepend(alert);
    }
    alert.textContent = mistakes.join("\n");
  },

  /** Stands for document.body: the portal of the viewer in use. */
  get body(): HTMLElement {
    return current === undefined ? self.document.body : show(current);
  },

  get activeElement(): Element | null {
    return deepActiveElement();
  },

  /** Selections inside a shadow root are invisible to the window in some browsers. */
  getSelection(): Selection | null {
    const root = deepActiveElement()?.getRootNode() as SelectionRoot | undefined;
    return root?.getSelection?.() ?? self.getSelection();
  },

  get statusHost(): HTMLElement | null {
    return current?.status ?? null;
  },

  /** Stands for window.location.reload(): viewer.ts rebuilds the one viewer instead. */
  reload(): void {},

  /** The element an event really happened on, for listeners on the document. */
  target(event: Event): Node | null {
    return (event.composedPath()[0] ?? event.target) as Node | null;
  },

  /** Let an element that only a mouse could press be reached and pressed by keyboard too. */
  makeButton(element: HTMLElement): void {
    element.role = "button";
    element.tabIndex = 0;
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      event.stopPropagation();
      element.click();
    });
  },

  /** Move a menu to the portal of the viewer that the event came from. */
  adopt(element: HTMLElement, event: Event): void {
    for (const target of event.composedPath()) {
      const home = homes.get(target as ShadowRoot);
      if (home === undefined) continue;
      show(home);
      if (element.parentNode !== home.portal) home.portal.append(element);
      return;
    }
  },
};
