"""The app that `volumes.py` converts: shows an array that lies beside the page, when it is told to."""

import json

import neuroglancer
import numpy as np
import panel as pn
from echo import echo

from panel_neuroglancer import Neuroglancer, site_url

pn.extension()

viewer = neuroglancer.Viewer()
component = Neuroglancer(viewer, sizing_mode="fixed", width=900, height=600)
order = pn.widgets.TextInput(name="order")
known = {}


async def load(name: str) -> None:
    """Fill an array with a file, piece by piece."""
    import js

    about = json.loads(await (await js.fetch(site_url(f"data/{name}.json"))).text())
    data = np.empty(about["shape"], about["dtype"], order="F")
    response = await js.fetch(site_url(f"data/{name}.bin"))
    reader, offset = response.body.getReader(), 0
    target = data.reshape(-1, order="F").view("uint8")
    while not (piece := await reader.read()).done:
        length = piece.value.length
        piece.value.assign_to(target[offset : offset + length].data)
        offset += length
    known["data"] = data
    with viewer.txn() as state:
        state.layout = "4panel"
        state.position = [n / 2 for n in data.shape]
        state.cross_section_scale = 1
        state.dimensions = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])


def show() -> None:
    """Add the layer."""
    with viewer.txn() as state:
        volume = neuroglancer.LocalVolume(known["data"], state.dimensions)
        layer = neuroglancer.ImageLayer if volume.volume_type == "image" else neuroglancer.SegmentationLayer
        state.layers["a"] = layer(source=volume)


async def obey(event) -> None:
    """Do what the bench asks for."""
    name, _, argument = event.new.partition(" ")
    if name == "load":
        await load(argument)
    elif name == "show":
        show()
    elif name == "echo":
        echo(viewer)
    elif name == "memory":
        import js

        known["memory"] = js.pyodide._module.HEAP8.length
    order.name = f"done {event.new} {known.get('memory', 0)}"


order.param.watch(obey, "value")
pn.Column(component, order).servable()
