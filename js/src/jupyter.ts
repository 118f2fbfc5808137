// JupyterLab takes keys at the document before the viewer gets them, unless what they go to, or something around it, has
// this attribute. It sees only the outermost of the elements whose shadow roots the viewer lies in, which may hold other
// things too: that one has the attribute while the viewer has the focus.

const ATTRIBUTE = "data-lm-suppress-shortcuts";

function outermost(element: Element): Element {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? outermost(root.host) : element;
}

/** Keep JupyterLab's shortcuts away from a viewer's element; returns what ends that. */
export function suppressShortcuts(element: HTMLElement): () => void {
  element.setAttribute(ATTRIBUTE, "true");
  let marked: Element | undefined;
  const unmark = () => {
    if (marked !== element) marked?.removeAttribute(ATTRIBUTE);
    marked = undefined;
  };
  element.addEventListener("focusin", () => {
    unmark();
    marked = outermost(element);
    marked.setAttribute(ATTRIBUTE, "true");
  });
  element.addEventListener("focusout", unmark);
  return unmark;
}
