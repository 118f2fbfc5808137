"""What follows from the options alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from panel_neuroglancer.site.options import Options


@pytest.mark.parametrize(
    ("place", "found"), [("data/brain", "data/brain/state.json"), ("", "brain/state.json")]
)
def test_the_demo_is_the_first_data_with_a_state(tmp_path: Path, place: str, found: str) -> None:
    for name in ("plain", "brain", "later"):
        (tmp_path / name).mkdir()
    for name in ("brain", "later"):
        (tmp_path / name / "state.json").write_text("{}")
    data = ((tmp_path / "plain", "data/plain"), (tmp_path / "brain", place), (tmp_path / "later", "later"))
    assert Options(data=data).demo == {"PANEL_NEUROGLANCER_DEMO_STATE": found}


def test_without_a_state_there_is_no_demo_of_its_own(tmp_path: Path) -> None:
    assert Options(data=((tmp_path, "data"),)).demo == {}
