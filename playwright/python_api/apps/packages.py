"""Never opened: makes the site hold what the examples import, to be loaded by those that do."""

import sqlite3  # noqa: F401

import dask.array  # noqa: F401
import pandas as pd  # noqa: F401
import panel as pn
import scipy.ndimage  # noqa: F401

pn.pane.Markdown("Packages").servable()
