"""Reading back what a page shows of an official viewer, without blocking: pictures and voxels."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TIMEOUT = 60.0
_ATTEMPTS = 5  # as the official package: the size may not be respected at once
_AT_ONCE = 16  # chunks asked for together


async def screenshot(
    viewer: Any,
    size: Sequence[int] | None = None,
    *,
    include_depth: bool = False,
    statistics_callback: Callable[[Any], None] | None = None,
    timeout: float = TIMEOUT,
) -> Any:
    """Return a picture of a viewer once all its data is loaded; the awaitable form of ``viewer.screenshot()``.

    Parameters
    ----------
    viewer
        A ``neuroglancer.Viewer`` that a page shows.
    size
        Width and height in pixels; the controls are hidden meanwhile. By default what the page shows.
    include_depth
        Whether to return the distances, too.
    statistics_callback
        Called with the progress of loading.
    timeout
        Seconds to wait for the page.

    Returns
    -------
    neuroglancer.viewer_config_state.ActionState
        ``.screenshot.image`` is the PNG, ``.screenshot.image_pixels`` an array.

    Raises
    ------
    TimeoutError
        If no page has answered in time.

    Examples
    --------
    >>> picture = (await screenshot(viewer, size=[300, 200])).screenshot.image_pixels  # doctest: +SKIP
    """
    config, before = viewer.config_state, viewer.config_state.state
    sized = ("show_ui_controls", "show_panel_borders", "viewer_size")
    if size is not None:
        with config.txn() as new:
            new.show_ui_controls, new.show_panel_borders, new.viewer_size = False, False, list(size)
    try:
        for _ in range(_ATTEMPTS):
            reply = await _picture(viewer, include_depth, statistics_callback, timeout)
            if size is None or [reply.screenshot.width, reply.screenshot.height] == list(size):
                break
    finally:
        if size is not None:
            with config.txn() as new:
                for name in sized:
                    setattr(new, name, getattr(before, name))
    return reply


async def _picture(
    viewer: Any, include_depth: bool, statistics: Callable[[Any], None] | None, timeout: float
) -> Any:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def take(reply: Any) -> None:
        if not answer.done():
            answer.set_result(reply)

    def arrived(reply: Any) -> None:
        loop.call_soon_threadsafe(take, reply)

    viewer.async_screenshot(arrived, include_depth=include_depth, statistics_callback=statistics)
    try:
        return await asyncio.wait_for(answer, timeout)
    except TimeoutError:
        with viewer.config_state.txn() as new:
            new.screenshot = None
        raise _no_answer("picture", timeout) from None


async def read_volume(
    viewer: Any,
    layer: str,
    lower: Sequence[int] | None = None,
    upper: Sequence[int] | None = None,
    *,
    dimensions: Any = None,
    timeout: float = TIMEOUT,
) -> NDArray[Any]:
    """Return the voxels of a layer, whatever its source, through the page that shows it.

    The official ``viewer.volume()`` gives a tensorstore; this gives an array and works where tensorstore does not exist.

    Parameters
    ----------
    viewer
        A ``neuroglancer.Viewer`` that a page shows.
    layer
        The name of an image or segmentation layer.
    lower, upper
        The first voxel, and one beyond the last, per dimension; by default all of the volume.
    dimensions
        A ``neuroglancer.CoordinateSpace`` to read in, instead of the layer's own; see ``viewer.volume_info``.
    timeout
        Seconds to wait for each answer of the page.

    Returns
    -------
    numpy.ndarray
        One axis per dimension, in the order of the dimensions.

    Raises
    ------
    ValueError
        If there is no such layer, or the part does not lie in the volume.
    TimeoutError
        If no page has answered in time.

    Examples
    --------
    >>> crop = await read_volume(viewer, "image", [0, 0, 0], [64, 64, 64])  # doctest: +SKIP
    """
    info = await _answer(viewer.volume_info(layer, dimensions=dimensions), f"layer {layer!r}", timeout)
    low = info.lower_bound if lower is None else np.asarray(lower, np.int64)
    high = info.upper_bound if upper is None else np.asarray(upper, np.int64)
    if low.shape != (info.rank,) or high.shape != (info.rank,):
        raise ValueError(
            f"lower is {lower!r} and upper is {upper!r}. Expected {info.rank} whole numbers each, for the dimensions "
            f"{', '.join(info.dimensions.names)}."
        )
    if np.any(low < info.lower_bound) or np.any(high > info.upper_bound) or np.any(low > high):
        raise ValueError(
            f"The part from {low.tolist()} to {high.tolist()} does not lie in the layer {layer!r}, which goes from "
            f"{info.lower_bound.tolist()} to {info.upper_bound.tolist()}."
        )
    result = np.zeros(tuple(high - low), info.data_type)
    room = asyncio.Semaphore(_AT_ONCE)

    async def fill(cell: NDArray[np.int64]) -> None:
        async with room:
            asked = viewer._volume_chunk(layer, info, cell)
            chunk = await _answer(asked, f"part {cell.tolist()} of {layer!r}", timeout)
        origin = info.grid_origin + cell * info.chunk_shape
        first, last = np.maximum(low, origin), np.minimum(high, origin + chunk.shape)
        result[_box(first - low, last - low)] = chunk[_box(first - origin, last - origin)]

    await asyncio.gather(
        *map(fill, _cells(low - info.grid_origin, high - info.grid_origin, info.chunk_shape))
    )
    return result


def _cells(
    low: NDArray[np.int64], high: NDArray[np.int64], shape: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    ranges = (range(int(a // s), int(-(-b // s))) for a, b, s in zip(low, high, shape, strict=True))
    return (np.array(cell, np.int64) for cell in itertools.product(*ranges))


def _box(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))


async def _answer(asked: Any, what: str, timeout: float) -> Any:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(asked), timeout)
    except TimeoutError:
        raise _no_answer(what, timeout) from None


def _no_answer(what: str, timeout: float) -> TimeoutError:
    return TimeoutError(
        f"No page has sent the {what} within {timeout:g} s. Show the viewer with panel_neuroglancer.Neuroglancer(viewer) and "
        "wait until its page is there, or raise timeout."
    )
