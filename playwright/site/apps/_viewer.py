"""What the apps have in common."""

from panel_neuroglancer import Neuroglancer, site_url

GREY = "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }"
SOURCE = "precomputed://" + site_url("data/image")
IMAGE = {"type": "image", "name": "image", "source": SOURCE, "shader": GREY, "opacity": 1}
STATE = {
    "dimensions": {"x": [4e-9, "m"], "y": [8e-9, "m"], "z": [1.2e-8, "m"]},
    "position": [16, 6, 4.5],
    "crossSectionScale": 1 / 6,
    "layers": [IMAGE],
    "layout": "xy",
    "showAxisLines": False,
    "showScaleBar": False,
    "showDefaultAnnotations": False,
    "crossSectionBackgroundColor": "#000000",
}
CELLS = [IMAGE, {"type": "segmentation", "name": "cells", "source": SOURCE, "notSelectedAlpha": 0}]


def viewer(**parts) -> Neuroglancer:
    """Make a small viewer."""
    return Neuroglancer({**STATE, **parts}, ui="none", width=160, height=120, margin=0)
