// The configuration that a Python viewer sends beside its state: actions, key bindings, messages,
// requests for screenshots and voxels. neuroglancer's own handlers do the work; what they report goes
// to Python by `tell`.
import { TrackableBasedEventActionMap } from "neuroglancer/unstable/python_integration/event_action_map.js";
import { PrefetchManager } from "neuroglancer/unstable/python_integration/prefetch.js";
import { RemoteActionHandler } from "neuroglancer/unstable/python_integration/remote_actions.js";
import { VolumeRequestHandler } from "neuroglancer/unstable/python_integration/volume.js";
import { TrackableValue } from "neuroglancer/unstable/trackable_value.js";
import { parseFixedLengthArray, verifyInt, verifyObject } from "neuroglancer/unstable/util/json.js";
import { CompoundTrackable } from "neuroglancer/unstable/util/trackable.js";
import { VIEWER_UI_CONFIG_OPTIONS, type Viewer } from "neuroglancer/unstable/viewer.js";
import { renewed } from "./failures";
import { equal, type JsonObject, toPlain } from "./json";
import { ViewerMessages } from "./messages";
import { residents } from "./residents";

/** What a viewer tells Python: an action, a screenshot, voxels. */
export interface Notice {
  kind: "action" | "volume_info" | "volume_chunk";
  /** The action's name, or the id of the request for voxels. */
  name: string;
  value: JsonObject;
  data?: Uint8Array;
}

/** neuroglancer's python:// data source, which ships without types. */
interface PythonDataSource {
  setSourceGeneration(key: string, generation: number): void;
}

function keyBindings(viewer: Viewer): CompoundTrackable {
  const bindings = new CompoundTrackable();
  const { global, sliceView, perspectiveView } = viewer.inputEventBindings;
  const targets = { viewer: [global], sliceView: [sliceView], perspectiveView: [perspectiveView] };
  for (const [name, maps] of Object.entries({ ...targets, dataView: [sliceView, perspectiveView] })) {
    const map = new TrackableBasedEventActionMap();
    bindings.add(name, map);
    // Above neuroglancer's own bindings; those of one kind of panel win over those of both.
    for (const parent of maps) parent.addParent(map.eventActionMap, name === "dataView" ? 999 : 1000);
  }
  return bindings;
}

function sourceGenerations(viewer: Viewer): TrackableValue<Record<string, number>> {
  const generations = new TrackableValue<Record<string, number>>({}, (x) => verifyObject(x) as Record<string, number>);
  const source = viewer.dataSourceProvider.dataSources.get("python") as unknown as PythonDataSource;
  generations.changed.add(() => {
    for (const [key, generation] of Object.entries(generations.value)) {
      // First, for that makes neuroglancer ask for the chunks again.
      residents.renew(key, generation);
      renewed(key, generation);
      source.setSourceGeneration(key, generation);
    }
  });
  return generations;
}

/** Have all that is shown of a source asked for again, and its layers made anew where it is another kind of thing. */
export function refresh(viewer: Viewer, key: string, { anew }: { anew: boolean }): void {
  const source = viewer.dataSourceProvider.dataSources.get("python") as unknown as PythonDataSource;
  // No generation of Python's.
  source.setSourceGeneration(key, -1);
  if (!anew) return;
  // What a source said of itself neuroglancer would never ask again.
  const { map } = viewer.chunkManager.memoize;
  for (const name of map.keys())
    if (/python:(Volume|Skeleton)DataSource/.test(name) && name.includes(key)) map.delete(name);
  const layers = viewer.layerSpecification.toJSON();
  viewer.layerManager.clear();
  viewer.layerSpecification.restoreState(layers);
}

/** A canvas of a given size in pixels, whatever the size of the element; scaled to fit into it. */
function viewerSize(viewer: Viewer): TrackableValue<number[] | undefined> {
  const size = new TrackableValue<number[] | undefined>(undefined, (x) =>
    x == null ? undefined : parseFixedLengthArray([0, 0], x, verifyInt),
  );
  size.changed.add(() => {
    const { container } = viewer.display;
    const { style } = container;
    if (size.value === undefined) {
      style.width = style.height = style.transform = style.inset = "";
      return;
    }
    const [width, height] = size.value as [number, number];
    const room = container.parentNode instanceof ShadowRoot ? container.parentNode.host : container;
    style.inset = "0 auto auto 0";
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.transformOrigin = "top left";
    style.transform = `scale(${Math.min(room.clientWidth / width, room.clientHeight / height)})`;
  });
  return size;
}

/** One running viewer's configuration from Python. */
export class PythonConfig {
  readonly #trackables = new CompoundTrackable();
  readonly #disposers: (() => void)[] = [];
  #shown: JsonObject = {};

  constructor(viewer: Viewer, tell: (notice: Notice) => void) {
    const add = this.#trackables.add.bind(this.#trackables);
    const actions = new RemoteActionHandler(viewer);
    const volumes = new VolumeRequestHandler(viewer);
    const messages = new ViewerMessages(viewer.display.container);
    const { screenshotHandler } = viewer;
    const context = viewer.dataContext.addRef();
    const prefetch = new PrefetchManager(viewer.display, viewer.dataSourceProvider, context, viewer.uiConfiguration);
    add("sourceGenerations", sourceGenerations(viewer));
    add("inputEventBindings", keyBindings(viewer));
    add("actions", actions.actionSet);
    add("statusMessages", messages);
    add("screenshot", screenshotHandler.requestState);
    add("volumeRequests", volumes.requestState);
    add("prefetch", prefetch);
    for (const key of VIEWER_UI_CONFIG_OPTIONS) add(key, viewer.uiConfiguration[key]);
    add("scaleBarOptions", viewer.scaleBarOptions);
    add("viewerSize", viewerSize(viewer));
    const act = (name: string, value: object) => tell({ kind: "action", name, value: toPlain(value) });
    this.#disposers.push(
      actions.sendActionRequested.add(act),
      screenshotHandler.sendScreenshotRequested.add((state: object) => act("screenshot", state)),
      screenshotHandler.sendStatisticsRequested.add((state: object) => act("screenshotStatistics", state)),
      volumes.sendVolumeInfoResponseRequested.add((name, value) =>
        tell({ kind: "volume_info", name, value: toPlain(value) }),
      ),
      volumes.sendVolumeChunkResponseRequested.add((name, response) => {
        const { data, ...value } = response as { data?: ArrayBufferView };
        tell({ kind: "volume_chunk", name, value: toPlain(value), data: data && bytesOf(data) });
      }),
      () => {
        for (const part of [actions, volumes, messages, prefetch]) part.dispose();
      },
    );
  }

  /** Take over a configuration; what is equal is left alone, so that nothing is asked for twice. */
  restore(config: JsonObject): void {
    for (const [key, trackable] of this.#trackables.children) {
      if (equal(this.#shown[key], config[key])) continue;
      trackable.reset();
      if (config[key] !== undefined && config[key] !== null) trackable.restoreState(config[key]);
    }
    this.#shown = config;
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
  }
}

/** Only the bytes of a view, not of all the buffer behind it. */
function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).slice();
}
