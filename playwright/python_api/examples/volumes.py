"""Arrays in a space with channels, one of them sheared."""

import argparse

import neuroglancer
import neuroglancer.cli
import numpy as np

parser = argparse.ArgumentParser()
neuroglancer.cli.add_server_arguments(parser)
neuroglancer.cli.handle_server_arguments(parser.parse_args())

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[10, 10, 20])
channels = neuroglancer.CoordinateSpace(
    names=["c^", "x", "y", "z"],
    units=["", "nm", "nm", "nm"],
    scales=[1, 10, 10, 20],
    coordinate_arrays=[neuroglancer.CoordinateArray(labels=["warm", "cold"]), None, None, None],
)
x, y, z = np.indices((40, 50, 30))
ramps = np.stack([4 * x, 4 * y]).astype("uint8")
cells = (1 + x // 20 + 2 * (y // 25)).astype("uint32")
sheared = neuroglancer.CoordinateSpaceTransform(
    output_dimensions=space, matrix=[[1, 0, 0, 20], [0.5, 1, 0, 0], [0, 0, 1, 0]]
)

viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = space
    s.layers.append(
        name="ramps",
        layer=neuroglancer.LocalVolume(ramps, channels, voxel_offset=(0, 5, 5, 5)),
        shader="void main() { emitRGB(vec3(toNormalized(getDataValue(0)), 0.0, toNormalized(getDataValue(1)))); }",
    )
    s.layers["cells"] = neuroglancer.SegmentationLayer(
        source=[neuroglancer.LayerDataSource(neuroglancer.LocalVolume(cells, space), transform=sheared)]
    )
    s.voxel_coordinates = [25, 30, 15]
print(viewer)
