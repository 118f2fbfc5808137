"""Make the demo's data: the MNI152 brain as multi-scale OME-Zarr volumes and surface meshes.

The MNI152 T1 template and its grey and white matter probability maps (1 mm) come with the nilearn
wheel, so nothing is downloaded. The result is a folder of plain files that any static web server can serve:

========================  ===================================================================
``t1.zarr``               T1 intensity, uint8, OME-Zarr 0.5 at 1, 2 and 4 mm (mean)
``tissue.zarr``           the likeliest tissue: 1 grey matter, 2 white matter, 3 cerebrospinal fluid and other,
                          0 outside the brain; uint8, same scales (mode)
``t1.nii.gz``             T1 intensity as NIfTI, uint8, 2 mm (mean): for Python, which reads it whole
``surfaces``              one closed mesh per tissue, Neuroglancer's precomputed format, with names
``state.json``            a Neuroglancer state that shows all three; its URLs are relative to this folder
``LICENSE.txt``           the template's licence and what to cite
``build.json``            what the folder was made from; when it still holds, a second run does nothing
========================  ===================================================================

Positions in the viewer are MNI coordinates in mm: OME-Zarr places voxel *centres*, as NIfTI does.

Run ``python lite/data/mni152.py --out build/data/mni152``.
"""

import argparse
import gzip
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import DracoPy
import fast_simplification
import nibabel
import nilearn
import numpy as np
import tensorstore as ts
from scipy.ndimage import gaussian_filter
from skimage.measure import label, marching_cubes

TISSUES = {1: "Grey matter", 2: "White matter", 3: "Fluid and other"}
COLORS = {1: "#ff8360", 2: "#38bdf8", 3: "#a98bfa"}
SCALES = (1, 2, 4)
NIFTI_SCALE = 2
# Two chunks along each axis at full scale, one at the others: 10 small files a volume, little padding.
CHUNK_ZYX = (95, 117, 99)
TRIANGLES = {1: 150_000, 2: 90_000, 3: 60_000}
VERTEX_BITS = 16
MIN_PIECE = 1000  # voxels; smaller specks of a tissue get no surface
MADE_WITH = ("nilearn", "tensorstore", "scikit-image", "scipy", "fast-simplification", "DracoPy")

LICENSE = """\
MNI152 template (ICBM 152 nonlinear symmetric 2009a), T1, grey and white matter, as distributed with nilearn.
Changed here: stored as OME-Zarr with coarser scales; tissue labels and surfaces derived from the maps.

Copyright (C) 1993-2004 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute,
McGill University. Permission to use, copy, modify, and distribute this software and its documentation
for any purpose and without fee is hereby granted, provided that the above copyright notice appear in all
copies. The authors and McGill University make no representations about the suitability of this software
for any purpose. It is provided "as is" without express or implied warranty. The authors are not
responsible for any data loss, equipment damage, property loss, or injury to subjects or patients
resulting from the use or misuse of this software package.

Please cite:
  VS Fonov, AC Evans, K Botteron, CR Almli, RC McKinstry, DL Collins and BDCG (2011). Unbiased average
    age-appropriate atlases for pediatric studies. NeuroImage 54(1), 313-327.
    doi:10.1016/j.neuroimage.2010.07.033
  VS Fonov, AC Evans, RC McKinstry, CR Almli and DL Collins (2009). Unbiased nonlinear average
    age-appropriate brain templates from birth to adulthood. NeuroImage 47, S102.
    doi:10.1016/S1053-8119(09)70884-5
  DL Collins, AP Zijdenbos, WFC Baare and AC Evans (1999). ANIMAL+INSECT: Improved cortical structure
    segmentation. IPMI, LNCS 1613, 210-223. doi:10.1007/3-540-48714-X_16
"""


