import io
import zlib

import neuroglancer
import numpy as np
import pytest

from panel_neuroglancer import invalidate, resident
from panel_neuroglancer.channel import ChannelError

SPACE = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])


def _unpack(reply, dtype):
    data = zlib.decompress(reply.data) if reply.result["deflated"] else reply.data
    runs = reply.result["runs"]
    if runs == 0:
        return np.frombuffer(data, dtype)
    starts = np.frombuffer(data, "<u4", runs)
    return np.frombuffer(data, dtype, runs, 4 * runs), starts


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "uint64"])
def test_runs_say_what_was_there(dtype):
    array = np.asfortranarray(np.arange(20).astype(dtype)[np.newaxis, np.newaxis].repeat(90, 0).repeat(3, 1))
    volume = neuroglancer.LocalVolume(array, SPACE, volume_type="segmentation")
    reply = resident.slab(volume, 0, 45, array.size - 45, packed=True)
    values, starts = _unpack(reply, dtype)
    lengths = np.diff([*starts, array.size - 90])
    np.testing.assert_array_equal(np.repeat(values, lengths), array.reshape(-1, order="F")[45:-45])


def test_runs_keep_the_bits_of_nan_and_minus_zero():
    array = np.repeat(np.array([np.nan, 0.0, -0.0], "float32"), 99)
    runs, data = resident.in_runs(array)
    assert runs == 3
    assert data[12:] == array[::99].tobytes()


def test_noise_is_sent_as_it_is():
    array = np.random.default_rng(1).integers(0, 256, (32, 32, 32), "uint8")
    reply = resident.slab(neuroglancer.LocalVolume(array, SPACE), 0, 0, array.size, packed=True)
    assert reply.result == {"runs": 0, "deflated": False}
    np.testing.assert_array_equal(np.frombuffer(reply.data, "uint8"), array.ravel())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["image", "segmentation"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_chunk_ahead_of_the_array_is_that_of_the_official_server(kind, order, packed):
    blocks = np.random.default_rng(1).integers(0, 9, (4, 3, 5), "uint32").repeat(20, 0)
    volume = neuroglancer.LocalVolume(
        np.asarray(blocks, order=order), SPACE, volume_type=kind, max_downsampling=64
    )
    for factor, start, end in (((1, 1, 1), (3, 0, 1), (80, 3, 4)), ((2, 1, 2), (5, 1, 0), (40, 3, 3))):
        rest = "/".join(",".join(map(str, part)) for part in (factor, start, end))
        data, _ = volume.get_encoded_subvolume("npz", np.array(start), np.array(end), rest.partition("/")[0])
        official = np.load(io.BytesIO(zlib.decompress(data))).tobytes("F")
        reply = resident.chunk(volume, 0, rest, packed=packed)
        if reply.result["runs"]:
            values, starts = _unpack(reply, "<u4")
            sent = np.repeat(values, np.diff([*starts, len(official) // 4])).tobytes()
        else:
            sent = reply.data
        assert sent == official
    with pytest.raises(ChannelError, match="changed"):
        resident.chunk(volume, 1, rest)


def test_little_is_not_compressed():
    volume = neuroglancer.LocalVolume(np.zeros((1, 1, 2**21), "uint8"), SPACE)
    volume.data._data[..., ::9] = 1
    assert [resident.slab(volume, 0, 0, n, packed=True).result["deflated"] for n in (2**18, 2**21)] == [
        False,
        True,
    ]


def test_changes_are_known_only_if_all_were_regions():
    volume = neuroglancer.LocalVolume(np.zeros((8, 9, 10), "uint8"), SPACE)
    invalidate(volume, np.s_[2:4, :, -3:])
    invalidate(volume, np.s_[0:1, 0:1, 0:1])
    boxes = [((2, 0, 7), (4, 9, 10)), ((0, 0, 0), (1, 1, 1))]
    assert resident.changes(volume, 0, 2) == boxes
    assert resident.changes(volume, 1, 2) == boxes[1:]
    invalidate(volume)
    assert resident.changes(volume, 0, 3) is None


@pytest.mark.parametrize("region", [np.s_[0:1], np.s_[0:1, 0:1, ::2]])
def test_a_bad_region_changes_nothing(region):
    volume = neuroglancer.LocalVolume(np.zeros((8, 9, 10), "uint8"), SPACE)
    with pytest.raises(ValueError, match=r"give"):
        invalidate(volume, region)
    assert volume.change_count == 0
