"""Two channels, and Python's ends of them."""

import asyncio
import random
import time
from concurrent.futures import Future

import panel as pn
from probe_script import SCRIPT

from panel_neuroglancer.channel import ChannelError, Reply
from panel_neuroglancer.view import NeuroglancerView

pn.extension()


class Probe(NeuroglancerView):
    """The component without the viewer."""

    _bundle = None
    _esm = SCRIPT

    def __init__(self, name):
        super().__init__(lambda report: None, width=100, height=20)
        self.label, self.noted, self.running, self.cancelled = name, [], set(), 0
        self.random = random.Random(1)
        methods = (
            "echo",
            "make",
            "measure",
            "later",
            "told",
            "burst",
            "ask",
            "busy",
            "state",
            "never",
            "remove",
        )
        for method in methods:
            self.channel.on(method, getattr(self, method))
        self.channel.on("count", self.count)

    def echo(self, params, data):
        return Reply({**params, "label": self.label}, data)

    def make(self, params, data):
        return Reply(data=bytes([params.get("value", 7)]) * params["bytes"])

    def measure(self, params, data):
        return Reply(
            {
                "bytes": len(data),
                "first": data[0],
                "last": data[-1],
                "sum": sum(data[:: params.get("step", 1)]),
            }
        )

    def later(self, params, data):
        future = Future()
        self.running.add(future)

        async def answer():
            await asyncio.sleep(self.random.random() * params["seconds"])
            self.running.discard(future)
            if future.set_running_or_notify_cancel():
                if params["n"] % 7 == 0:
                    future.set_exception(ChannelError("asked-for", str(params["n"])))
                else:
                    future.set_result(Reply({"n": params["n"], "label": self.label}))
            else:
                self.cancelled += 1

        future.task = asyncio.get_event_loop().create_task(answer())
        return future

    def never(self, params, data):
        future = Future()
        self.running.add(future)
        future.add_done_callback(self.running.discard)
        return future

    def count(self, params, data):
        self.noted.append(params["n"])
        return Reply()

    def burst(self, params, data):
        for n in range(params["n"]):
            self.channel.tell("count", {"n": n}, bytes(params.get("bytes", 0)) or None)
        return Reply()

    def told(self, params, data):
        noted, self.noted = self.noted, []
        return Reply({"told": noted})

    def ask(self, params, data):
        """Ask the page back, many times; answer with what it said."""
        done, answers = Future(), []
        (peer,) = [peer for peer in self.channel.peers if peer.link.peer == params["peer"]]

        def note(n, answer):
            answers.append([n, answer.result().result["n"]])
            if len(answers) == params["n"]:
                done.set_result(Reply({"answers": answers}))

        for n in range(params["n"]):
            peer.ask("echo", {"n": n}).add_done_callback(lambda answer, n=n: note(n, answer))
        return done

    def busy(self, params, data):
        until = time.monotonic() + params["seconds"]
        while time.monotonic() < until:
            pass
        return Reply()

    def remove(self, params, data):
        """Take the other one off the page."""
        row.objects = [self]
        return Reply()

    def state(self, params, data):
        """Say how all are, those of other pages of the same Python too."""
        return Reply(
            {
                "peers": [peer.link.peer for peer in self.channel.peers],
                "probes": [
                    {
                        "label": probe.label,
                        "running": len(probe.running),
                        "cancelled": probe.cancelled,
                        "refused": probe.channel.refused
                        + sum(peer.link.refused for peer in probe.channel.peers),
                        "peers": [peer.link.peer for peer in probe.channel.peers],
                    }
                    for probe in pn.state.cache["probes"]
                ],
            }
        )


row = pn.Row(Probe("one"), Probe("two"))
pn.state.cache.setdefault("probes", []).extend(row)
row.servable(title="Probe")
