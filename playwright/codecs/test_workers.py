"""Who does what: one worker fetches chunks, others, started by it, decode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts


def write(folder: Path, values: Any, encoding: str) -> None:
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": str(folder)},
        "multiscale_metadata": {"type": "image", "data_type": str(values.dtype), "num_channels": 1},
        "scale_metadata": {
            "size": values.shape,
            "resolution": [1, 1, 1],
            "chunk_size": [16, 12, 8],
            "encoding": encoding,
        },
    }
    ts.open(spec, create=True).result().write(values[..., np.newaxis]).result()


def fetched(client: Any) -> list[list[str]]:
    """Return what each running worker has fetched."""
    return [
        w.evaluate("performance.getEntriesByType('resource').map(r => r.name)") for w in client.page.workers
    ]


def test_workers(client: Any, server: str, data_folder: Path, known: Any) -> None:
    values = known.voxels("uint8")
    for encoding in ("raw", "png"):
        write(data_folder / f"workers-{encoding}", values, encoding)

    known.check_volume(client, f"precomputed://{server}/data/workers-raw/", values)
    (raw,) = fetched(client)
    assert any("/data/workers-raw/1_1_1/" in url for url in raw), "the chunk worker fetches the chunks"

    known.check_volume(client, f"precomputed://{server}/data/workers-png/", values)
    chunk_workers = [urls for urls in fetched(client) if any("/data/" in url for url in urls)]
    decoders = [urls for urls in fetched(client) if any(".wasm-" in url for url in urls)]
    assert len(chunk_workers) == 1
    assert decoders, "a worker has fetched the PNG decoder"
    assert chunk_workers[0] not in decoders, "and it is not the chunk worker"
