"""Volumes and ids that cannot be shown: the error stands on the layer and in Python, the other layers go on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

# Python's log, which a page with Python in it has in its console.
LOG = "pyodide.asm"
# With Python on the page a part of the tests is enough.
pytestmark = pytest.mark.parametrize("runtime", ["serve", "pyodide-worker"], indirect=True, scope="session")
PRELUDE = """
    import asyncio, logging

    class Log(logging.Handler):
        def emit(self, record):
            logged.append(self.format(record))

    logged = []
    logger = logging.getLogger("panel_neuroglancer")
    logger.handlers[:] = [Log()]
    x, y, z = np.indices((32, 12, 8)); good = ((x * 7 + y * 31 + z * 101) % 251).astype("uint8")

    def layers(bad, **options):
        viewer = neuroglancer.Viewer()
        with viewer.txn() as s:
            s.dimensions = space()
            s.layers["good"] = neuroglancer.ImageLayer(
                source=neuroglancer.LocalVolume(good, s.dimensions), shader=GREY, opacity=1)
            s.layers["bad"] = bad if isinstance(bad, neuroglancer.Layer) else neuroglancer.ImageLayer(source=bad, opacity=0, **options)
            plain(s)
        return viewer, show(viewer)[0]

    async def errors():
        while not shown.errors:
            await asyncio.sleep(0.01)
        return shown.errors
"""


def plane() -> np.ndarray:
    x, y = np.indices((32, 12))
    return (x * 7 + y * 31 + 404) % 251


def refused(lab: Any, program: str, kind: str) -> tuple[str, list[str]]:
    """Show a layer that fails beside a good one; return its only message, and what Python's log says."""
    lab.watch.expect(LOG)
    (error,), logged = lab.run(PRELUDE + program + "\n    result = [await errors(), logged]")
    assert (error["kind"], error["layer"]) == (kind, "bad")
    assert error["fix"]
    alert = lab.page.get_by_role("alert").filter(has_text=error["fix"])
    alert.wait_for()
    assert error["message"] in alert.inner_text()
    assert "bad:" in alert.inner_text()
    lab.page.wait_for_function("() => brightness() > 0")
    np.testing.assert_array_equal(lab.voxels((32, 12), wait=False), plane())
    return error["message"], logged


def space_of(**wrong: str) -> str:
    given = {"names": "['x', 'y', 'z']", "units": "'nm'", "scales": "[1, 1, 1]", **wrong}
    return f"neuroglancer.CoordinateSpace({', '.join(f'{k}={v}' for k, v in given.items())})"


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        ("np.zeros((4, 4, 4), 'complex64')", ["complex64", "np.abs", "astype('float32')"]),
        ("np.zeros((4, 4, 4), object)", ["object", "astype('float32')"]),
        ("np.zeros((4, 4, 4), bool)", ["bool", "astype('uint8')"]),
        ("np.zeros((4, 4, 4), 'int64')", ["int64", "astype('int32')"]),
        ("np.zeros((4, 4, 4), 'float16')", ["float16", "astype('float32')"]),
        ("np.zeros((4, 0, 4), 'uint8')", ["empty", "[4, 0, 4]"]),
        ("np.zeros((), 'uint8'), neuroglancer.CoordinateSpace()", ["no dimensions", "(1, 1, 1)"]),
        ("np.zeros((4, 4, 4), 'uint8'), voxel_offset=[0, 2**60, 0]", ["too far out", "voxel_offset"]),
        (f"np.zeros((4, 4, 4), 'uint8'), {space_of(scales='[1, 0, 1]')}", ["measures 0.0 along y", "above 0"]),
        (f"np.zeros((4, 4, 4), 'uint8'), {space_of(scales='[1, 1, np.nan]')}", ["measures nan along z"]),
        (f"np.zeros((4, 4, 4), 'uint8'), {space_of(scales='[1, 1, np.inf]')}", ["measures inf along z"]),
        (f"np.zeros((4, 4, 4), 'uint8'), {space_of(names=repr(['x', 'x', 'z']))}", ["3 dimensions", "x, z"]),
        (f"np.zeros((4, 4, 4), 'uint8'), {space_of(names=repr(['x', '<b>ü', 'z']))}", ["'<b>ü'", "Rename"]),
        ("np.zeros((4, 4, 4), 'uint8'), encoding='zip'", ["'zip'", "raw, npz, jpeg"]),
        ("np.zeros((4, 4, 4), 'uint16'), encoding='jpeg'", ["uint16", "JPEG", "astype('uint8')"]),
    ],
)  # fmt: skip
def test_a_volume_that_cannot_be_drawn_says_why(lab: Any, volume: str, words: list[str]) -> None:
    program = f"\n    viewer, shown = layers(neuroglancer.LocalVolume({volume}))"
    message, logged = refused(lab, program, "data")
    assert all(word in message for word in words), message
    assert any(message in line for line in logged)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("np.zeros((4, 4), 'uint8'), space()", ["rank of data (2)", "(3)"]),
        ("np.zeros((4, 4, 4), 'uint8'), space(), voxel_offset=[1, 2]", ["voxel_offset", "(3,)"]),
    ],
)
def test_what_the_official_class_refuses_is_refused_at_once(lab: Any, wrong: str, words: list[str]) -> None:
    said = lab.run(f"""
        try:
            neuroglancer.LocalVolume({wrong})
        except ValueError as error:
            result = str(error)
    """)
    assert all(word in said for word in words)


