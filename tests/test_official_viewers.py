"""Viewers of the official package and the components that show them, without a page."""

from __future__ import annotations

import threading

import neuroglancer
import numpy as np
import pytest
from neuroglancer.trackable_state import ConcurrentModificationError

from panel_neuroglancer import Neuroglancer, outputs, turns


def with_array(fill: int) -> neuroglancer.Viewer:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as s:
        s.layers["a"] = neuroglancer.ImageLayer(
            source=neuroglancer.LocalVolume(np.full((4, 5, 6), fill, "uint8"))
        )
    return viewer


def test_several_viewers_do_not_mix():
    viewers = [with_array(1), with_array(2)]
    components = [Neuroglancer(viewer) for viewer in viewers]
    with viewers[0].txn() as s:
        s.layout = "3d"
    components[1].layout = "xz"
    assert [viewer.state.layout.type for viewer in viewers] == ["3d", "xz"]
    keys = [
        viewer.volume_manager.get_volume_key(v)
        for viewer in viewers
        for v in viewer.volume_manager.volumes.values()
    ]
    served = [[component._session.volume(key) is not None for key in keys] for component in components]
    assert served == [[True, False], [False, True]]


def test_one_viewer_in_two_components():
    viewer = neuroglancer.Viewer()
    first, second = Neuroglancer(viewer), Neuroglancer(viewer)
    first.position = [1, 2, 3]
    assert (list(viewer.state.position), second.position) == ([1, 2, 3], [1, 2, 3])
    viewer.set_state({"layout": "yz"})
    assert (first.layout, second.layout, first.position) == ("yz", "yz", None)


def test_a_callback_may_change_the_state_again():
    viewer = neuroglancer.Viewer()
    component = Neuroglancer(viewer)

    def follow() -> None:
        if viewer.state.layout.type == "xy":
            with viewer.txn() as s:
                s.layout = "xz"

    viewer.shared_state.add_changed_callback(follow)
    with viewer.txn() as s:
        s.layout = "xy"
    assert (viewer.state.layout.type, component.layout) == ("xz", "xz")


def test_what_the_component_does_makes_a_new_generation():
    viewer = neuroglancer.Viewer()
    component = Neuroglancer(viewer)
    state, generation = viewer.shared_state.state_and_generation
    component.layout = "3d"
    with pytest.raises(ConcurrentModificationError):
        viewer.shared_state.set_state(state, existing_generation=generation)

    def meanwhile(state: neuroglancer.ViewerState) -> None:
        state.layout = "xy"
        component.layout = "xz"

    with pytest.raises(ConcurrentModificationError):
        viewer.retry_txn(meanwhile, retries=1)
    assert viewer.state.layout.type == component.layout == "xz"


def test_changes_from_many_threads_all_arrive():
    viewer = neuroglancer.Viewer()
    component = Neuroglancer(viewer)
    with viewer.txn() as s:
        s.layers["cells"] = neuroglancer.SegmentationLayer(source="precomputed://gs://bucket/cells")

    def select(first: int) -> None:
        for i in range(first, first + 10):
            viewer.retry_txn(lambda s, i=i: s.layers["cells"].segments.add(i), lock=True)

    threads = [threading.Thread(target=select, args=[n]) for n in (100, 200, 300, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(viewer.state.layers["cells"].segments) == 40
    assert len(component.selected_segments["cells"]) == 40


def test_links_go_both_ways():
    viewer = neuroglancer.Viewer()
    component = Neuroglancer(viewer)
    viewer.set_state(
        neuroglancer.parse_url("https://neuroglancer-demo.appspot.com/#!{'layout':'3d','position':[1,2,3]}")
    )
    assert (component.layout, component.position) == ("3d", [1, 2, 3])
    assert (
        neuroglancer.parse_url(component.url)
        == viewer.state
        == neuroglancer.parse_url(neuroglancer.to_url(viewer.state))
    )


def test_in_a_kernel_there_is_one_lock(monkeypatch):
    """A thread with one of two locks in hand could wait for one that has the other."""
    monkeypatch.setattr(outputs, "in_kernel", lambda: True)
    viewer = neuroglancer.Viewer()
    view = Neuroglancer(viewer)
    locks = {viewer.shared_state._lock, viewer.shared_state._ChangeNotifier__lock, viewer.config_state._lock}
    assert locks == {turns.lock}
    viewer.set_state({"layout": "3d"})
    assert view.layout == "3d"
