"""The official package without this one."""

import io
import json
import sys
import zlib

import neuroglancer
import numpy as np
import panel as pn

viewer = neuroglancer.Viewer()
changes = []
viewer.shared_state.add_changed_callback(lambda: changes.append(viewer.state.layout.type))
with viewer.txn() as s:
    s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(np.zeros((4, 5, 6), "uint8")))
    s.layout = "xy"
(volume,) = viewer.volume_manager.volumes.values()
data, _ = volume.get_encoded_subvolume("npz", np.zeros(3, int), np.array([4, 5, 6]), "1,1,1")
link = neuroglancer.to_url(neuroglancer.ViewerState({"layout": "3d"}))
known = {
    "other": "panel_neuroglancer" in sys.modules,
    "changes": changes,
    "shape": np.load(io.BytesIO(zlib.decompress(data))).shape,
    "link": neuroglancer.parse_url(link).layout.type,
}
pn.pane.HTML(f'<pre id="python">{json.dumps(known)}</pre>').servable(title="Alone")
