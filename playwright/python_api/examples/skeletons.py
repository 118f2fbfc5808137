"""Skeletons made when they are asked for."""

import neuroglancer
import numpy as np

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[10, 10, 10])


class Sticks(neuroglancer.skeleton.SkeletonSource):
    """A stick for each object."""

    def __init__(self):
        super().__init__(space)
        self.vertex_attributes["warmth"] = neuroglancer.skeleton.VertexAttributeInfo(np.float32, 1)

    def get_skeleton(self, object_id):
        ends = [[10 * object_id, 0, 0], [10 * object_id, 50, 50]]
        return neuroglancer.skeleton.Skeleton(ends, [[0, 1]], {"warmth": [0, 1]})


cells = np.ones((50, 50, 50), "uint32")
cells[20:], cells[35:] = 2, 3
viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.layers.append(
        name="sticks",
        layer=neuroglancer.SegmentationLayer(
            source=[neuroglancer.LocalVolume(cells, space), Sticks()],
            skeleton_shader="void main() { emitRGB(colormapJet(warmth)); }",
            segments=[1, 2, 3],
        ),
    )
    s.layers[0].skeleton_rendering.mode3d = "lines_and_points"
    s.layers[0].skeleton_rendering.line_width3d = 8

if __name__ == "__main__":
    print(viewer)
