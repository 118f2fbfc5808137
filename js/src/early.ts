// Viewers that begin before their page is drawn: it takes Bokeh and Panel a second to put a component in its place, and a
// viewer needs as long to start and to get its first data. So both go on together, and the viewer moves in, canvas and all.
import { arrival } from "./arrival";
import type { ModelProperties, PanelModel } from "./model";
import { attach } from "./session";

type Callback = (event?: unknown) => void;

/**
 * Start a viewer in `host` that the component whose model has the `id` will show as its own.
 *
 * @param properties what the page says of the model
 * @returns what ends the viewer if no component has taken it
 */
export function beginEarly(id: string, properties: ModelProperties, host: HTMLElement): () => void {
  const { model, become } = standIn(id, properties);
  const { viewer, detach } = attach(model, host);
  const early = arrival()?.early;
  early?.set(id, (real, container) => {
    early.delete(id);
    become(real);
    container.appendChild(viewer.element);
    // The next frame shows the picture in its place.
    viewer.viewer?.display.scheduleRedraw();
    return { viewer, detach };
  });
  return () => {
    if (early?.delete(id)) detach();
  };
}

/** Something like a model, which passes everything on to the real one once that is there. */
function standIn(id: string, properties: ModelProperties): { model: PanelModel; become(real: PanelModel): void } {
  const listeners: [string, Callback][] = [];
  let real: PanelModel | undefined;
  const own = {
    ...properties,
    data: { id },
    on: (event: string, callback: Callback) => {
      listeners.push([event, callback]);
      real?.on(event, callback);
    },
    off: (event: string, callback: Callback) => {
      const at = listeners.findIndex(([e, c]) => e === event && c === callback);
      if (at >= 0) listeners.splice(at, 1);
      real?.off(event, callback);
    },
    send_msg: (data: unknown) => real?.send_msg(data),
  };
  const model = new Proxy<PanelModel>(own, {
    get: (_, name) => Reflect.get(real === undefined || name === "on" || name === "off" ? own : real, name),
    set: (_, name, value) => Reflect.set(real ?? own, name, value),
  });
  return {
    model,
    become: (model) => {
      real = model;
      for (const [event, callback] of listeners) real.on(event, callback);
    },
  };
}