SOURCE = """
    class Source:
        shape, dtype = (32, 12, 8), np.dtype("uint8")
        def __getitem__(self, key):
            {body}
    viewer, shown = layers(neuroglancer.LocalVolume(Source(), space()))
"""


def test_a_source_that_raises_while_it_is_read(lab: Any) -> None:
    message, logged = refused(lab, SOURCE.format(body="raise OSError('the disk is göne </script>')"), "read")
    assert "OSError: the disk is göne </script>" in message
    assert re.search(r"voxels \d+,\d+,\d+ to \d+,\d+,\d+ at the scale 1,1,1", message)
    assert any("Traceback" in line and "__getitem__" in line for line in logged)


def test_a_source_that_raises_at_one_part_only(lab: Any) -> None:
    """The parts before and after it are drawn, and once it is mended and invalidated, all is, and the error is gone."""
    lab.watch.expect(LOG)
    (error,) = lab.run(
        PRELUDE
        + """
    class Source:
        shape, dtype, broken = (32, 12, 8), np.dtype("uint8"), True
        def __getitem__(self, key):
            if self.broken and key[1].start >= 8:
                raise RuntimeError("no such tape")
            return np.full([s.stop - s.start for s in key], 70, "uint8")
    source = Source()
    viewer = neuroglancer.Viewer()
    volume = neuroglancer.LocalVolume(source, space(), max_voxels_per_chunk_log2=10)
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["bad"] = neuroglancer.ImageLayer(source=volume, shader=GREY, opacity=1)
        plain(s)
    shown = show(viewer)[0]
    result = await errors()
    """
    )
    assert "RuntimeError: no such tape" in error["message"]
    lab.page.wait_for_function("() => brightness(-24) === 70")
    assert lab.page.evaluate("brightness(24)") == 0
    lab.run("""
        source.broken = False
        volume.invalidate()
        while shown.errors or not shown.ready:
            await asyncio.sleep(0.01)
    """)
    assert (lab.voxels((32, 12)) == 70).all()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return np.zeros((3, 3, 3), 'uint8')", ["(3, 3, 3)", "Expected the shape (32, "]),
        ("return np.zeros([s.stop - s.start for s in key], 'uint16')", ["gave uint16", "Expected uint8"]),
        ("return None", ["()", "Expected the shape"]),
    ],
)
def test_a_source_that_does_not_keep_its_word(lab: Any, body: str, words: list[str]) -> None:
    message, _ = refused(lab, SOURCE.format(body=body), "read")
    assert all(word in message for word in words), message


def test_memory_that_is_not_there(lab: Any) -> None:
    wanted = (
        "[np.empty(2_000_000_000, 'u1') for _ in range(3)]" if lab.runtime != "serve" else "np.empty(2**50)"
    )
    message, logged = refused(lab, SOURCE.format(body=wanted), "read")
    assert "MemoryError" in message
    assert any("max_voxels_per_chunk_log2" in line for line in logged)


