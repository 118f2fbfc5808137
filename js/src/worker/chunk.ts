// The chunk worker: downloads, decodes and keeps chunks for one viewer.
// First, so that its messages do not reach neuroglancer's own handler.
import { useTurns } from "../sources";
import "neuroglancer/unstable/chunk_worker.bundle.js";
import { PythonVolumeChunkSource } from "neuroglancer/unstable/datasource/python/backend.js";
import { type Ranked, Turns } from "./turns";

const turns = new Turns();
/** Which chunk is fetched with a signal. */
const chunks = new WeakMap<AbortSignal, Ranked>();
const { download } = PythonVolumeChunkSource.prototype;

PythonVolumeChunkSource.prototype.download = function (chunk, signal) {
  chunks.set(signal, chunk);
  return download.call(this, chunk, signal);
};

useTurns((signal) => {
  const chunk = chunks.get(signal);
  return chunk === undefined ? Promise.resolve(() => {}) : turns.take(chunk, signal);
});
