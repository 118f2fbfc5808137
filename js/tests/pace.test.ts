import { Signal } from "neuroglancer/unstable/util/signal.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pace } from "../src/pace";

/** A viewer as far as pacing knows one. */
function viewer() {
  const arrived = new Signal();
  const told = vi.fn();
  arrived.add(told);
  const display = { updateStarted: new Signal(), updateFinished: new Signal() };
  let isReady = false;
  return {
    arrived,
    told,
    ready: () => {
      isReady = true;
    },
    /** Draw a picture that takes so many milliseconds. */
    draw: async (took: number) => {
      display.updateStarted.dispatch();
      display.updateFinished.dispatch();
      await vi.advanceTimersByTimeAsync(took);
      frames.splice(0).forEach((frame) => {
        frame(performance.now());
      });
    },
    chunkManager: { chunkQueueManager: { visibleChunksChanged: arrived } },
    display,
    isReady: () => isReady,
  };
}

let frames: FrameRequestCallback[];

describe("pace", () => {
  beforeEach(() => {
    frames = [];
    vi.useFakeTimers();
    vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("tells of all that arrives at once where pictures take no time", async () => {
    const v = viewer();
    pace(v as never);
    await v.draw(16);
    for (let i = 0; i < 5; ++i) v.arrived.dispatch();
    expect(v.told).toHaveBeenCalledTimes(5);
  });

  it("lets twice the time of a slow picture pass before the next one", async () => {
    const v = viewer();
    pace(v as never);
    await v.draw(100);
    for (let i = 0; i < 5; ++i) v.arrived.dispatch();
    await vi.advanceTimersByTimeAsync(199);
    expect(v.told).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(v.told).toHaveBeenCalledTimes(1);
  });

  it("tells at once when all is there", async () => {
    const v = viewer();
    pace(v as never);
    await v.draw(100);
    v.arrived.dispatch();
    v.ready();
    v.arrived.dispatch();
    expect(v.told).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(v.told).toHaveBeenCalledTimes(1);
  });

  it("catches up when it is told to, once", async () => {
    const v = viewer();
    const catchUp = pace(v as never);
    await v.draw(100);
    catchUp();
    expect(v.told).not.toHaveBeenCalled();
    v.arrived.dispatch();
    catchUp();
    await vi.advanceTimersByTimeAsync(1000);
    expect(v.told).toHaveBeenCalledTimes(1);
  });

  it("never waits longer than nearly half a second", async () => {
    const v = viewer();
    pace(v as never);
    await v.draw(5000);
    v.arrived.dispatch();
    await vi.advanceTimersByTimeAsync(400);
    expect(v.told).toHaveBeenCalledTimes(1);
  });
});
