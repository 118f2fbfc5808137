"""``--pwa``: a site that can be installed, and that works without the network after one visit.

A service worker keeps every file of the site under the site's build, which is the hash of them all. It takes in a new build only
whole, each file checked against its hash, and answers each page from the build that the page came from: nobody ever sees
parts of two.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ...errors import size
from ..progress import Progress
from .icon import COLOUR, draw

HERE = Path(__file__).parent
WORKER = "sw.js"
MANIFEST = "manifest.webmanifest"
NOTICE = "static/boot/pwa.js"
SIZES = (192, 512)
_HEAD = f"""  <link rel="manifest" href="{MANIFEST}">
  <link rel="apple-touch-icon" href="static/boot/icon-192.png">
  <meta name="theme-color" content="{COLOUR}">
  <script type="module" async src="{NOTICE}"></script>
  </head>"""


def add(site: Path, pages: Sequence[str], title: str, progress: Progress) -> None:
    """Make a finished site installable. Nothing may be changed in it afterwards.

    Parameters
    ----------
    site
        Its folder.
    pages
        Its pages; the first one is where it starts if there is no index.
    title
        What it is called where it is installed.
    """
    shutil.copyfile(HERE / "notice.js", site / NOTICE)
    for pixels in SIZES:
        (site / f"static/boot/icon-{pixels}.png").write_bytes(draw(pixels))
    start = "index.html" if (site / "index.html").exists() else pages[0]
    (site / MANIFEST).write_text(json.dumps(_manifest(title, start), indent=1), encoding="utf8")
    for name in {*pages, start}:
        text = (site / name).read_text(encoding="utf8")
        (site / name).write_text(text.replace("</head>", _HEAD, 1), encoding="utf8")
    files = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*")) if path.is_file()}
    hashes = {name: _integrity(path) for name, path in files.items() if name != WORKER}
    build = hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]
    head = f"const BUILD = {json.dumps(build)};\nconst FILES = {json.dumps(hashes, indent=0)};\n"
    (site / WORKER).write_text(head + (HERE / "worker.js").read_text(encoding="utf8"), encoding="utf8")
    total = sum(path.stat().st_size for path in files.values())
    progress.say(f"  offline: {len(hashes)} files, {size(total)}, which every visitor's browser will keep")


def _manifest(title: str, start: str) -> dict[str, object]:
    return {
        "name": title,
        "short_name": title[:12].strip(),
        "id": "./",
        "start_url": f"./{start}",
        "scope": "./",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": COLOUR,
        "icons": [
            {
                "src": f"static/boot/icon-{pixels}.png",
                "sizes": f"{pixels}x{pixels}",
                "type": "image/png",
                "purpose": purpose,
            }
            for pixels in SIZES
            for purpose in ("any", "maskable")
        ],
    }


def _integrity(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256-" + base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
