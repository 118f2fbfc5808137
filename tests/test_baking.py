import base64
import io
import json
import re
import zlib

import neuroglancer
import numpy as np
import pytest
from neuroglancer.skeleton import Skeleton, SkeletonSource

from panel_neuroglancer import BakeLimitError, Neuroglancer, baking, resident

SPACE = neuroglancer.CoordinateSpace(names=list("xyz"), units="nm", scales=[1, 1, 1])


def noise(shape=(40, 30, 20), dtype="uint8"):
    return np.random.default_rng(1).integers(0, 200, shape).astype(dtype)


class Lines(SkeletonSource):
    def get_skeleton(self, object_id):
        return Skeleton([[0, 0, 0], [object_id, 0, 0]], [[0, 1]]) if object_id < 10 else None


class Cubes(neuroglancer.LocalVolume):
    def get_object_mesh(self, object_id):
        return b"mesh %d" % object_id


def viewer_of(**layers):
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        for name, layer in layers.items():
            state.layers[name] = layer
    return viewer


def image(array, **options):
    return neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(array, SPACE, **options))


def bake(viewer, limit=baking.LIMIT):
    """Bake a component that shows a viewer; returns the bakery and what its model is told."""
    bakery, component = baking.Bakery(limit), Neuroglancer(viewer)
    root = component.get_root()
    bakery.bake(root.references(), "static/")
    (told,) = [
        m.data.python["baked"] for m in root.references() if hasattr(getattr(m, "data", None), "python")
    ]
    assert told["url"] == "static/"
    return bakery, told["sources"]


def read(bakery, name, runs, dtype):
    data = zlib.decompress(bakery.files[name])
    if not runs:
        return np.frombuffer(data, dtype)
    starts, values = np.frombuffer(data, "<u4", runs), np.frombuffer(data, dtype, runs, 4 * runs)
    return starts, values


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_bricks_together_are_the_array(monkeypatch, order):
    monkeypatch.setattr(baking, "_BRICK", 3000)
    array = np.asarray(noise(dtype="<u2"), order=order)
    bakery, sources = bake(viewer_of(a=image(array)))
    (entry,) = sources.values()
    shape, size, nested = entry["array"]["shape"], entry["array"]["brick"], entry["array"]["order"]
    together = np.zeros(shape, "<u2")
    boxes = list(baking.bricks(shape, size))
    assert len(boxes) == len(entry["runs"]) == len(bakery.files) > 8
    for i, (start, end) in enumerate(boxes):
        voxels = read(bakery, f"{entry['digest']}.{i}", entry["runs"][i], "<u2")
        box = [b - a for a, b in zip(start, end, strict=True)]
        there = voxels.reshape([box[d] for d in nested]).transpose(np.argsort(nested))
        together[tuple(map(slice, start, end))] = there
    np.testing.assert_array_equal(together, array)
    assert entry["info"]["shape"] == shape
    assert bakery.left_out == []


@pytest.mark.parametrize("layer", [neuroglancer.ImageLayer, neuroglancer.SegmentationLayer])
def test_a_large_array_has_its_coarser_levels_as_python_would_send_them(monkeypatch, layer):
    monkeypatch.setattr(baking, "_LEVELS_FROM", 1000)
    monkeypatch.setattr(baking, "_BRICK", 500)
    volume = neuroglancer.LocalVolume(noise(), SPACE, max_downsampled_size=10)
    bakery, sources = bake(viewer_of(a=layer(source=volume)))
    (entry,) = sources.values()
    assert [level["factor"] for level in entry["levels"]] == [[2, 2, 2], [4, 4, 4]]
    for level in entry["levels"]:
        together, factor = np.zeros(level["shape"], "u1"), level["factor"]
        boxes = list(baking.bricks(level["shape"], level["brick"]))
        assert len(boxes) == len(level["runs"])
        for i, (start, end) in enumerate(boxes):
            voxels = read(bakery, f"{level['name']}.{i}", level["runs"][i], "u1")
            size = np.subtract(end, start)
            together[tuple(map(slice, start, end))] = voxels.reshape(size, order="F")
        rest = "/".join(",".join(map(str, part)) for part in (factor, [0, 0, 0], level["shape"]))
        assert together.tobytes("F") == resident.chunk(volume, 0, rest).data
    assert len(bakery.files) == sum(len(e["runs"]) for e in (entry, *entry["levels"])) > 12


