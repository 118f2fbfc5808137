"""The command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from panel_neuroglancer import cli
from panel_neuroglancer.site import convert as module
from panel_neuroglancer.site.errors import NoWasmWheelError
from panel_neuroglancer.site.options import Options
from panel_neuroglancer.site.serve import Server


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `convert` was called with."""
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setattr(module, "convert", lambda *args: seen.append(args))
    return seen


def test_convert_takes_what_it_is_told(calls: list[tuple[Any, ...]], tmp_path: Path) -> None:
    needs = tmp_path / "requirements.txt"
    needs.write_text("# what it needs\nscipy>=1.14  # for fits\n\npandas\n")
    words = "convert a.py b.py --to pyodide,pyodide-worker --out site --runtime cdn --pyodide-version 0.29.5 --data x/y:data/y --data z --title T --index list --draw-timeout 20 --bake-limit 5 --quiet --template fast --base-path /x/ --pwa"
    assert cli.main([*words.split(), "--requirements", str(needs), "--requirements", "numpy"]) == 0
    ((apps, out, options, progress),) = calls
    assert (apps, out) == ([Path("a.py"), Path("b.py")], Path("site"))
    assert options == Options(
        ("pyodide", "pyodide-worker"), "cdn", "0.29.5", ("scipy>=1.14", "pandas", "numpy"),
        ((Path("x/y"), "data/y"), (Path("z"), "")), "T", "list", 20, bake_limit=5_000_000, template="fast", base_path="/x/", pwa=True,
    )  # fmt: skip
    assert progress.stream is None


def test_convert_by_default(calls: list[tuple[Any, ...]]) -> None:
    assert cli.main(["convert", "a.py", "--out", "site"]) == 0
    assert calls[0][2] == Options(targets=("pyodide-worker",))
    assert cli.main(["convert", "a.py", "--to", "pyodide", "--to", "pyodide-worker", "--out", "site"]) == 0
    assert calls[1][2].targets == ("pyodide", "pyodide-worker")


def test_an_error_is_one_message_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any) -> None:
        raise NoWasmWheelError("x needs y. Do z.")

    monkeypatch.setattr(module, "convert", fail)
    assert cli.main(["convert", "a.py", "--out", "site"]) == 1
    assert capsys.readouterr().err == "NoWasmWheelError: x needs y. Do z.\n"


def test_serve_says_where_and_that_the_port_was_taken(tmp_path: Path) -> None:
    with Server(tmp_path) as taken:
        port = taken.server_address[1]
        command = [
            sys.executable,
            "-m",
            "panel_neuroglancer.cli",
            "serve",
            str(tmp_path),
            "--port",
            str(port),
        ]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            # Programs that a shell starts in the background ignore it, and so would this one.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            assert process.stdout
            assert re.fullmatch(rf"Port {port} is taken; using \d+ instead\.\n", process.stdout.readline())
            assert re.fullmatch(r".* is at http://127\.0\.0\.1:\d+/ .*\n", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
