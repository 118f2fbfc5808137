// The chunk worker: downloads, decodes and keeps chunks for one viewer.
import "neuroglancer/unstable/chunk_worker.bundle.js";
