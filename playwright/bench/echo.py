"""What Python answers while round trips are measured; the same in every case."""

from typing import Any


def echo(viewer: Any) -> None:
    """Answer each cross-section scale with the same projection scale."""

    def answer() -> None:
        seen, answered = viewer.state.cross_section_scale, viewer.state.projection_scale
        if seen != answered:
            with viewer.txn() as state:
                state.projection_scale = seen

    viewer.shared_state.add_changed_callback(lambda: viewer.defer_callback(answer))
