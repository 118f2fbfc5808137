"""The official package's own first steps; only the line that printed the address is another."""

import panel as pn

from panel_neuroglancer import Neuroglancer  # isort: skip
import neuroglancer
import numpy as np

pn.extension()

viewer = neuroglancer.Viewer()
dimensions = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[10, 10, 10])
with viewer.txn() as s:
    s.dimensions = dimensions
    s.layers.append(
        name="overlay",
        layer=neuroglancer.LocalVolume(data=np.full((20, 20, 20), 255, np.uint8), dimensions=dimensions),
        shader="void main() { emitRGB(vec3(1.0, 0.0, 0.5)); }",
    )
    s.layout = "xy"
    s.show_axis_lines = False
    s.layers["overlay"].opacity = 1
viewer.actions.add("my-action", lambda s: print("Got my-action", s.mouse_position))
with viewer.config_state.txn() as s:
    s.input_event_bindings.viewer["keyt"] = "my-action"
    s.status_messages["hello"] = "Welcome to this example"

Neuroglancer(viewer, width=240, height=220).servable()
