"""Neuroglancer, the WebGL viewer for huge 3-D volumes, as a Panel component."""

from . import large, on_demand, tokens
from .component import Neuroglancer
from .errors import BakeLimitError, NeuroglancerError, StateError, UrlError
from .files import read_file, site_url
from .reading import read_volume, screenshot
from .resident import invalidate
from .saving import save
from .state import parse_url, to_url

__all__ = [
    "BakeLimitError",
    "Neuroglancer",
    "NeuroglancerError",
    "StateError",
    "UrlError",
    "invalidate",
    "parse_url",
    "read_file",
    "read_volume",
    "save",
    "screenshot",
    "site_url",
    "to_url",
]

# Whichever of the two packages is imported first.
on_demand.put_off()
large.hasten()
tokens.repeat()
