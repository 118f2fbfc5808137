"""What the tests of the component share: a state, and pages that stand in for a browser's."""

from bokeh.document import Document

from panel_neuroglancer import to_url
from panel_neuroglancer.sync import Incoming, Outgoing

STATE = {
    "position": [1.0, 2.0, 3.0],
    "layers": [
        {"type": "image", "source": "zarr://https://h/em", "name": "em"},
        {"type": "segmentation", "source": "precomputed://gs://b/s", "name": "seg", "segments": ["1", "!2"]},
    ],
    "layout": "4panel",
}
LINK = to_url(STATE, "https://ng.example/")


class Page:
    """One page that shows a viewer: what it was sent, and what it sends back."""

    def __init__(self, viewer, view="page"):
        self.doc, self.view, self.count, self.messages = Document(), view, 0, []
        self.root = viewer.get_root(self.doc)
        self.model = viewer._view._models[self.root.ref["id"]][0]
        self.data = self.model.data
        self.commands, self.sent, self.incoming = [], [], Incoming()
        self.incoming.take(self.data.command["seq"], self.data.command)
        self.data.on_change("command", lambda attr, old, new: self.take(new))
        self.doc.callbacks.on_change(lambda event: self.messages.append(event))

    def take(self, command):
        self.sent.append(command)
        state = self.incoming.take(command["seq"], command)
        self.commands.append(
            {"seq": command["seq"], "state": state, **{k: command[k] for k in ("seen", "origin")}}
        )

    def report(self, state, ack=None, **more):
        self.count += 1
        report = {
            "view": self.view,
            "n": self.count,
            "ack": self.data.command["seq"] if ack is None else ack,
            "state": state,
        }
        self.data.report = {**report, **more}


def with_segments(*segments, **more):
    return {
        **STATE,
        "layers": [STATE["layers"][0], {**STATE["layers"][1], "segments": list(segments)}],
        **more,
    }


class TalkingPage(Page):
    """A page that sends differences, as a real one does, and heeds what Python says of them."""

    def __init__(self, viewer, view="page"):
        super().__init__(viewer, view)
        self.outgoing, self.asked = Outgoing(), []
        self.data.on_change("received", lambda attr, old, new: self.heed(new.get(self.view)))

    def heed(self, receipt):
        if receipt is None:
            return
        if receipt["whole"]:
            self.outgoing.forget()
            self.asked.append(receipt["n"])
        else:
            self.outgoing.arrived(receipt["n"])

    def tell(self, state, lose=False, **more):
        self.count += 1
        message = self.outgoing.message(self.count, state)
        if not lose:
            ack = self.data.command["seq"]
            self.data.report = {"view": self.view, "n": self.count, "ack": ack, **message, **more}
        return message
