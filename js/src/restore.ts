// Bringing a running viewer to a wanted state while touching only what differs.
//
// neuroglancer's own restoreState() throws all layers away and makes them anew: chunks, meshes and
// shaders are lost for a moved slider. Here only the differing members are set, a layer's appearance
// is changed in place, and only a layer whose data changed is replaced.

import {
  type AnnotationReference,
  AnnotationSource,
  type LocalAnnotationSource,
} from "neuroglancer/unstable/annotation/index.js";
import { ImageUserLayer } from "neuroglancer/unstable/layer/image/index.js";
import { deleteLayer, type ManagedUserLayer, makeLayer, type UserLayer } from "neuroglancer/unstable/layer/index.js";
import { type SegmentationGroup, SegmentationUserLayer } from "neuroglancer/unstable/layer/segmentation/index.js";
import { packColor, parseRGBColorSpecification } from "neuroglancer/unstable/util/color.js";
import type { Trackable } from "neuroglancer/unstable/util/trackable.js";
import type { Viewer } from "neuroglancer/unstable/viewer.js";
import { equal, isObject, type Json, type JsonObject } from "./json";
import { middle } from "./patch";
import { expectAnnotations, type ListLayer } from "./shown";

/** Members of states written before 2020, which only neuroglancer's own code understands. */
const LEGACY = ["navigation", "perspectiveOrientation", "perspectiveZoom", "perspectiveViewBackgroundColor"];

/** Members whose defaults come from the layers. */
const OF_LAYERS = ["dimensions", "position", "crossSectionScale", "projectionScale"];

function setTrackable(trackable: Pick<Trackable, "reset" | "restoreState">, value: Json | undefined): void {
  trackable.reset();
  if (value !== undefined && value !== null) trackable.restoreState(value);
}

/** Set one member of a layer in place; false where that is not possible. */
type Setter = (value: Json | undefined, from: Json | undefined) => void;

function imageSetters(layer: ImageUserLayer): Record<string, Setter> {
  const trackables: Record<string, Pick<Trackable, "reset" | "restoreState">> = {
    opacity: layer.opacity,
    blend: layer.blendMode,
    shader: layer.fragmentMain,
    shaderControls: layer.shaderControlState,
    crossSectionRenderScale: layer.sliceViewRenderScaleTarget,
    volumeRendering: layer.volumeRenderingMode,
    volumeRenderingGain: layer.volumeRenderingGain,
    volumeRenderingDepthSamples: layer.volumeRenderingDepthSamplesTarget,
    codeVisible: layer.codeVisible,
  };
  return Object.fromEntries(Object.entries(trackables).map(([key, t]) => [key, (value) => setTrackable(t, value)]));
}

function segmentationSetters(layer: SegmentationUserLayer): Record<string, Setter> {
  const { displayState } = layer;
  const group = displayState.segmentationGroupState.value;
  const colors = displayState.segmentationColorGroupState.value;
  const trackables: Record<string, Pick<Trackable, "reset" | "restoreState">> = {
    selectedAlpha: displayState.selectedAlpha,
    notSelectedAlpha: displayState.notSelectedAlpha,
    objectAlpha: displayState.objectAlpha,
    saturation: displayState.saturation,
    hoverHighlight: displayState.hoverHighlight,
    baseSegmentColoring: displayState.baseSegmentColoring,
    ignoreNullVisibleSet: displayState.ignoreNullVisibleSet,
    meshSilhouetteRendering: displayState.silhouetteRendering,
    meshRenderScale: displayState.renderScaleTarget,
    crossSectionRenderScale: layer.sliceViewRenderScaleTarget,
    hideSegmentZero: group.hideSegmentZero,
    segmentQuery: group.segmentQuery,
    segmentDefaultColor: colors.segmentDefaultColor,
  };
  return {
    ...Object.fromEntries(
      Object.entries(trackables).map(([key, t]) => [key, (value: Json | undefined) => setTrackable(t, value)]),
    ),
    segments: (value, from) => setSegments(group, value, from),
    segmentColors: (value) => {
      colors.segmentStatedColors.clear();
      if (!isObject(value)) return;
      for (const [id, color] of Object.entries(value))
        colors.segmentStatedColors.set(BigInt(id), BigInt(packColor(parseRGBColorSpecification(String(color)))));
    },
  };
}