def test_an_array_shown_as_an_image_and_as_labels_has_the_levels_of_both(monkeypatch):
    monkeypatch.setattr(baking, "_LEVELS_FROM", 1000)
    array = noise((80, 60, 40))
    options = {"dimensions": SPACE, "max_downsampled_size": 40}
    bakery, sources = bake(
        viewer_of(
            grey=neuroglancer.ImageLayer(
                source=neuroglancer.LocalVolume(array, volume_type="image", **options)
            ),
            cells=neuroglancer.SegmentationLayer(
                source=neuroglancer.LocalVolume(array, volume_type="segmentation", **options)
            ),
        )
    )
    levels = [entry["levels"][0] for entry in sources.values()]
    found = {read(bakery, f"{level['name']}.0", 0, "u1").tobytes("F") for level in levels}
    assert len(found) == 2
    assert array[::2, ::2, ::2].tobytes("F") in found


def test_meshes_of_ones_own_and_skeletons_are_asked_for_the_objects_there_are():
    labels = np.zeros((8, 8, 8), "uint32")
    labels[2:4], labels[5:7] = 3, 12
    layer = neuroglancer.SegmentationLayer(
        source=[Cubes(labels, SPACE), Lines(SPACE)], segments=[5], equivalences=[]
    )
    bakery, sources = bake(viewer_of(cells=layer))
    lines, meshes = sorted(sources.values(), key=lambda entry: "array" in entry)
    assert {n: zlib.decompress(bakery.files[f]) for n, f in meshes["objects"].items()} == {
        "3": b"mesh 3",
        "5": b"mesh 5",
        "12": b"mesh 12",
    }
    assert meshes["array"]["meshes"] is None
    # There is no skeleton of 12.
    assert sorted(lines["objects"]) == ["3", "5"]
    assert zlib.decompress(bakery.files[lines["objects"]["5"]]) == Lines(SPACE).get_skeleton(5).encode(
        Lines(SPACE)
    )


def test_a_viewer_shown_twice_is_baked_once():
    viewer = viewer_of(a=image(noise()))
    bakery = baking.Bakery()
    for _ in range(2):
        bakery.bake(Neuroglancer(viewer).get_root().references())
    assert len(bakery.files) == 1


class Lazy:
    shape, dtype = (4, 5, 6), np.dtype("uint8")

    def __getitem__(self, region):
        raise AssertionError("nothing is read of a lazy array")


def test_what_is_not_in_memory_is_left_out_aloud():
    bakery, sources = bake(viewer_of(slow=image(Lazy()), mine=image(noise())))
    assert bakery.left_out == [
        "The array of layer 'slow' needs Python: it is not in memory, or has methods of its own."
    ]
    assert sorted("needs" in entry for entry in sources.values()) == [False, True]


def test_the_limit_leaves_out_the_large_and_names_it():
    bakery, sources = bake(
        viewer_of(large=image(noise((100, 100, 100))), small=image(noise())), limit=100_000
    )
    assert len(sources) == 1
    assert bakery.size <= 100_000
    (sentence,) = bakery.left_out
    assert "'large' (1.0 MB in memory)" in sentence
    assert "limit of 100 kB" in sentence


def test_saving_beyond_the_limit_raises_and_says_what_to_do(tmp_path):
    viewer, target = Neuroglancer(viewer_of(large=image(noise((100, 100, 100))))), tmp_path / "a.html"
    with pytest.raises(BakeLimitError, match=r"'large' .*at most 100 kB.*bake_limit"):
        viewer.save(target, bake_limit=100_000)
    assert not target.exists()


def test_a_saved_page_holds_the_files():
    viewer, page = viewer_of(a=image(noise())), io.StringIO()
    Neuroglancer(viewer).save(page)
    found = dict(re.findall(rf'id="{baking.ELEMENT}([\w.]+)">([^<]+)<', page.getvalue()))
    expected, sources = bake(viewer)
    assert {name: base64.b64decode(text) for name, text in found.items()} == expected.files
    assert next(iter(sources.values()))["digest"] in re.sub(
        r"<script type=.text/plain.*", "", page.getvalue()
    )


@pytest.mark.parametrize("change", ["voxel", "dtype", "shape", "order"])
def test_the_digest_tells_arrays_apart(change):
    array = noise()
    other = {
        "voxel": lambda: np.where(np.arange(array.size).reshape(array.shape) == 77, 255, array).astype("u1"),
        "dtype": lambda: array.view("int8"),
        "shape": lambda: array.reshape(30, 40, 20),
        "order": lambda: np.asfortranarray(array),
    }[change]()

    def digest_of(data):
        return resident.describe(neuroglancer.LocalVolume(data, SPACE), "k", 1 << 30, digest=True)["digest"]

    assert digest_of(array) != digest_of(other)
    # Where its voxels lie does not matter, nor in which byte order.
    strided = np.zeros((80, 30, 20), "u1")[::2]
    strided[...] = array
    assert digest_of(array) == digest_of(strided)
    assert digest_of(array.astype("<i4")) == digest_of(array.astype(">i4"))


def test_the_index_is_plain_json():
    _, sources = bake(viewer_of(a=image(noise())))
    assert json.loads(json.dumps(sources)) == sources
