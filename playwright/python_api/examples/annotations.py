"""Annotations of every kind, with properties that a shader draws."""

import neuroglancer

viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.dimensions = neuroglancer.CoordinateSpace(names=["x", "y"], units="nm", scales=[1, 1])
    s.position = [50, 50]
    s.layers["marks"] = neuroglancer.LocalAnnotationLayer(
        dimensions=s.dimensions,
        annotation_properties=[
            neuroglancer.AnnotationPropertySpec(id="colour", type="rgb", default="#ff8000"),
            neuroglancer.AnnotationPropertySpec(id="size", type="float32", default=12),
        ],
        annotations=[
            neuroglancer.PointAnnotation(id="p", point=[40, 50], props=["#00ff00", 20]),
            neuroglancer.LineAnnotation(id="l", point_a=[20, 20], point_b=[80, 30], props=["#ff0000", 5]),
            neuroglancer.AxisAlignedBoundingBoxAnnotation(id="b", point_a=[30, 60], point_b=[60, 80]),
            neuroglancer.EllipsoidAnnotation(id="e", center=[70, 60], radii=[10, 20]),
            neuroglancer.PolyLineAnnotation(id="w", points=[[10, 10], [20, 80], [90, 90]]),
        ],
        shader="void main() { setColor(prop_colour()); setPointMarkerSize(prop_size()); }",
    )
    s.layout = "xy"
    s.selected_layer.layer = "marks"
    s.selected_layer.visible = True
print(viewer)
