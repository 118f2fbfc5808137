import json

import neuroglancer
import numpy as np
import pytest
from neuroglancer.skeleton import Skeleton, SkeletonSource

from panel_neuroglancer import invalidate, matching, resident, sources

SPACE = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])


class Lines(SkeletonSource):
    length = 5

    def get_skeleton(self, object_id):
        return Skeleton([[0, 0, 0], [self.length, 0, 0]], [[0, 1]]) if object_id == 7 else None


def info_of(source, kind="info"):
    return json.loads(bytes(sources.read(lambda key: source, f"/neuroglancer/{kind}/k").data))


def digest_of(volume):
    return resident.describe(volume, "k", 1 << 30, digest=True)["digest"]


def volume(value=3, shape=(5, 4, 3), **options):
    array = np.full(shape, value, "uint8")
    array.flat[-1] = 9
    return neuroglancer.LocalVolume(array, SPACE, **options)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (volume(), {"info": True, "data": True}),
        (volume(4), {"info": True, "data": False}),
        (volume(shape=(5, 3, 4)), {"info": False, "data": False}),
        (volume(voxel_offset=[1, 0, 0]), {"info": False, "data": False}),
        (None, {"info": False, "data": False}),
    ],
)
def test_arrays(now, expected):
    before = volume()
    reply = matching.compare(lambda key: now, "k", info_of(before), {}, digest_of(before))
    assert reply.result == expected


def test_how_often_an_array_was_said_to_be_new_does_not_matter():
    before, now = volume(), volume()
    invalidate(now)
    assert matching.compare(lambda key: now, "k", info_of(before), {}, digest_of(before)).result["data"]


@pytest.mark.parametrize(("length", "same"), [(5, True), (6, False)])
def test_skeletons(length, same):
    now = Lines(SPACE)
    objects = {"7": resident.digest(bytes(sources.read(lambda key: now, "/neuroglancer/skeleton/k/7").data))}
    now.length = length
    reply = matching.compare(lambda key: now, "k", info_of(now, "skeletoninfo"), objects, None)
    assert reply.result == {"info": True, "data": same}
    gone = matching.compare(lambda key: now, "k", info_of(now, "skeletoninfo"), {"8": objects["7"]}, None)
    assert gone.result == {"info": True, "data": False}
