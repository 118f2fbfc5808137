"""Make a gallery of a converted site: an index with pictures, and on each page a bar with a way back and the source.

    python lite/gallery/index.py SITE APP.py …

Titles and sentences come from the first line of each app's docstring, ``Title: sentence.``, pictures from
``thumbs/NAME.webp`` in the site.
"""

import ast
import sys
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from panel_neuroglancer.site.resolve import local_modules

HERE = Path(__file__).parent
PAGE = (HERE / "index.html").read_text("utf8")
BAR = """<style>
  :root {{ --bar: 40px; }}
  {css}
  {light}
  @media (prefers-color-scheme: dark) {{ {dark} }}
</style>
<nav id="gallery-bar" aria-label="Gallery">
  <a href="index.html">← Gallery</a>
  <details><summary>Source</summary><div tabindex="0" aria-label="Source">{source}</div></details>
</nav>
"""
CSS = (HERE / "bar.css").read_text("utf8")


def about(app: Path) -> tuple[str, str]:
    """Read an app's title and its sentence."""
    doc = ast.get_docstring(ast.parse(app.read_text("utf8"))) or ""
    title, colon, sentence = doc.partition("\n")[0].partition(": ")
    if not colon:
        raise SystemExit(
            f"{app}: the docstring's first line should be `Title: sentence.`, but is {doc[:80]!r}."
        )
    return title, sentence[:1].upper() + sentence[1:]


def source_html(app: Path) -> str:
    """Return an app's source, and that of the modules beside it, as HTML."""
    formatter = HtmlFormatter(nowrap=True)
    modules, _ = local_modules(app, app.read_text("utf8"))
    html = ""
    for path in (app, *modules.values()):
        code = highlight(path.read_text("utf8"), PythonLexer(), formatter)
        is_app = path == app
        html += f"<details{' open' * is_app}><summary>{path.name}</summary><pre class='highlight'>{code}</pre></details>"
    return html


def bar(app: Path) -> str:
    """Return what goes to the top of an app's page."""
    light, dark = (
        HtmlFormatter(style=style).get_style_defs("#gallery-bar .highlight")
        for style in ("xcode", "github-dark")
    )
    return BAR.format(css=CSS, light=light, dark=dark, source=source_html(app))


def tile(app: Path) -> str:
    """Return an app's place in the index."""
    title, sentence = about(app)
    return (
        f'<li><a href="{app.stem}.html"><img src="thumbs/{app.stem}.webp" width="640" height="400" alt="">'
        f"<h2>{escape(title)}</h2><p>{escape(sentence)}</p></a></li>"
    )


def main(site: Path, apps: list[Path]) -> None:
    for app in apps:
        page = site / f"{app.stem}.html"
        before, body, after = page.read_text("utf8").partition("<body>")
        if not body:
            raise SystemExit(f"{page} has no <body> to put the bar into.")
        page.write_text(before + body + bar(app) + after, "utf8")
    (site / "index.html").write_text(PAGE.replace("TILES", "\n".join(map(tile, apps))), "utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
