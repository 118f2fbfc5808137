// The chunk worker: downloads, decodes and keeps chunks for one viewer.
// First, so that its messages do not reach neuroglancer's own handler.
import "../sources";
import "neuroglancer/unstable/chunk_worker.bundle.js";
import "neuroglancer/unstable/datasource/python/backend.js";
