"""Whether Python's data is what a page has read from files (baking.py) before Python was there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import _runtime, resident, sources
from .channel import Channel, ChannelError, Reply


def serve(channel: Channel, volumes: Callable[[str], Any]) -> None:
    """Answer what the pages ask when Python comes."""

    def answer(params: dict[str, Any], data: bytes | None) -> Any:
        key, info, objects = params.get("key"), params.get("info"), params.get("objects")
        if not isinstance(key, str) or not isinstance(info, dict) or not isinstance(objects, dict):
            raise ChannelError("bad-params", f"{params!r:.200} is nothing to compare a source with.")
        return _runtime.in_background(compare, volumes, key, info, objects, params.get("digest"))

    channel.on("source.compare", answer)


def compare(
    volumes: Callable[[str], Any], key: str, info: dict[str, Any], objects: dict[str, str], digest: str | None
) -> Reply:
    """Say what of a source is as it was.

    Parameters
    ----------
    volumes
        Gives the ``LocalVolume`` or ``SkeletonSource`` for a key, or None.
    info
        What it said of itself.
    objects
        Digests of its meshes or skeletons by the objects' numbers, of as many as the page has.
    digest
        That of its array; None where the page has none.

    Returns
    -------
    Reply
        ``info``: whether it is the same kind of thing; ``data``: whether what is in it is the same, too.
    """
    volume = volumes(key)
    kind, of_object = ("info", "mesh") if hasattr(volume, "get_object_mesh") else ("skeletoninfo", "skeleton")
    found = sources.read(volumes, f"/neuroglancer/{kind}/{key}").data
    if found is None or _lasting(json.loads(bytes(found))) != _lasting(info):
        return Reply({"info": False, "data": False})
    same = digest is None or resident.describe(volume, key, 1 << 62, digest=True).get("digest") == digest
    for number, known in objects.items() if same else ():
        data = sources.read(volumes, f"/neuroglancer/{of_object}/{key}/{number}").data
        same = same and data is not None and resident.digest(bytes(data)) == known
    return Reply({"info": True, "data": same})


def _lasting(info: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in info.items() if name != "generation"}
