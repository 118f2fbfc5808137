import json
import re
import subprocess
import sys

import pytest

from panel_neuroglancer import tokens

APP = """
import json, sys
{imports}
import numpy as np
from neuroglancer.skeleton import SkeletonSource
space = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])
states = []
for _ in range(2):
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(np.zeros((4, 4, 4), "u1"), space))
        s.layers["b"] = neuroglancer.SegmentationLayer(source=SkeletonSource(space))
    {between}
    states.append(viewer.state.to_json())
generations = [viewer.shared_state.state_generation]
for layout in ("3d", "xy"):
    with viewer.txn() as s:
        s.layout = layout
    generations.append(viewer.shared_state.state_generation)
print(json.dumps([states, generations]))
"""
BOTH = ["import neuroglancer\nimport panel_neuroglancer", "import panel_neuroglancer\nimport neuroglancer"]


def run(repeated, imports=BOTH[0], between=""):
    env = {tokens.REPEATED: "1"} if repeated else {}
    code = APP.format(imports=imports, between=between)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def addresses(states):
    return re.findall(r"python://[\w/.]+", json.dumps(states))


@pytest.mark.parametrize("imports", BOTH)
def test_states_come_out_the_same_whatever_else_happens(imports):
    states, generations = run(True)
    # More changes of state, and requests that have tokens too, as in the browser.
    more = "for n in range(3):\n        with viewer.txn() as s:\n            s.projection_scale = n\n    s = viewer.state"
    others, _ = run(True, imports, more)
    assert addresses(states) == addresses(others)
    assert len(set(addresses(states))) == 4
    assert len(set(generations)) == 3


def test_elsewhere_they_are_random():
    assert not set(addresses(run(False)[0])) & set(addresses(run(False)[0]))
