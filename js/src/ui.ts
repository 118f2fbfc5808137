// Which of neuroglancer's controls are shown.

/** `preset` sets them all, `options` single ones by neuroglancer's own names (showHelpButton, …). */
export interface UiChoice {
  preset?: "full" | "minimal" | "none";
  options?: Record<string, boolean>;
}

const CONTROLS = [
  "showHelpButton",
  "showSettingsButton",
  "showEditStateButton",
  "showScreenshotButton",
  "showToolPaletteButton",
  "showLayerListPanelButton",
  "showSelectionPanelButton",
  "showLayerSidePanelButton",
  "showLocation",
  "showAnnotationToolStatus",
  "showLayerPanel",
  "showLayerHoverValues",
] as const;

/** What "minimal" keeps: where am I, what is shown, how does it work. */
const MINIMAL: readonly string[] = ["showLocation", "showLayerPanel", "showLayerHoverValues", "showHelpButton"];

/** neuroglancer's options for a choice. */
export function uiOptions({ preset = "full", options = {} }: UiChoice): Record<string, boolean> {
  const chosen: Record<string, boolean> = {
    showUIControls: preset !== "none",
    showTopBar: preset !== "none",
    showPanelBorders: preset !== "none",
  };
  for (const control of CONTROLS)
    chosen[control] = preset === "full" || (preset === "minimal" && MINIMAL.includes(control));
  return { ...chosen, ...options };
}
