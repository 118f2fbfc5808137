import json

import DracoPy
import nibabel
import numpy as np
import pytest
import tensorstore as ts
from nilearn.datasets import load_mni152_template
from nilearn.datasets.struct import GM_MNI152_FILE_PATH, MNI152_FILE_PATH, WM_MNI152_FILE_PATH

VOLUMES = ("t1.zarr", "tissue.zarr")


def read(folder, level):
    """Read one scale with tensorstore, as x, y, z."""
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{folder / level['path']}/"}}
    return ts.open(spec).result().read().result().T


def levels(folder):
    return json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]["datasets"]


def transform(level, kind):
    """Get a scale's voxel size or the centre of its first voxel: x, y, z in mm."""
    return np.array(next(t[kind] for t in level["coordinateTransformations"] if t["type"] == kind)[::-1])


def shipped(path):
    return np.asanyarray(nibabel.load(path).dataobj)


def mesh(data, tissue):
    info = json.loads((data / "surfaces/info").read_text())
    manifest = (data / f"surfaces/{tissue}.index").read_bytes()
    size, low = np.frombuffer(manifest, "<f4", 6).reshape(2, 3)
    decoded = DracoPy.decode((data / f"surfaces/{tissue}").read_bytes())
    assert np.frombuffer(manifest, "<u4")[-1] == (data / f"surfaces/{tissue}").stat().st_size
    steps = 2 ** info["vertex_quantization_bits"] - 1
    assert (decoded.points == np.round(decoded.points)).all()
    assert decoded.points.max() == steps
    # Draco keeps a vertex several times where that packs better.
    points, which = np.unique(decoded.points, axis=0, return_inverse=True)
    return points / steps * size + low, which.reshape(-1)[decoded.faces]


