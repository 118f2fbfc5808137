import type { BakedFiles } from "./baked";
import type { ViewerError } from "./errors";
import type { JsonObject } from "./json";
import type { Hover } from "./readings";
import type { Command, Receipt, Report } from "./sync";
import type { UiChoice } from "./ui";

/** What the page must know to reach Python's side of the channel. */
export interface Offers {
  token: string;
  /** The names of carriers, the best first, besides Panel's messages. */
  offers: string[];
}

/** The properties that Python and the page share (view.py), as Panel hands them to a component. */
export interface ModelProperties {
  /** Where the engine is; see engine.py. */
  engine: { url: string; entry: string };
  ui: UiChoice;
  dark: boolean;
  /**
   * The Python viewer behind this one, empty without one: its token, by which its volumes are known; the bytes of its
   * arrays to keep on the page; whether they come over a network; and what of its data lies in files.
   */
  python: { token?: string; resident_limit?: number | null; remote?: boolean; baked?: BakedFiles };
  carriers: Offers;
  /** The Python viewer's configuration. */
  config: JsonObject;
  /** Empty in a notebook, whose outputs outlive what they were told: the page asks (see revival.ts). */
  command: Command | Record<string, never>;
  report: Report | Record<string, never>;
  /** What Python says of each view's last report. */
  received: Record<string, Receipt>;
  hover: Hover;
  ready: boolean;
  errors: ViewerError[];
}

export interface PanelModel extends ModelProperties {
  /** The object behind, the same one for all views of the model. */
  /** `former` is the one whose place it takes, where a page was drawn anew (site/page/link.js). */
  readonly data: { readonly id?: string; readonly former?: object };
  on(event: string, callback: (event?: unknown) => void): void;
  off(event: string, callback: (event?: unknown) => void): void;
  send_msg(data: unknown): void;
  /** Bokeh's document; undefined where there is only something like a model. */
  readonly document?: { on_event(name: string, callback: () => void): void };
}
