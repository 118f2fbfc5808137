// neuroglancer's style sheet and ours, adopted by each viewer's shadow root.

/** The build puts neuroglancer's bundled style sheet here. */
const NEUROGLANCER = "__STYLES__";

const OURS = `
:host { contain: layout paint; background: #000; color: #fff; font: 13px sans-serif; text-align: left; line-height: normal; letter-spacing: normal; }
:host { all: initial; display: block; position: relative; width: 100%; height: 100%; overflow: hidden; contain: layout paint; background: #000; color: #fff; font-family: sans-serif; color-scheme: only light; }
.target { position: absolute !important; inset: 0; overflow: hidden; overscroll-behavior: contain; }
.picture { position: absolute; inset: 0; width: 100%; height: 100%; }
.target :focus-visible { outline-offset: -2px; }
.portal { position: fixed; inset: 0; width: auto; height: auto; margin: 0; padding: 0; border: 0; overflow: visible; background: none; color: inherit; pointer-events: none; }
.portal > * { pointer-events: auto; }
.status { position: absolute; left: 0; right: 0; bottom: 0; top: 0; z-index: 40; pointer-events: none; }
.status > ul { pointer-events: auto; list-style: none; }
.target[data-ui="none"] :is(.neuroglancer-data-panel-layout-controls, .neuroglancer-display-dimensions-widget) { display: none; }
#neuroglancer-status-container { width: 100%; }
`;

let sheet: CSSStyleSheet | undefined;

export function styleSheet(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(NEUROGLANCER + OURS);
  }
  return sheet;
}
