// What can be read off a running viewer: under the mouse, and selected.
import { SegmentationUserLayer } from "neuroglancer/unstable/layer/segmentation/index.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { type Json, toPlain } from "./json";

export interface Hover {
  /** In the units of the state's dimensions; null where the mouse is not over data. */
  position: number[] | null;
  /** Value per layer: a number, a list over channels, or a segment's id as a string. */
  values: Record<string, Json>;
}

export type SelectedSegments = Record<string, string[]>;

export function readHover({ mouseState, layerManager, layerSelectedValues }: Viewer): Hover {
  if (!mouseState.active) return { position: null, values: {} };
  const values: Record<string, unknown> = {};
  for (const { name, layer } of layerManager.managedLayers) {
    if (layer === null) continue;
    const value = layerSelectedValues.get(layer)?.value;
    if (value === undefined || value === null) continue;
    const id = (value as { key?: unknown; value?: unknown }).value;
    values[name] = typeof value === "object" && !Array.isArray(value) && id !== undefined ? id : value;
  }
  return { position: Array.from(mouseState.position), values: toPlain(values) as Record<string, Json> };
}

/** The visible segments of each segmentation layer. */
export function readSelectedSegments({ layerManager }: Viewer): SelectedSegments {
  const selected: SelectedSegments = {};
  for (const { name, layer } of layerManager.managedLayers) {
    if (!(layer instanceof SegmentationUserLayer)) continue;
    selected[name] = [...layer.displayState.segmentationGroupState.value.visibleSegments].map(String);
  }
  return selected;
}