def moments(vertices, triangles):
    """Measure the volume within a mesh (mm³, positive if it faces outward) and its centre."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    return volumes.sum(), volumes @ (a + b + c) / 4 / volumes.sum()


def test_t1_is_what_nilearn_ships(data):
    full = read(data / "t1.zarr", levels(data / "t1.zarr")[0])
    assert full.dtype == np.uint8
    np.testing.assert_array_equal(full, shipped(MNI152_FILE_PATH))


def test_tissue_is_the_likeliest(data):
    full = read(data / "tissue.zarr", levels(data / "tissue.zarr")[0])
    t1, gm, wm = (
        shipped(path).astype(int) for path in (MNI152_FILE_PATH, GM_MNI152_FILE_PATH, WM_MNI152_FILE_PATH)
    )
    assert full.dtype == np.uint8
    np.testing.assert_array_equal(full == 0, t1 == 0)
    assert (full[(gm > 127) & (t1 > 0)] == 1).all()
    assert (full[wm > 127] == 2).all()
    assert (full[(gm + wm < 85) & (t1 > 0)] == 3).all()


@pytest.mark.parametrize("name", VOLUMES)
def test_scales_lie_where_the_template_does(data, name):
    affine = load_mni152_template(resolution=1).affine
    found = levels(data / name)
    assert [level["path"] for level in found] == ["1mm", "2mm", "4mm"]
    np.testing.assert_array_equal(np.diag(affine)[:3], transform(found[0], "scale"))
    np.testing.assert_array_equal(affine[:3, 3], transform(found[0], "translation"))
    full = read(data / name, found[0])
    for level, factor in zip(found, (1, 2, 4), strict=True):
        np.testing.assert_array_equal(transform(level, "scale"), 3 * [factor])
        # A coarse voxel lies in the middle of those it stands for.
        first = affine[:3, 3] + np.arange(factor).mean()
        np.testing.assert_array_equal(transform(level, "translation"), first)
        assert read(data / name, level).shape == tuple(-(-size // factor) for size in full.shape)


def test_nifti_is_the_middle_scale(data):
    level = levels(data / "t1.zarr")[1]
    image = nibabel.load(data / "t1.nii.gz")
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), read(data / "t1.zarr", level))
    assert image.get_data_dtype() == np.uint8
    assert image.header.get_xyzt_units()[0] == "mm"
    np.testing.assert_array_equal(np.diag(image.affine)[:3], transform(level, "scale"))
    np.testing.assert_array_equal(image.affine[:3, 3], transform(level, "translation"))


def blocks(full, factor):
    """Cut off what does not fill a block, then give each block's voxels along the last axis."""
    whole = [size // factor for size in full.shape]
    cut = full[tuple(slice(0, n * factor) for n in whole)]
    split = cut.reshape([part for n in whole for part in (n, factor)])
    return split.transpose(0, 2, 4, 1, 3, 5).reshape(*whole, -1)


@pytest.mark.parametrize("index", [1, 2])
def test_coarse_t1_is_the_mean(data, index):
    found = levels(data / "t1.zarr")
    expected = blocks(read(data / "t1.zarr", found[0]), 2**index).mean(axis=-1)
    coarse = read(data / "t1.zarr", found[index])[tuple(map(slice, expected.shape))]
    assert np.abs(coarse - expected).max() <= 0.5


@pytest.mark.parametrize("index", [1, 2])
def test_coarse_tissue_is_the_commonest(data, index):
    found = levels(data / "tissue.zarr")
    parts = blocks(read(data / "tissue.zarr", found[0]), 2**index)
    counts = np.stack([(parts == tissue).sum(axis=-1) for tissue in range(4)])
    coarse = read(data / "tissue.zarr", found[index])[tuple(map(slice, parts.shape[:3]))]
    np.testing.assert_array_equal(
        np.take_along_axis(counts, coarse[None].astype(int), 0)[0], counts.max(axis=0)
    )


@pytest.mark.parametrize("tissue", [1, 2, 3])
def test_surface_is_closed(data, tissue):
    _, triangles = mesh(data, tissue)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    there = np.sort(edges.astype(np.int64) @ [2**32, 1])
    back = np.sort(edges[:, ::-1].astype(np.int64) @ [2**32, 1])
    np.testing.assert_array_equal(there, back)


@pytest.mark.parametrize("tissue", [1, 2, 3])
def test_surface_fits_its_labels(data, tissue):
    level = levels(data / "tissue.zarr")[0]
    labels = read(data / "tissue.zarr", level)
    first = transform(level, "translation")
    vertices, triangles = mesh(data, tissue)
    assert (vertices >= first - 0.5).all()
    assert (vertices <= first + labels.shape - 0.5).all()
    volume, centre = moments(vertices.astype(float), triangles)
    inside = np.argwhere(labels == tissue)
    if tissue == 3:
        # Fluid lies in sheets thinner than a voxel, which the surface's blur eats.
        assert 0.5 < volume / len(inside) < 1
    else:
        assert volume == pytest.approx(len(inside), rel=0.02)
        # A slip of half a voxel would show here.
        np.testing.assert_allclose(centre, inside.mean(axis=0) + first, atol=0.4)


def test_tissues_have_names(data):
    names = json.loads((data / "surfaces/names/info").read_text())["inline"]
    assert names["ids"] == ["1", "2", "3"]
    assert names["properties"][0] == {
        "id": "label",
        "type": "label",
        "values": ["Grey matter", "White matter", "Fluid and other"],
    }


def test_sources_of_the_state_exist(data):
    state = json.loads((data / "state.json").read_text())
    sources = [source for layer in state["layers"] for source in np.atleast_1d(layer["source"])]
    assert sorted(sources) == ["precomputed://./surfaces", "zarr3://./t1.zarr", "zarr3://./tissue.zarr"]
    assert all((data / source.partition("://")[2]).is_dir() for source in sources)


def test_files_are_few_and_small(data):
    sizes = [path.stat().st_size for path in data.rglob("*") if path.is_file()]
    assert len(sizes) < 50
    assert max(sizes) < 3e6
    assert sum(sizes) < 8e6


@pytest.mark.parametrize("name", VOLUMES)
def test_every_chunk_is_there(data, name):
    for level in levels(data / name):
        array = json.loads((data / name / level["path"] / "zarr.json").read_text())
        grid = -(-np.array(array["shape"]) // array["chunk_grid"]["configuration"]["chunk_shape"])
        for index in np.ndindex(*grid):
            assert data.joinpath(name, level["path"], "c", *map(str, index)).is_file()


def test_licence_is_there(data):
    text = (data / "LICENSE.txt").read_text()
    assert "Permission to use, copy, modify, and distribute" in text
    assert "10.1016/j.neuroimage.2010.07.033" in text


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_input_same_bytes(mni152, data, tmp_path):
    lines = []
    mni152.build(tmp_path / "again", lines.append)
    assert contents(tmp_path / "again") == contents(data)
    assert any("T1" in line for line in lines)
    assert "MB" in lines[-1]


def test_second_run_does_nothing(mni152, data, monkeypatch):
    monkeypatch.setattr(mni152, "load", None)
    lines = []
    mni152.build(data, lines.append)
    assert lines == [f"{data} is up to date"]


@pytest.mark.parametrize("damage", ["lost file", "cut file", "other version"])
def test_stale_data_is_noticed(mni152, data, tmp_path, damage):
    for path, content in contents(data).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert mni152.is_current(tmp_path)
    chunk = tmp_path / "t1.zarr/4mm/c/0/0/0"
    if damage == "lost file":
        chunk.unlink()
    elif damage == "cut file":
        chunk.write_bytes(chunk.read_bytes()[:-1])
    else:
        stamp = json.loads((tmp_path / "build.json").read_text())
        stamp["made_from"]["nilearn"] = "0.0"
        (tmp_path / "build.json").write_text(json.dumps(stamp))
    assert not mni152.is_current(tmp_path)


def test_other_peoples_folder_is_left_alone(mni152, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="was not made by this program: remove it or choose another"):
        mni152.build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_missing_template_says_what_to_do(mni152):
    with pytest.raises(FileNotFoundError, match="install the version pinned"):
        mni152.load("t3")
