"""The demo: the site's own data where there is some, a public volume otherwise."""

from __future__ import annotations

import os
from typing import Any

from .files import site_url
from .state import to_url

DEMO_STATE = "PANEL_NEUROGLANCER_DEMO_STATE"

_KASTHURI = "precomputed://gs://neuroglancer-public-data/kasthuri2011"

# Mouse neocortex by Kasthuri et al. 2011, the volume of Neuroglancer's own README.
KASTHURI2011: dict[str, Any] = {
    "dimensions": {"x": [6e-9, "m"], "y": [6e-9, "m"], "z": [3e-8, "m"]},
    "position": [5523.990723, 8538.938477, 1198.04236],
    "crossSectionScale": 3.7621853549999242,
    "projectionOrientation": [
        -0.0040475670248270035,
        -0.9566215872764587,
        -0.22688281536102295,
        -0.18271005153656006,
    ],
    "projectionScale": 4699.372698097029,
    "layers": [
        {"type": "image", "source": f"{_KASTHURI}/image", "name": "original-image", "visible": False},
        {"type": "image", "source": f"{_KASTHURI}/image_color_corrected", "name": "corrected-image"},
        {
            "type": "segmentation",
            "source": f"{_KASTHURI}/ground_truth",
            "selectedAlpha": 0.63,
            "notSelectedAlpha": 0.14,
            "segments": [
                "3208",
                "4901",
                "13",
                "4965",
                "4651",
                "2282",
                "3189",
                "3758",
                "15",
                "4027",
                "3228",
                "444",
                "3207",
            ],
            "name": "ground_truth",
        },
    ],
    "layout": "4panel",
}

KASTHURI2011_URL = to_url(KASTHURI2011)


def demo_url() -> str:
    """Return the link of the demo: the state file the site names, or the public kasthuri2011 volume."""
    path = os.environ.get(DEMO_STATE)
    return site_url(path) if path else KASTHURI2011_URL
