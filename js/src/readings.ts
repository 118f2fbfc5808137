// What can be read off a running viewer: under the mouse, and which layers are linked.
import { SegmentationUserLayer } from "neuroglancer/unstable/layer/segmentation/index.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { type Json, toPlain } from "./json";

export interface Hover {
  /** In the units of the state's dimensions; null where the mouse is not over data. */
  position: number[] | null;
  /** Value per layer: a number, a list over channels, or a segment's id as a string. */
  values: Record<string, Json>;
}

export function readHover({ mouseState, layerManager, layerSelectedValues }: Viewer): Hover {
  if (!mouseState.active) return { position: null, values: {} };
  const values: Record<string, unknown> = {};
  for (const { name, layer } of layerManager.managedLayers) {
    if (layer === null) continue;
    const value = layerSelectedValues.get(layer)?.value;
    if (value === undefined || value === null) continue;
    values[name] = Array.isArray(value) ? value : plainValue(value);
  }
  return { position: Array.from(mouseState.position), values: toPlain(values) as Record<string, Json> };
}

/** Segments come with their label, or with the segment that they are merged into: the id is what counts. */
function plainValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { key, value: inner } = value as { key?: unknown; value?: unknown };
  return plainValue(inner ?? key);
}

/** The layers that show another one's segments, with that layer's name. */
export function readLinkedSegments({ layerManager }: Viewer): Record<string, string> {
  const linked: Record<string, string> = {};
  for (const { name, layer } of layerManager.managedLayers) {
    if (!(layer instanceof SegmentationUserLayer)) continue;
    const root = layer.displayState.linkedSegmentationGroup.root.value;
    if (root !== layer) linked[name] = root.managedLayer.name;
  }
  return linked;
}
