"""Marks that follow the selected segments, read from a file."""

import argparse
import json
import time

import neuroglancer
import neuroglancer.cli


class Follower:
    """Shows the synapses of the selected segments."""

    def __init__(self, path):
        with open(path) as file:
            self.synapses = json.load(file)["data"]
        self.selected = frozenset()
        self.viewer = neuroglancer.Viewer()
        space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[8, 8, 8])
        with self.viewer.txn() as s:
            s.dimensions = space
            s.layers["cells"] = neuroglancer.SegmentationLayer(source="precomputed://gs://bucket/cells")
            s.layers["synapses"] = neuroglancer.LocalAnnotationLayer(
                space, linked_segmentation_layer={"segments": "cells"}
            )
        self.viewer.shared_state.add_changed_callback(lambda: self.viewer.defer_callback(self.follow))
        with self.viewer.txn() as s:
            s.layers["cells"].segments = [1]

    def follow(self):
        """Draw anew if the selection changed."""
        segments = self.viewer.state.layers["cells"].segments
        if segments == self.selected:
            return
        self.selected = segments
        with self.viewer.txn() as s:
            s.layers["synapses"].annotations = [
                neuroglancer.LineAnnotation(
                    id=f"{i}", point_a=synapse["T-bar"]["location"], point_b=partner["location"]
                )
                for i, synapse in enumerate(self.synapses)
                for partner in synapse["partners"]
                if synapse["T-bar"]["body ID"] in segments
            ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("synapses")
    neuroglancer.cli.add_server_arguments(parser)
    args = parser.parse_args()
    neuroglancer.cli.handle_server_arguments(args)
    follower = Follower(args.synapses)
    print(follower.viewer)

    while True:
        time.sleep(1000)
