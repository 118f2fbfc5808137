import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { equal, toPlain } from "../src/json";
import { Throttle } from "../src/throttle";
import { uiOptions } from "../src/ui";

describe("json", () => {
  it("compares by content, not by the order of keys", () => {
    expect(equal({ a: [1, { b: 2 }], c: null }, { c: null, a: [1, { b: 2 }] })).toBe(true);
    expect(equal({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(equal([1, 2], [2, 1])).toBe(false);
    expect(equal({ a: 1 }, [1])).toBe(false);
    expect(equal("1", 1)).toBe(false);
  });

  it("writes 64-bit integers as strings and drops undefined", () => {
    expect(toPlain({ id: 18446744073709551615n, none: undefined })).toEqual({ id: "18446744073709551615" });
  });
});

describe("uiOptions", () => {
  it("shows all, little, or nothing", () => {
    expect(Object.values(uiOptions({ preset: "full" })).every(Boolean)).toBe(true);
    expect(Object.values(uiOptions({ preset: "none" })).some(Boolean)).toBe(false);
    const minimal = uiOptions({ preset: "minimal" });
    expect(minimal.showUIControls).toBe(true);
    expect(minimal.showSettingsButton).toBe(false);
  });

  it("lets single options win", () => {
    expect(uiOptions({ preset: "full", options: { showHelpButton: false } }).showHelpButton).toBe(false);
  });
});

describe("Throttle", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs once after the last call", () => {
    const run = vi.fn();
    const throttle = new Throttle(run, 100, 1000);
    for (let i = 0; i < 5; ++i) {
      throttle.call();
      vi.advanceTimersByTime(50);
    }
    expect(run).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(50);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("does not wait for ever while calls go on", () => {
    const run = vi.fn();
    const throttle = new Throttle(run, 100, 200);
    for (let i = 0; i < 20; ++i) {
      throttle.call();
      vi.advanceTimersByTime(50);
    }
    expect(run.mock.calls.length).toBeGreaterThanOrEqual(4);
    vi.advanceTimersByTime(200);
    const calls = run.mock.calls.length;
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(calls);
  });

  it("never runs after cancel", () => {
    const run = vi.fn();
    const throttle = new Throttle(run, 100, 200);
    throttle.call();
    throttle.cancel();
    vi.advanceTimersByTime(1000);
    expect(run).not.toHaveBeenCalled();
  });
});
