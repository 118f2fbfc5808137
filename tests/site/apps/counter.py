"""A page and Python that count together: a property, messages and their order, both ways."""

import ctypes
import importlib
import sys

import numpy as np
import panel as pn
import param
from panel.custom import JSComponent

pn.extension()


class Counter(JSComponent):
    """Keeps what each side told the other."""

    value = param.Integer(default=0, doc="Set by the page.")
    echo = param.Integer(default=0, doc="Set by Python.")
    total = param.Integer(default=0, doc="What Python's numpy makes of the value.")

    _esm = """
    export function render({ model }) {
      const out = document.createElement("output");
      const show = () => { out.textContent = `value ${model.value} total ${model.total}`; };
      model.on(["value", "total"], show);
      show();
      const got = [];
      model.on("msg:custom", (event) => got.push(event));
      window.counter = { model, got };
      return out;
    }
    """

    def __init__(self, **params):
        super().__init__(**params)
        self.seen = []

    @param.depends("value", watch=True)
    def _changed(self):
        self.seen.append(("value", self.value))
        self.total = int(np.arange(self.value + 1).sum())

    def _handle_msg(self, data):
        if data == "report":
            self._send_msg({"seen": self.seen})
            self.seen = []
        elif data == "count":
            for i in range(1, 1001):
                self.echo = i
                self._send_msg({"n": i, "echo": i})
        elif data == "raise":
            raise ValueError("asked for")
        elif data == "die":
            ctypes.string_at(0xFFFFFFF0, 8)
        elif isinstance(data, dict) and "bytes" in data:
            self._send_msg(
                {"length": len(data["bytes"]), "sum": int(np.frombuffer(data["bytes"], "u1").sum())}
            )
        elif isinstance(data, dict) and "module" in data:
            self._send_msg({"version": importlib.import_module(data["module"]).__version__})
        else:
            self.seen.append(("message", data, self.value))


counter = Counter(width=300, height=50)
pn.Column(
    f"# Counter\nPython {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}",
    pn.widgets.IntSlider.from_param(counter.param.value, start=0, end=100000),
    counter,
).servable()
