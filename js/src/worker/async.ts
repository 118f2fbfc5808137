// The computation worker: decodes for the chunk worker, which starts as many as it has work for.
import "neuroglancer/unstable/async_computation.bundle.js";
