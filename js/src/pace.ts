// How often a viewer draws while its data arrives.
//
// neuroglancer draws a frame for every few chunks that come. Where a frame takes long, as with software WebGL, most of the
// time to the full picture would go into the pictures before it. So arriving data is drawn in pace: pictures take the
// smaller part of the time, but for the one with all data, which is drawn at once; and so is what the user does.
import type { Viewer } from "neuroglancer/unstable/viewer.js";

/** Milliseconds without a picture for each millisecond that one takes. */
const REST = 2;
const LONGEST_REST_MS = 400;
/** Nobody gains from fewer pictures than these. */
const FLUENT_MS = 25;

/**
 * Let arriving data be drawn in pace, for as long as the viewer lives.
 *
 * @returns what has all that came drawn with the next frame
 */
export function pace(viewer: Pick<Viewer, "chunkManager" | "display" | "isReady">): () => void {
  const { display } = viewer;
  const arrived = viewer.chunkManager.chunkQueueManager.visibleChunksChanged;
  const tell = arrived.dispatch;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let began = 0;
  let rested = 0;

  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    tell.call(arrived);
  };
  arrived.dispatch = () => {
    const rest = rested - performance.now();
    // Nobody listens any more once the viewer is gone.
    if (rest <= 0 || viewer.isReady()) draw();
    else timer ??= setTimeout(draw, rest);
  };
  display.updateStarted.add(() => {
    began = performance.now();
  });
  // The browser gives the next frame when it is through with this one, drawing included.
  display.updateFinished.add(() =>
    requestAnimationFrame((now) => {
      const took = performance.now() - began;
      if (took > FLUENT_MS) rested = now + Math.min(REST * took, LONGEST_REST_MS);
    }),
  );
  return () => {
    if (timer !== undefined) draw();
  };
}