def load(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Read ``"t1"``, ``"gm"`` or ``"wm"`` as nilearn ships it.

    Returns
    -------
    values : ndarray of uint8, axes x, y, z (right, anterior, superior)
    origin : ndarray, position in mm of the centre of voxel (0, 0, 0)
    """
    path = (
        Path(nilearn.__file__).parent / f"datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    )
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not in nilearn {version('nilearn')}: install the version pinned in pyproject.toml"
        )
    image = nibabel.load(path)
    values = np.asanyarray(image.dataobj)
    if values.dtype != np.uint8 or not np.array_equal(image.affine[:3, :3], np.eye(3)):
        raise ValueError(
            f"{path.name} is {values.dtype} with affine {image.affine}; expected uint8 in RAS, 1 mm voxels"
        )
    return values, image.affine[:3, 3]


def probabilities() -> np.ndarray:
    """Stack how likely each tissue is, 0 to 255, inside the brain: axes tissue (1, 2, 3), x, y, z."""
    t1, gm, wm = (load(name)[0].astype(np.int16) for name in ("t1", "gm", "wm"))
    return np.where(t1 > 0, np.stack([gm, wm, np.maximum(255 - gm - wm, 0)]), 0).astype(np.uint8)


def labels(maps: np.ndarray) -> np.ndarray:
    """Name the likeliest tissue of each voxel, 0 where there is no brain."""
    return np.where(maps.any(axis=0), maps.argmax(axis=0) + 1, 0).astype(np.uint8)


def write_multiscale(folder: Path, values: np.ndarray, origin: np.ndarray, method: str) -> None:
    """Write an x, y, z volume of 1 mm voxels as OME-Zarr 0.5, coarser scales made by tensorstore's `method`."""
    full = ts.array(np.ascontiguousarray(values.T))
    datasets = []
    for scale in SCALES:
        level = full if scale == 1 else ts.downsample(full, [scale] * 3, method)
        store = ts.open(
            {
                "driver": "zarr3",
                "kvstore": {"driver": "file", "path": f"{folder / str(scale)}mm/"},
                "metadata": {
                    "shape": level.shape,
                    "data_type": values.dtype.name,
                    "dimension_names": ["z", "y", "x"],
                    "chunk_grid": {
                        "name": "regular",
                        "configuration": {"chunk_shape": np.minimum(level.shape, CHUNK_ZYX).tolist()},
                    },
                    "codecs": [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 9}}],
                },
                "create": True,
                # A chunk left out is a 404 in the reader's console.
                "store_data_equal_to_fill_value": True,
            }
        ).result()
        store.write(level).result()
        centre = (origin + (scale - 1) / 2)[::-1].tolist()
        datasets.append(
            {
                "path": f"{scale}mm",
                "coordinateTransformations": [
                    {"type": "scale", "scale": [float(scale)] * 3},
                    {"type": "translation", "translation": centre},
                ],
            }
        )
    multiscale = {
        "name": folder.stem,
        "type": method,
        "axes": [{"name": axis, "type": "space", "unit": "millimeter"} for axis in "zyx"],
        "datasets": datasets,
    }
    write_json(
        folder / "zarr.json",
        {
            "zarr_format": 3,
            "node_type": "group",
            "attributes": {"ome": {"version": "0.5", "multiscales": [multiscale]}},
        },
    )


def write_nifti(path: Path, values: np.ndarray, origin: np.ndarray) -> None:
    """Write an x, y, z volume of 1 mm voxels as compressed NIfTI at a coarser scale."""
    coarse = ts.downsample(ts.array(values), [NIFTI_SCALE] * 3, "mean").read().result()
    affine = np.diag([NIFTI_SCALE, NIFTI_SCALE, NIFTI_SCALE, 1.0])
    affine[:3, 3] = origin + (NIFTI_SCALE - 1) / 2
    image = nibabel.Nifti1Image(coarse, affine)
    image.header.set_xyzt_units("mm")
    # Without a time in it, so that the same input gives the same bytes.
    path.write_bytes(gzip.compress(image.to_bytes(), 9, mtime=0))


