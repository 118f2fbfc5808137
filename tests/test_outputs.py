"""Outputs of notebook cells, in a real kernel: how long they are, and what is left of them when their cell runs again."""

import ast
import json

import pytest

SETUP = """
import gc, json
import panel as pn
pn.extension({options})
import numpy as np, neuroglancer
from panel.io.state import state
from panel_neuroglancer import Neuroglancer
from panel_neuroglancer.view import NeuroglancerView
viewer = neuroglancer.Viewer()
space = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[4, 4, 4])
with viewer.txn() as s:
    s.layers["image"] = neuroglancer.ImageLayer(
        source=neuroglancer.LocalVolume(np.zeros((8, 8, 8), "uint8"), dimensions=space))
def alive(kind):
    gc.collect()
    return sum(isinstance(x, kind) for x in gc.get_objects())
"""


class Kernel:
    """A CPython kernel, run as JupyterLab does: each request names its cell."""

    def __init__(self):
        from jupyter_client.manager import start_new_kernel

        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code, cell="cell"):
        """Run a cell; return the data of its outputs."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        outputs = []
        while True:
            got = self.client.get_iopub_msg(timeout=60)
            if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = got["msg_type"], got["content"]
            assert kind != "error", "\n".join(content["traceback"])
            if kind in ("display_data", "execute_result"):
                outputs.append(content["data"])
            if kind == "status" and content["execution_state"] == "idle":
                return outputs

    def value(self, expression):
        (data,) = self.run(f"json.dumps({expression})", "value")
        return json.loads(ast.literal_eval(data["text/plain"]))

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", params=["", "inline=True"])
def kernel(request):
    kernel = Kernel()
    kernel.run(SETUP.format(options=request.param))
    yield kernel
    kernel.stop()


@pytest.mark.parametrize(
    "shown",
    [
        "Neuroglancer(viewer)",
        "Neuroglancer(viewer, show_state=True)",
        "Neuroglancer()",
        "pn.Row(Neuroglancer(viewer))",
        "pn.Column('# Mine', Neuroglancer(viewer))",
        "pn.Card(Neuroglancer(viewer))",
        "pn.Accordion(('mine', Neuroglancer(viewer)))",
        "pn.Column(pn.Row(pn.widgets.IntSlider(), pn.widgets.Select(options=['a']), pn.widgets.Button()), Neuroglancer(viewer))",
    ],
)
def test_an_output_leaves_room_for_a_picture_in_50_kb(kernel, shown):
    (data,) = [data for data in kernel.run(shown) if "text/html" in data]
    assert len(json.dumps(data)) < 45_000


def test_two_viewers_in_an_output_leave_room_for_two_pictures(kernel):
    (data,) = [
        data
        for data in kernel.run("pn.Row(Neuroglancer(viewer), Neuroglancer(viewer))")
        if "text/html" in data
    ]
    assert len(json.dumps(data)) < 2 * 45_000


def test_a_long_state_is_not_in_the_output(kernel):
    kernel.run("""
        points = [{"type": "point", "id": str(i), "point": [i, i, i]} for i in range(2000)]
        long = {"layers": [{"type": "annotation", "name": "a", "source": "local://annotations", "annotations": points}]}
    """)
    (data,) = [data for data in kernel.run("Neuroglancer(long, show_state=True)") if "text/html" in data]
    assert len(json.dumps(data)) < 45_000


def test_what_a_cell_showed_is_forgotten_when_it_runs_again(kernel):
    show = "view = Neuroglancer(viewer)\ndisplay(view)"
    counts = "[alive(NeuroglancerView), len(state._views), len(get_ipython().kernel.comm_manager.targets)]"
    kernel.run(show, "again")
    first = kernel.value(counts)
    for _ in range(5):
        kernel.run(show, "again")
    assert kernel.value(counts) == first
    kernel.run("del view", "again")
    assert kernel.value(counts)[:2] == [first[0] - 1, first[1] - 1]


def test_what_other_cells_show_of_the_viewer_stays(kernel):
    kernel.run("view = Neuroglancer(viewer); display(view)", "first")
    kernel.run("display(view)", "second")
    assert kernel.value("len(view._view._models)") == 2
    kernel.run("1", "first")
    assert kernel.value("len(view._view._models)") == 1
    kernel.run("view = None", "second")
