// The chunk worker: downloads, decodes and keeps chunks for one viewer.
// First, so that its messages do not reach neuroglancer's own handler.
import "../sources";
import "neuroglancer/unstable/chunk_worker.bundle.js";
import { PythonVolumeChunkSource } from "neuroglancer/unstable/datasource/python/backend.js";
import { Turns } from "./turns";

const turns = new Turns();
const { download } = PythonVolumeChunkSource.prototype;

PythonVolumeChunkSource.prototype.download = async function (chunk, signal) {
  const done = await turns.take(chunk, signal);
  try {
    await download.call(this, chunk, signal);
  } finally {
    done();
  }
};