def surface(maps: np.ndarray, tissue: int, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where `tissue` becomes likelier than the others, as a closed mesh.

    Returns
    -------
    vertices : float32 (n, 3), mm
    triangles : uint32 (m, 3), outward
    """
    likely = maps[tissue - 1].astype(np.float32)
    margin = (likely - np.delete(maps, tissue - 1, axis=0).max(axis=0)) / 255
    margin[~maps.any(axis=0)] = -1
    # A rim of "no" closes the surface where the template is cut off; a little blur takes the voxel steps away.
    margin = gaussian_filter(np.pad(margin, 2, constant_values=-1), 0.5)
    pieces = label(margin > 0, connectivity=1)
    sizes = np.bincount(pieces.flat)
    specks = (sizes < MIN_PIECE)[pieces] & (margin > 0)
    margin[specks] = -1e-3
    vertices, triangles, _, _ = marching_cubes(margin, 0, gradient_direction="ascent")
    vertices, triangles = fast_simplification.simplify(
        vertices.astype(np.float32), triangles, target_count=TRIANGLES[tissue]
    )
    return (vertices - 2 + origin).astype(np.float32), triangles.astype(np.uint32)


def draco(vertices: np.ndarray, triangles: np.ndarray) -> tuple[bytes, bytes]:
    """Encode a mesh as one fragment of one level of detail, and its manifest."""
    low, steps = vertices.min(axis=0), 2**VERTEX_BITS - 1
    size = vertices.max(axis=0) - low
    fragment = DracoPy.encode(
        np.round((vertices - low) / size * steps).astype(np.float32),
        triangles,
        quantization_bits=VERTEX_BITS,
        quantization_range=steps,
        quantization_origin=[0, 0, 0],
        compression_level=7,
    )
    floats = (
        [size, low],
        [1],
        [0, 0, 0],
    )  # the fragment's size and corner; the level's scale and its vertices' offset
    chunk, scale, offset = (np.asarray(values, "<f4").tobytes() for values in floats)
    one = np.uint32(1).tobytes()  # level; later: fragment in it
    place = np.array([0, 0, 0, len(fragment)], "<u4").tobytes()
    return chunk + one + scale + offset + one + place, fragment


def write_surfaces(
    folder: Path, maps: np.ndarray, origin: np.ndarray, progress: Callable[[str], None]
) -> None:
    """Write every tissue's surface and name in Neuroglancer's precomputed format (Draco, one level of detail, nm)."""
    mm_to_nm = np.diag([1e6, 1e6, 1e6, 1])[:3]
    info = {
        "@type": "neuroglancer_multilod_draco",
        "vertex_quantization_bits": VERTEX_BITS,
        "lod_scale_multiplier": 1,
        "transform": mm_to_nm.ravel().tolist(),
        "segment_properties": "names",
    }
    write_json(folder / "info", info)
    for tissue, name in TISSUES.items():
        vertices, triangles = surface(maps, tissue, origin)
        manifest, fragment = draco(vertices, triangles)
        (folder / f"{tissue}.index").write_bytes(manifest)
        (folder / str(tissue)).write_bytes(fragment)
        progress(f"surface of {name.lower()}: {len(triangles):,} triangles")
    properties = [
        {"id": "label", "type": "label", "values": list(TISSUES.values())},
        {
            "id": "description",
            "type": "description",
            "values": [f"{volume:.0f} ml" for volume in volumes(labels(maps))],
        },
    ]
    write_json(
        folder / "names/info",
        {
            "@type": "neuroglancer_segment_properties",
            "inline": {"ids": [str(tissue) for tissue in TISSUES], "properties": properties},
        },
    )


def volumes(tissue: np.ndarray) -> np.ndarray:
    """Measure each tissue in ml."""
    return np.bincount(tissue.flat, minlength=len(TISSUES) + 1)[1:] / 1000


def state() -> dict[str, object]:
    """Give the Neuroglancer state that `state.json` holds.

    With this orientation all three slices stand upright: front, top and left view in radiological
    convention, so the brain's left is on the right.
    """
    return {
        "dimensions": {axis: [0.001, "m"] for axis in "xyz"},
        "position": [-18, -20, 16],
        "crossSectionScale": 0.72,
        "crossSectionOrientation": [0, 0.5**0.5, -(0.5**0.5), 0],
        "projectionOrientation": [-0.3302, 0.7621, -0.511, 0.2214],
        "projectionScale": 225,
        "showSlices": False,
        "showDefaultAnnotations": False,
        "crossSectionBackgroundColor": "#000000",
        "layers": [
            {"type": "image", "name": "T1", "source": "zarr3://./t1.zarr"},
            {
                "type": "segmentation",
                "name": "Tissue",
                "source": ["zarr3://./tissue.zarr", "precomputed://./surfaces"],
                "segments": ["1", "2"],
                "segmentColors": {str(tissue): color for tissue, color in COLORS.items()},
            },
        ],
        "layout": "4panel",
    }


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))


def made_from() -> dict[str, str]:
    """Name everything that the result depends on."""
    program = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return {"mni152.py": program, **{name: version(name) for name in MADE_WITH}}


def is_current(out: Path) -> bool:
    """Tell whether `out` holds what this program would make, whole."""
    try:
        build = json.loads((out / "build.json").read_text())
        sizes = {name: (out / name).stat().st_size for name in build["files"]}
    except FileNotFoundError:
        return False
    return bool(build["made_from"] == made_from() and build["files"] == sizes)


def build(out: Path, progress: Callable[[str], None] = print) -> None:
    """Make the demo's data in the folder `out`, unless it is there already.

    The folder is replaced only once the new one is complete.
    """
    out = Path(out)
    if is_current(out):
        progress(f"{out} is up to date")
        return
    if out.exists() and not (out / "build.json").exists():
        raise FileExistsError(
            f"{out} exists and was not made by this program: remove it or choose another folder"
        )
    start = time.monotonic()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        new = Path(temporary) / out.name
        t1, origin = load("t1")
        maps = probabilities()
        write_multiscale(new / "t1.zarr", t1, origin, "mean")
        progress(f"T1: {t1.shape} voxels at {len(SCALES)} scales")
        write_nifti(new / "t1.nii.gz", t1, origin)
        write_multiscale(new / "tissue.zarr", labels(maps), origin, "mode")
        progress(
            "tissue: "
            + ", ".join(
                f"{name} {ml:.0f} ml"
                for name, ml in zip(TISSUES.values(), volumes(labels(maps)), strict=True)
            )
        )
        write_surfaces(new / "surfaces", maps, origin, progress)
        write_json(new / "state.json", state())
        (new / "LICENSE.txt").write_text(LICENSE)
        files = {
            p.relative_to(new).as_posix(): p.stat().st_size for p in sorted(new.rglob("*")) if p.is_file()
        }
        write_json(new / "build.json", {"made_from": made_from(), "files": files})
        if out.exists():
            shutil.rmtree(out)
        new.rename(out)
    progress(
        f"{out}: {len(files)} files, {sum(files.values()) / 1e6:.1f} MB in {time.monotonic() - start:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Make the demo's data from the MNI152 template that nilearn ships."
    )
    parser.add_argument(
        "--out", type=Path, default=Path("build/data/mni152"), help="folder to make (default: %(default)s)"
    )
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
