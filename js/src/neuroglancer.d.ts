// Some of neuroglancer's modules ship without types; these are the members that we use.
declare module "neuroglancer/unstable/layer/image/index.js" {
  import type { UserLayer } from "neuroglancer/unstable/layer/index.js";
  import type { Trackable } from "neuroglancer/unstable/util/trackable.js";

  export class ImageUserLayer extends UserLayer {
    opacity: Trackable;
    blendMode: Trackable;
    fragmentMain: Trackable;
    shaderControlState: Trackable;
    sliceViewRenderScaleTarget: Trackable;
    volumeRenderingMode: Trackable;
    volumeRenderingGain: Trackable;
    volumeRenderingDepthSamplesTarget: Trackable;
    codeVisible: Trackable;
  }
}

declare module "neuroglancer/unstable/layer/segmentation/index.js" {
  import type { UserLayer } from "neuroglancer/unstable/layer/index.js";
  import type { Trackable } from "neuroglancer/unstable/util/trackable.js";

  interface SegmentSet extends Iterable<bigint> {
    changed: { add(handler: (ids: bigint | bigint[] | null | undefined, add: boolean) => void): void };
    has(id: bigint): boolean;
    add(ids: bigint | bigint[]): void;
    delete(ids: bigint | bigint[]): void;
  }

  export interface SegmentationGroup {
    toJSON(): Record<string, unknown>;
    visibleSegments: SegmentSet;
    selectedSegments: SegmentSet;
    segmentEquivalences: { get(id: bigint): bigint; size: number };
    hideSegmentZero: Trackable;
    segmentQuery: Trackable;
  }

  interface ColorState {
    segmentDefaultColor: Trackable;
    segmentStatedColors: { clear(): void; set(id: bigint, color: bigint): void };
  }

  export class SegmentationUserLayer extends UserLayer {
    sliceViewRenderScaleTarget: Trackable;
    displayState: {
      segmentationGroupState: { value: SegmentationGroup };
      linkedSegmentationGroup: { root: { value: SegmentationUserLayer } };
      segmentationColorGroupState: { value: ColorState };
      selectedAlpha: Trackable;
      notSelectedAlpha: Trackable;
      objectAlpha: Trackable;
      saturation: Trackable;
      hoverHighlight: Trackable;
      baseSegmentColoring: Trackable;
      ignoreNullVisibleSet: Trackable;
      silhouetteRendering: Trackable;
      renderScaleTarget: Trackable;
    };
  }
}

declare module "neuroglancer/unstable/datasource/python/backend.js" {
  interface Chunk {
    priorityTier: number;
    priority: number;
  }

  export class PythonVolumeChunkSource {
    download(chunk: Chunk, signal: AbortSignal): Promise<void>;
  }
}
