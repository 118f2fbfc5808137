"""An array that dask computes where it is looked at."""

import dask
import dask.array
import neuroglancer
import numpy as np


@dask.delayed(pure=True)
def plane(k):
    """Compute one plane."""
    return np.full((64, 64), 3 * k, np.uint8)


planes = [dask.array.from_delayed(plane(k), (64, 64), np.uint8) for k in range(64)]
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.layers["lazy"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(dask.array.stack(planes)))
print(viewer)
