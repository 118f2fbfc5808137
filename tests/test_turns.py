"""Threads of a notebook's kernel that handle messages at once do not take each other's output."""

import sys
import threading
from contextlib import contextmanager

import pytest
import pyviz_comms

from panel_neuroglancer import turns


@pytest.fixture
def handling(monkeypatch, capsys):
    """Handle a message in another thread, as pyviz_comms does, while a block runs."""
    monkeypatch.setattr(pyviz_comms, "StandardOutput", turns.Printed)
    real = sys.stdout

    @contextmanager
    def handling(said):
        begun, goes_on, lines = threading.Event(), threading.Event(), []

        def handle():
            with pyviz_comms.StandardOutput() as printed:
                begun.set()
                assert goes_on.wait(10)
                print(said)
            lines.extend(printed)

        thread = threading.Thread(target=handle)
        thread.start()
        assert begun.wait(10)
        yield lines
        goes_on.set()
        thread.join()
        assert lines == [said]

    yield handling
    sys.stdout = real


def test_what_a_cell_prints_meanwhile_is_seen(handling, capsys):
    with handling("one"):
        print("the cell")
    assert capsys.readouterr().out == "the cell\n"


def test_after_two_at_once_all_is_as_before(handling, capsys):
    first, second = handling("one"), handling("two")
    first.__enter__()
    second.__enter__()
    # Not the last one first.
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    print("the next cell")
    assert capsys.readouterr().out == "the next cell\n"


def test_one_inside_another(handling, capsys):
    with turns.Printed() as outer:
        print("1")
        with turns.Printed() as inner:
            print("2")
        print("3")
    assert (outer, inner) == (["1", "3"], ["2"])
    assert capsys.readouterr().out == ""
