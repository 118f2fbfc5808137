// neuroglancer's style sheet and ours, adopted by each viewer's shadow root.

/** The build puts neuroglancer's bundled style sheet here. */
const NEUROGLANCER = "__STYLES__";

// What is !important inside a shadow root wins over all that the page says of its host.
const OURS = `
:host { all: initial !important; direction: ltr !important; display: block !important; position: relative !important; width: 100% !important; height: 100% !important;
  overflow: hidden !important; contain: layout paint !important; background: #000 !important; color: #fff !important; font: 13px sans-serif !important; color-scheme: only light !important; }
:host([hidden]) { display: none !important; }
.target { position: absolute !important; inset: 0; overflow: hidden; overscroll-behavior: contain; }
.picture { position: absolute; inset: 0; width: 100%; height: 100%; }
.target :is(.neuroglancer-viewer, .neuroglancer-rendered-data-panel, button, [tabindex]):focus-visible { outline: 2px solid #9cf; outline-offset: -2px; }
.portal { position: fixed; inset: 0; width: auto; height: auto; margin: 0; padding: 0; border: 0; overflow: visible; background: none; color: inherit; pointer-events: none; }
.portal > * { pointer-events: auto; }
.status { position: absolute; left: 0; right: 0; bottom: 0; top: 0; z-index: 40; pointer-events: none; display: flex; flex-direction: column; justify-content: end; }
.status > ul { pointer-events: auto; list-style: none; }
.messages { margin: 0; padding: 0; background: #808080; color: white; font: 13.3px sans-serif; max-height: 25%; overflow-y: auto; }
.target[data-ui="none"] :is(.neuroglancer-data-panel-layout-controls, .neuroglancer-display-dimensions-widget) { display: none; }
#neuroglancer-status-container { position: relative; width: 100%; }
`;

let sheet: CSSStyleSheet | undefined;

export function styleSheet(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(NEUROGLANCER + OURS);
  }
  return sheet;
}