/** Change the sets by difference, so that the meshes of segments that stay are kept. */
function setSegments(group: SegmentationGroup, value: Json | undefined, from: Json | undefined): void {
  const { selectedSegments, visibleSegments, segmentEquivalences } = group;
  const listed = Array.isArray(value) ? value : [];
  // What is shown is in `from`, as far as no segments are merged.
  const shown = Array.isArray(from) && segmentEquivalences.size === 0 ? from : [];
  const { old, now } = shown.length ? middle(shown, listed) : { old: [], now: listed };
  const selected = new Set<bigint>();
  const visible = new Set<bigint>();
  for (const text of now.map(String)) {
    const id = segmentEquivalences.get(BigInt(text.replace(/^!/, "")));
    selected.add(id);
    if (!text.startsWith("!")) visible.add(id);
  }
  const before = shown.length ? old.map((text) => BigInt(String(text).replace(/^!/, ""))) : [...selectedSegments];
  selectedSegments.delete(before.filter((id) => !selected.has(id)));
  visibleSegments.delete(before.filter((id) => selected.has(id) && !visible.has(id) && visibleSegments.has(id)));
  selectedSegments.add([...selected]);
  visibleSegments.add([...visible].filter((id) => !visibleSegments.has(id)));
}

/** Change the annotations by difference; false where their order would be another. */
function setAnnotations(source: LocalAnnotationSource, value: Json | undefined, from: Json | undefined): void {
  const listed = Array.isArray(value) ? value : [];
  const { start, old, now } = middle(Array.isArray(from) ? from : [], listed);
  const idOf = (item: Json) => (isObject(item) ? String(item.id) : "");
  const wanted = new Map(now.map((item) => [idOf(item), item]));
  expectAnnotations(source, now);
  const before = old.map(idOf);
  const kept = new Set(before.filter((id) => wanted.has(id)));
  const added = [...wanted.keys()].filter((id) => !kept.has(id));
  // New ones come last, and the others stay in their order.
  const last = start + now.length === listed.length;
  if ((added.length && !last) || [...wanted.keys()].join() !== [...kept, ...added].join()) {
    expectAnnotations(source, listed);
    source.restoreState(listed);
    return;
  }
  // It alone knows how to read them, and raises before anything is changed.
  const reader = new AnnotationSource(source.rank, source.relationships, source.properties);
  reader.restoreState(now);
  const change = (id: string, act: (reference: AnnotationReference) => void) => {
    const reference = source.getReference(id);
    act(reference);
    reference.dispose();
  };
  for (const id of before) if (!wanted.has(id)) change(id, (reference) => source.delete(reference));
  for (const annotation of reader) {
    if (source.get(annotation.id) === undefined) source.add(annotation).dispose();
    else change(annotation.id, (reference) => source.update(reference, annotation));
  }
  reader.dispose();
}

function settersOf(managed: ManagedUserLayer): Record<string, Setter> {
  const layer: UserLayer | null = managed.layer;
  const common: Record<string, Setter> = {
    visible: (value) => managed.setVisible(value !== false),
  };
  if (layer === null) return {};
  if ((layer.constructor as typeof UserLayer).supportsPickOption)
    common.pick = (value) => setTrackable(layer.pick, value);
  if (layer instanceof ImageUserLayer) return { ...common, ...imageSetters(layer) };
  if (layer instanceof SegmentationUserLayer) return { ...common, ...segmentationSetters(layer) };
  const { localAnnotations } = layer as ListLayer;
  if (localAnnotations !== undefined)
    common.annotations = (value, from) => setAnnotations(localAnnotations, value, from);
  return common;
}

