// The controls of an app whose Python is not there yet: they can be seen, but not used.

/** Models that were switched off here, and not by the app. */
const withheld = new WeakMap();

/** What a visitor sets or presses: Bokeh's widgets other than text, and components that can be switched off like one. */
function* controlsOf(doc) {
  const { Widget } = Bokeh.require("models/widgets/widget");
  const { Markup } = Bokeh.require("models/widgets/markup");
  for (const model of doc._all_models.values()) {
    const own = model.data?.properties?.disabled === undefined ? undefined : model.data;
    const control = own ?? (model instanceof Widget && !(model instanceof Markup) ? model : undefined);
    if (control?.disabled === false) yield control;
  }
}

/** Switch the controls of a document off. */
export function withhold(doc) {
  const controls = [...(withheld.get(doc) ?? []), ...controlsOf(doc)];
  for (const control of controls) control.setv({ disabled: true }, { sync: false });
  withheld.set(doc, controls);
}

/** Switch them on again. */
export function release(doc) {
  for (const control of withheld.get(doc) ?? []) control.setv({ disabled: false }, { sync: false });
  withheld.delete(doc);
}
