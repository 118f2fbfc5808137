"""``--runtime cdn``: a small site. Python, Panel and Bokeh come from their networks, packages through micropip.

Only the viewer's engine, this package's own wheel and that of neuroglancer lie beside the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from . import assets, neuroglancer_wheel, wheels
from .options import URLS, App
from .progress import Progress
from .resolve import OWN
from .runtime import CDN, Runtime

WHEELS = "static/wheels/"
NEUROGLANCER = neuroglancer_wheel.NAME


def build(apps: Sequence[App], site: Path, base: str, runtime: Runtime, progress: Progress) -> dict[str, int]:
    """Give the apps their configuration, put the little that is needed into `site`, and return the sizes of the parts."""
    from panel.io.convert import BOKEH_CDN_WHL, PANEL_CDN_WHL

    sizes: dict[str, int] = {}
    for app in apps:
        needs = {canonicalize_name(need.name): str(need) for need in app.asked}
        install = [BOKEH_CDN_WHL, PANEL_CDN_WHL, "pyodide-http"]
        install += [text for name, text in needs.items() if name not in ("panel", "bokeh", OWN, NEUROGLANCER)]
        if OWN in needs:
            sizes["engine"] = assets.copy_engine(site)
            path = wheels.own(assets.PACKAGE).write(site / WHEELS)
            sizes[OWN] = path.stat().st_size
            install.append(f"./{WHEELS}{path.name}")
            app.preload = assets.engine_modules()
        if NEUROGLANCER in needs:
            path = neuroglancer_wheel.derive(progress).write(site / WHEELS)
            sizes[NEUROGLANCER] = path.stat().st_size
            install.append(f"./{WHEELS}{path.name}")
        app.page = app.page.map(lambda text: text.replace(base, ""))
        app.config = {
            "index": CDN.format(version=runtime.version),
            "packages": ["micropip"],
            "later": [],
            "install": install,
            "env": URLS,
            "urls": sorted(URLS),
            "bytes": 0,
        }
    progress.say("  the page will load Python, Panel and Bokeh from the network")
    return sizes
