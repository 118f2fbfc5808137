"""The command line: ``panel-neuroglancer convert | lite | wheels | runtime | serve``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def _pair(text: str) -> tuple[Path, str]:
    source, colon, target = text.rpartition(":")
    if not colon or len(source) == 1:  # no colon, or only that of a Windows drive
        source, target = text, ""
    return Path(source), target


def _add_site_options(command: argparse.ArgumentParser, requirements: str) -> None:
    """Add what all commands have that make a site."""
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="where the site goes; an older site there is replaced at the end",
    )
    command.add_argument("--pyodide-version", metavar="VERSION", help="default 0.27.7")
    command.add_argument(
        "--requirements",
        action="append",
        default=[],
        metavar="SPEC|FILE",
        help=f"{requirements}: a requirement as for pip, or a file of them; may be repeated",
    )
    command.add_argument("--quiet", action="store_true", help="say nothing unless it fails")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="panel-neuroglancer", description="Neuroglancer as a Panel component: static sites."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    convert = commands.add_parser(
        "convert",
        help="make a static site of Panel apps",
        description="Make a static site of Panel apps: Python runs in the visitor's browser.",
    )
    convert.add_argument("apps", nargs="+", type=Path, metavar="APP.py")
    convert.add_argument(
        "--to",
        action="append",
        metavar="TARGET",
        help="pyodide (Python on the page), pyodide-worker (beside it) or pyscript (on the page, started by PyScript); may be repeated or a comma list; default pyodide-worker",
    )
    convert.add_argument(
        "--runtime",
        choices=("local", "cdn"),
        default="local",
        help="local: everything lies in the site (default); cdn: Python and Panel come from the network",
    )
    convert.add_argument(
        "--data",
        "--resources",
        action="append",
        default=[],
        type=_pair,
        metavar="SOURCE[:PLACE]",
        help="put a file or folder beside the pages, under the name PLACE; may be repeated",
    )
    convert.add_argument("--title", help="title of the pages")
    convert.add_argument(
        "--index",
        choices=("auto", "list", "none"),
        default="auto",
        help="what index.html is: the only page or a list (auto), always a list, or nothing",
    )
    convert.add_argument(
        "--draw-timeout",
        type=float,
        metavar="SECONDS",
        help="how long each app may run to draw its page; default 300",
    )
    convert.add_argument(
        "--bake",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="put the arrays that the app's Python viewers show into the site, where they are seen before Python is there (default)",
    )
    convert.add_argument(
        "--bake-limit",
        type=float,
        metavar="MB",
        help="how much room those may take, compressed, for each app; default 64",
    )
    convert.add_argument(
        "--template", metavar="NAME", help="show the apps in a template of Panel's, such as fast"
    )
    convert.add_argument(
        "--base-path",
        metavar="PATH",
        help="where the site will lie on its host, as /demos/; only needed if pages are served under other addresses too",
    )
    convert.add_argument(
        "--pwa", action="store_true", help="make the site installable, and work offline after one visit"
    )
    _add_site_options(convert, "what the app needs besides what it imports")
    convert.set_defaults(run=_convert)

    lite = commands.add_parser(
        "lite",
        help="make a JupyterLite site of notebooks",
        description="Make a static site on which notebooks run in the visitor's browser, with nothing to install.",
    )
    lite.add_argument(
        "--contents",
        action="append",
        required=True,
        type=Path,
        metavar="DIR",
        help="a folder of notebooks and the files beside them; may be repeated",
    )
    lite.add_argument(
        "--apps",
        default="lab,notebooks",
        metavar="LIST",
        help="lab (JupyterLab), notebooks (one notebook a page), or both, which is the default",
    )
    lite.add_argument(
        "--zip",
        action="store_true",
        help="also write DIR.zip, which needs only Python: for a classroom with no network",
    )
    lite.add_argument("--max-size", type=float, metavar="MB", help="fail if the site is larger")
    _add_site_options(lite, "what the notebooks import besides")
    lite.set_defaults(run=_lite)

    wheels = commands.add_parser(
        "wheels",
        help="write the wheels that pages made in other ways can install",
        description="Write this package and neuroglancer as wheels for Python in the browser: for `panel convert`, PyScript or Pyodide.",
    )
    wheels.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the wheels go")
    wheels.set_defaults(run=_wheels)

    runtime = commands.add_parser(
        "runtime",
        help="fetch Pyodide into the cache",
        description="Fetch Pyodide, and packages of its distribution, into the cache, every file checked against its official hash.",
    )
    runtime.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help="packages of Pyodide's distribution, such as scipy"
    )
    runtime.add_argument("--pyodide-version", metavar="VERSION", help="default 0.27.7")
    runtime.set_defaults(run=_runtime)

    serve = commands.add_parser(
        "serve", help="serve a site on this machine", description="Serve a finished site on 127.0.0.1."
    )
    serve.add_argument("folder", type=Path, metavar="DIR")
    serve.add_argument(
        "--port", type=int, default=8000, help="default 8000; if it is taken, the next free one"
    )
    serve.set_defaults(run=_serve)
    return parser


def _convert(args: argparse.Namespace) -> None:
    from .baking import LIMIT
    from .site.convert import convert
    from .site.options import Options
    from .site.progress import Progress
    from .site.render import DRAW_SECONDS
    from .site.runtime import DEFAULT_VERSION

    targets = [name for item in args.to or ["pyodide-worker"] for name in item.split(",") if name]
    requirements = _requirements(args.requirements)
    options = Options(
        tuple(targets),
        args.runtime,
        args.pyodide_version or DEFAULT_VERSION,
        tuple(requirements),
        tuple(args.data),
        args.title,
        args.index,
        DRAW_SECONDS if args.draw_timeout is None else args.draw_timeout,
        bake_limit=(LIMIT if args.bake_limit is None else args.bake_limit * 1e6) if args.bake else 0,
        template=args.template,
        base_path=args.base_path,
        pwa=args.pwa,
    )
    convert(args.apps, args.out, options, Progress(None if args.quiet else sys.stderr))


def _lite(args: argparse.Namespace) -> None:
    from .site.lite.build import LiteOptions, lite
    from .site.progress import Progress
    from .site.runtime import DEFAULT_VERSION

    options = LiteOptions(
        tuple(_requirements(args.requirements)),
        tuple(name for name in args.apps.split(",") if name),
        args.pyodide_version or DEFAULT_VERSION,
        args.max_size,
        args.zip,
    )
    lite(args.contents, args.out, options, Progress(None if args.quiet else sys.stderr))


def _requirements(items: Sequence[str]) -> list[str]:
    requirements = []
    for item in items:
        lines = Path(item).read_text(encoding="utf8").splitlines() if Path(item).is_file() else [item]
        requirements += [
            line
            for line in (line.partition(" #")[0].strip() for line in lines)
            if line and not line.startswith("#")
        ]
    return requirements


def _wheels(args: argparse.Namespace) -> None:
    from .site.wheelhouse import write_wheels

    write_wheels(args.out)


def _runtime(args: argparse.Namespace) -> None:
    from .site.errors import BadInputError
    from .site.progress import Progress
    from .site.runtime import DEFAULT_VERSION, Runtime

    runtime = Runtime(args.pyodide_version or DEFAULT_VERSION, Progress())
    print(
        f"Pyodide {runtime.version}, Python {runtime.lock['info']['python']}: {runtime.core['pyodide.mjs'].parent}"
    )
    for name in args.packages:
        if name not in runtime.packages:
            raise BadInputError(
                f"Pyodide {runtime.version} has no package {name!r}: pure ones come from PyPI when a site is made."
            )
        print(f"{name} {runtime.packages[name]['version']}: {runtime.wheel(name)}")


def _serve(args: argparse.Namespace) -> None:
    from .site.serve import open_server

    with open_server(args.folder, args.port) as server:
        if server.server_address[1] != args.port:
            print(f"Port {args.port} is taken; using {server.server_address[1]} instead.", flush=True)
        try:
            print(f"{args.folder} is at {server.url}   (Ctrl+C stops)", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    args = _parser().parse_args(argv)
    try:
        from .site.errors import SiteError
    except ImportError as error:
        print(f"This command needs `{error.name}`: pip install 'panel-neuroglancer[site]'", file=sys.stderr)
        return 2
    try:
        args.run(args)
    except ImportError as error:
        if error.name not in ("packaging", "pyodide_lock", "pkginfo"):
            raise
        print(f"This command needs `{error.name}`: pip install 'panel-neuroglancer[site]'", file=sys.stderr)
        return 2
    except SiteError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
