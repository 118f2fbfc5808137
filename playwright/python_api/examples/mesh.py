"""A surface from a file."""

import neuroglancer

viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.layers["surface"] = neuroglancer.SingleMeshLayer(source="vtk://https://storage.example.org/surface.vtk")
    s.layout = "3d"
print(viewer)