def test_four_gigabytes_come_part_by_part(lab: Any) -> None:
    parts = lab.run(
        PRELUDE
        + """
    class Huge:
        shape, dtype = (2048, 1024, 512), np.dtype("uint32")
        def __getitem__(self, key):
            part = [s.stop - s.start for s in key]
            asked.append(part)
            x = np.arange(key[0].start, key[0].stop, dtype="uint32")
            return np.broadcast_to(x[:, None, None], part)
    asked = []
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        volume = neuroglancer.LocalVolume(Huge(), s.dimensions, volume_type="image")
        s.layers["huge"] = neuroglancer.ImageLayer(source=volume, opacity=1,
            shader="void main() { emitGrayscale(float(toRaw(getDataValue()) % 256u) / 255.0); }")
        plain(s)
        s.position = [2032, 512, 256.5]
    shown = show(viewer)[0]
    while not (shown.ready or shown.errors):
        await asyncio.sleep(0.01)
    result = [asked, shown.errors]
    """
    )
    asked, errors = parts
    assert errors == []
    assert max(np.prod(part) for part in asked) <= 64 * 2**18  # downsampled by the largest factor
    np.testing.assert_array_equal(lab.voxels((32, 12))[:, 5], (2016 + np.arange(32)) % 256)


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "-np.inf"])
@pytest.mark.parametrize("lazy", [False, True])
def test_voxels_that_are_no_numbers(lab: Any, value: str, lazy: bool) -> None:
    """They reach the shader as they are, and spoil no other voxel."""
    lab.run(
        PRELUDE
        + f"""
    data = good.astype("float32")
    data[16:, 6:] = {value}
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.dimensions = space()
        s.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(data, s.dimensions), opacity=1,
            shader='''void main() {{ float v = toRaw(getDataValue());
              emitGrayscale(isnan(v) ? 1.0 : isinf(v) ? (v > 0.0 ? 0.8 : 0.6) : v / 255.0); }}''')
        plain(s)
    shown = show(viewer, resident_limit={0 if lazy else 2**20})[0]
    """
    )
    expected = plane()
    expected[16:, 6:] = {"np.nan": 255, "np.inf": 204, "-np.inf": 153}[value]
    np.testing.assert_array_equal(lab.voxels((32, 12)), expected)
    read = lab.run(
        "got = await png.read_volume(viewer, 'a'); result = bool(np.array_equal(got, data, equal_nan=True))"
    )
    assert read is True


@pytest.mark.parametrize("lazy", [False, True])
def test_an_object_that_is_not_there(lab: Any, lazy: bool) -> None:
    if lazy and lab.runtime != "serve":  # there Python makes no meshes at all
        words, kind = "makes no meshes in the browser", "read"
    else:
        words, kind = "no object 4711", "no-object"
    program = f"""
    labels = np.zeros((32, 12, 8), "uint32"); labels[4:9] = 5
    volume = neuroglancer.LocalVolume(labels, space())
    viewer, shown = layers(neuroglancer.SegmentationLayer(source=volume, segments=[4711], selected_alpha=0))
    shown = show(viewer, resident_limit={0 if lazy else 2**20})[0]
    with viewer.txn() as s:
        s.layout = "xy-3d"
    """
    lab.watch.expect(LOG)
    (error,) = lab.run(PRELUDE + program + "\n    result = await errors()")
    assert (error["kind"], error["layer"]) == (kind, "bad")
    assert words in error["message"]
    # Who chooses others has no error any more.
    lab.run("""
        with viewer.txn() as s:
            s.layers["bad"].segments = []
        while shown.errors:
            await asyncio.sleep(0.01)
    """)


def test_a_skeleton_that_is_not_there_and_one_that_raises(lab: Any) -> None:
    lab.watch.expect(LOG)
    errors = lab.run(
        PRELUDE
        + """
    class Skeletons(neuroglancer.skeleton.SkeletonSource):
        def get_skeleton(self, i):
            if i == 3:
                raise KeyError("three")
            return None
    layer = neuroglancer.SegmentationLayer(source=Skeletons(space()), segments=[3, 4711])
    viewer, shown = layers(layer)
    with viewer.txn() as s:
        s.layout = "xy-3d"
    while len(shown.errors) < 2:
        await asyncio.sleep(0.01)
    result = shown.errors
    """
    )
    by_kind = {error["kind"]: error for error in errors}
    assert {error["layer"] for error in errors} == {"bad"}
    assert "skeleton of object 4711" in by_kind["no-object"]["message"]
    assert "KeyError: 'three'" in by_kind["read"]["message"]


def test_a_position_that_is_no_number_is_refused(lab: Any) -> None:
    said = lab.run(
        PRELUDE
        + """
    viewer, shown = layers(neuroglancer.LocalVolume(good, space()))
    try:
        with viewer.txn() as s:
            s.position = [float("nan"), 1, 1]
    except png.StateError as error:
        result = str(error)
    """
    )
    assert "position is [nan, 1.0, 1.0]. Expected finite numbers." in said
