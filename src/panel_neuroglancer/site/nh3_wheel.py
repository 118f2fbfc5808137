"""A pure wheel with the name ``nh3``, for sites made where Pyodide's compiled one is not to be had. Panel makes HTML safe with it.

It holds `sanitizer` and needs justhtml, which does the work.
"""

from __future__ import annotations

from pathlib import Path

from . import wheels

NAME = "nh3"
VERSION = "0.3.8+panel.1"
JUSTHTML = "3.16.0"  # the one that was compared with nh3

_METADATA = f"""Metadata-Version: 2.1
Name: {NAME}
Version: {VERSION}
Summary: Stands in for nh3 in the browser: the same clean() and lists, on justhtml. Made by panel-neuroglancer.
Requires-Dist: justhtml=={JUSTHTML}
"""


def make() -> wheels.Wheel:
    """Return the wheel."""
    source = Path(__file__).with_name("sanitizer.py")
    info = f"{NAME}-{VERSION}.dist-info"
    files = {
        f"{NAME}/__init__.py": source.read_bytes(),
        f"{info}/METADATA": _METADATA.encode(),
        f"{info}/WHEEL": wheels.PURE,
    }
    return wheels.Wheel(NAME, VERSION, files)