function restoreLayer(viewer: Viewer, managed: ManagedUserLayer, from: JsonObject, to: JsonObject): void {
  const setters = settersOf(managed);
  const changed = Object.keys({ ...from, ...to }).filter((key) => !equal(from[key], to[key]));
  if (changed.every((key) => key in setters)) {
    for (const key of changed) setters[key]?.(to[key], from[key]);
    return;
  }
  const index = viewer.layerManager.managedLayers.indexOf(managed);
  const { name } = managed;
  deleteLayer(managed);
  viewer.layerSpecification.add(makeLayer(viewer.layerSpecification, name, to), index);
}

function restoreLayers(viewer: Viewer, from: Json | undefined, to: Json | undefined): void {
  const before = new Map((Array.isArray(from) ? from : []).filter(isObject).map((layer) => [layer.name, layer]));
  const named = Array.isArray(to) && to.every((layer) => isObject(layer) && typeof layer.name === "string");
  if (Array.isArray(to) && !named) throw new Error("expected a list of layers, each an object with a name");
  const specs = named ? (to as JsonObject[]) : [];
  const kept = specs.some((layer) => before.has(layer.name));
  if (!named || !kept || new Set(specs.map((layer) => layer.name)).size !== specs.length) {
    viewer.layerSpecification.restoreState(to ?? []);
    return;
  }
  const wanted = new Set(specs.map((layer) => layer.name));
  for (const managed of [...viewer.layerManager.managedLayers]) if (!wanted.has(managed.name)) deleteLayer(managed);
  specs.forEach((spec, index) => {
    const name = spec.name as string;
    const managed = viewer.layerManager.getLayerByName(name);
    if (managed === undefined) viewer.layerSpecification.add(makeLayer(viewer.layerSpecification, name, spec), index);
    else restoreLayer(viewer, managed, before.get(name) ?? {}, spec);
    const at = viewer.layerManager.managedLayers.findIndex((layer) => layer.name === name);
    if (at !== index && at !== -1) viewer.layerManager.reorderManagedLayer(at, index);
  });
}

function restoreMember(viewer: Viewer, key: string, member: Trackable, from: Json | undefined, to: Json | undefined) {
  if (key === "layers") restoreLayers(viewer, from, to);
  else setTrackable(member, to);
}

/**
 * Bring `viewer`, whose state `shown()` reads, to the state `to`. A member that is malformed stays as it was.
 *
 * @returns a sentence for each malformed member
 */
export function restoreState(viewer: Viewer, shown: () => JsonObject, to: JsonObject): string[] {
  if (LEGACY.some((key) => key in to)) {
    viewer.state.reset();
    try {
      viewer.state.restoreState(to);
    } catch (error) {
      return [(error as Error).message];
    }
    return [];
  }
  const problems = new Map<string, string>();
  const from = shown();
  restoreMembers(viewer, from, to, () => true, problems);
  if (!equal(from.layers, to.layers)) {
    // Dimensions that only a replaced layer had went with it, and the position in them, be it wanted or left over.
    const depends = (key: string) => to[key] !== undefined || OF_LAYERS.includes(key);
    restoreMembers(viewer, shown(), to, (key) => key !== "layers" && depends(key) && !problems.has(key), problems);
  }
  return [...problems].map(([key, problem]) => `"${key}": ${problem}`);
}

function restoreMembers(
  viewer: Viewer,
  from: JsonObject,
  to: JsonObject,
  concerns: (key: string) => boolean,
  problems: Map<string, string>,
): void {
  for (const [key, member] of viewer.state.children) {
    if (!concerns(key) || equal(from[key], to[key])) continue;
    try {
      restoreMember(viewer, key, member, from[key], to[key]);
    } catch (error) {
      problems.set(key, (error as Error).message);
      restoreMember(viewer, key, member, to[key], from[key]);
    }
  }
}
