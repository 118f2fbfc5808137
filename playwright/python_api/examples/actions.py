"""Keys and clicks that change the state, the configuration and an array."""

import copy

import neuroglancer
import numpy as np

space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[8, 8, 8])
data = np.full((60, 60, 60), 90, "uint8")
volume = neuroglancer.LocalVolume(data, space)
viewer = neuroglancer.Viewer(token="chosen")
with viewer.txn() as s:
    s.dimensions = space
    s.layers["data"] = neuroglancer.ImageLayer(source=volume)
    s.voxel_coordinates = [30, 30, 30]
    s.layers["marks"] = neuroglancer.LocalAnnotationLayer(dimensions=space)
first = viewer.state


def mark(action):
    """Put a point where the mouse is."""
    with viewer.txn() as s:
        point = neuroglancer.PointAnnotation(
            id=repr(action.mouse_position), point=action.mouse_voxel_coordinates
        )
        s.layers["marks"].annotations.append(point)


def brighten(action):
    """Change the array."""
    assert action.selected_values["data"].value is not None
    data[...] = 200
    volume.invalidate()


def shrink(action):
    """Show the left half only, with the rest fetched ahead."""
    with viewer.txn() as s:
        s.partial_viewport = [0, 0, 0.5, 1]
    with viewer.config_state.txn() as c:
        ahead = copy.deepcopy(first)
        ahead.partial_viewport = [0.5, 0, 0.5, 1]
        c.prefetch = [neuroglancer.PrefetchState(state=ahead, priority=0)]
        c.viewer_size = [256, 256]
        c.status_messages["shrunk"] = f"{viewer.state.partial_viewport!r}"


viewer.actions.add("mark", mark)
viewer.actions.add("brighten", brighten)
viewer.actions.add("shrink", shrink)
with viewer.config_state.txn() as c:
    c.input_event_bindings.viewer["keym"] = "mark"
    c.input_event_bindings.data_view["shift+mousedown0"] = "brighten"
    c.input_event_bindings.data_view["shift+keyu"] = "shrink"
    c.status_messages["keys"] = "m marks, U shrinks"
print(viewer)
