"""Runs scripts written for the official package: unmodified, but for the line that gives the viewer's address.

What is on the network is replaced by arrays of this Python; a folder's other scripts can be imported.
"""

import contextlib
import importlib.util
import re
import sys
import time
import traceback
import types
from pathlib import Path
from types import ModuleType
from unittest import mock

import neuroglancer
import neuroglancer.write_annotations
import numpy as np

ADDRESS = re.compile(r"^( *)print\((viewer|\w+)(\.viewer)?(?:\.get_viewer_url\(\))?\)$", re.MULTILINE)
BROWSER = re.compile(r"^( *)webbrowser\.open.*$", re.MULTILINE)
NETWORK = re.compile(r'"((?:\w+://)?(?:gs|https?)://[^"{]*)"')
SIZE = 64
SERVED_FOR_EVER = 1000  # seconds to sleep that mean: until somebody ends the program


class ServedForEverError(Exception):
    """A script has done everything and would now keep its server alive."""


def rewrite(source: str) -> str:
    """Return a script that shows its viewer instead of printing the address, and reads nothing from the network."""
    source = ADDRESS.sub(lambda m: f"{m[1]}show_viewer({m[2]})", source)
    source = BROWSER.sub(r"\1pass", source)
    return NETWORK.sub(r'local("\1")', source)


def run(name: str, sources: dict[str, str], arguments: list[str], base: str) -> list:
    """Run the script `name` of `sources` and return the viewers that it shows.

    ``base`` is the address of a folder with the file surface.vtk.
    """
    shown: list = []
    data = Data(base, 3000 - SIZE // 2 if "3000" in sources[name] else 0)

    def show(printed) -> None:
        viewer = getattr(printed, "viewer", printed)
        if hasattr(viewer, "config_state"):
            shown.append(viewer)

    names = {
        "__name__": "__main__",
        "show_viewer": show,
        "local": data.local,
    }
    before = set(sys.modules)
    with mock.patch.object(sys, "argv", [name, *arguments]), mock.patch.object(time, "sleep", _sleep):
        sys.modules["cloudvolume"] = types.SimpleNamespace(CloudVolume=data.CloudVolume)  # type: ignore[assignment]
        if importlib.util.find_spec("zarr") is None:
            # The browser has no build of it that PyPI carries; the examples only keep arrays in memory with it.
            sys.modules["zarr"] = types.SimpleNamespace(zeros=_zeros)  # type: ignore[assignment]
        for other, text in sources.items():
            if f"from {other} import" in sources[name]:
                sys.modules[other] = module = ModuleType(other)
                exec(compile(rewrite(text), other, "exec"), module.__dict__)
        try:
            with contextlib.suppress(ServedForEverError):
                exec(compile(rewrite(sources[name]), name, "exec"), names)
        finally:
            for other in {*sources, "cloudvolume", "zarr"} & (set(sys.modules) - before):
                del sys.modules[other]
    for viewer in shown:
        _spy(viewer)
    return shown


def _sleep(seconds: float) -> None:
    if seconds >= SERVED_FOR_EVER:
        raise ServedForEverError


def _zeros(shape, chunks, dtype):
    return np.zeros(shape, dtype)


def _spy(viewer) -> None:
    """Let a viewer's actions note in ``viewer.acted`` that they ran, and how they failed."""
    viewer.acted = {}

    def invoke(name, state) -> None:
        try:
            for handler in viewer.actions._action_handlers.get(name, ()):
                handler(neuroglancer.viewer_config_state.ActionState(state))
        except Exception:
            viewer.acted[name] = traceback.format_exc()
        else:
            viewer.acted[name] = ""

    viewer.actions.invoke = invoke


class Data:
    """What stands for data on the network: cubes of 64³ voxels of 8 nm that begin at ``offset``."""

    def __init__(self, base: str, offset: int) -> None:
        self.base, self.offset = base, offset

    def local(self, address: str):
        """Return an array, or the address of a file, for an address on the network."""
        if address.startswith("vtk"):
            return f"vtk://{self.base}/surface.vtk"
        if address.startswith("gs"):
            return annotations()
        if address.startswith("http"):
            return address
        image = address.endswith(("image", "jpeg"))
        return neuroglancer.LocalVolume(
            picture() if image else labels(),
            neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[8, 8, 8]),
            voxel_offset=[self.offset] * 3,
        )

    def CloudVolume(self, *args, **kwargs):  # noqa: N802
        """Stand for the package of that name, whose volumes have a channel dimension."""
        return Cloud()


class Cloud:
    """What scripts use of a ``cloudvolume.CloudVolume``."""

    resolution = (8, 8, 8)
    bounds = types.SimpleNamespace(to_list=lambda: [0, 0, 0, SIZE, SIZE, SIZE])

    def __getitem__(self, key):
        return labels()[..., None][key]


def picture():
    """Return grey values."""
    x, y, z = np.indices((SIZE,) * 3)
    return (40 + 3 * ((x ^ y ^ z) % 64)).astype("uint8")


def labels():
    """Return eight segments."""
    x, y, z = np.indices((SIZE,) * 3) // (SIZE // 2)
    return (1 + x + 2 * y + 4 * z).astype("uint64")


def annotations() -> str:
    """Write some annotations in the official format and return the folder's address."""
    folder = Path("annotations").absolute()
    writer = neuroglancer.write_annotations.AnnotationWriter(
        neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[8, 8, 33]),
        annotation_type="line",
        relationships=["pre"],
    )
    writer.add_line([70258, 115184, 1892], [70260, 115190, 1893], id=80647151, pre=[7])
    writer.write(folder)
    return folder.as_uri()
