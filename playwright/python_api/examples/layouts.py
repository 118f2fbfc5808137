"""Data on the network in nested layouts, with side panels and tools on keys."""

import webbrowser

import neuroglancer

viewer = neuroglancer.Viewer()
with viewer.txn() as s:
    s.layers["em"] = neuroglancer.ImageLayer(
        source="precomputed://gs://bucket/image",
        tool_bindings={
            "A": neuroglancer.ShaderControlTool(control="normalized"),
            "B": neuroglancer.OpacityTool(),
        },
        panels=[
            neuroglancer.LayerSidePanelState(
                side="left", col=0, row=0, tab="rendering", tabs=["source", "rendering"]
            )
        ],
    )
    s.layers["cells"] = neuroglancer.SegmentationLayer(
        source="precomputed://gs://bucket/cells", selected_alpha=0.3
    )
    s.layout = neuroglancer.row_layout(
        [
            neuroglancer.column_layout(
                [
                    neuroglancer.LayerGroupViewer(layers=["em", "cells"], layout="xy"),
                    neuroglancer.LayerGroupViewer(layers=["cells"], layout="xz"),
                ]
            ),
            neuroglancer.LayerGroupViewer(
                layers=["em"],
                layout=neuroglancer.DataPanelLayout(
                    "3d", cross_sections={"cut": neuroglancer.CrossSection()}
                ),
            ),
        ]
    )
print(viewer)
webbrowser.open_new(viewer.get_viewer_url())
