"""The three ways files come onto this machine: npm, pip and HTTPS. Nothing here decides whether to trust them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from .errors import FetchError

TIMEOUT = 5.0  # seconds until a silent host counts as unreachable
_unreachable: set[str] = set()  # asked once per process, so that a site of forty wheels fails as fast as one


def cache_dir() -> Path:
    """Return the folder for everything that need not be fetched or computed twice.

    ``PANEL_NEUROGLANCER_CACHE`` moves it; otherwise it follows ``XDG_CACHE_HOME``.
    """
    chosen = os.environ.get("PANEL_NEUROGLANCER_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen).expanduser().absolute() if chosen else Path(base) / "panel-neuroglancer"


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it, however many processes do the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def npm_pack(spec: str, folder: Path) -> Path:
    """Fetch an npm package's archive into `folder`; npm checks it against the registry's hash."""
    _run(
        ["npm", "pack", spec, "--silent", "--pack-destination", str(folder)],
        f"the npm package {spec}",
        "npm comes with Node.js 18 or newer; with it in place, check the network and npm's registry setting",
    )
    return _only(folder, "*.tgz", spec)


def pip_download(
    requirement: str,
    folder: Path,
    *,
    python: str,
    platform: str = "any",
    implementation: str = "py",
    abi: str = "none",
) -> Path:
    """Fetch a wheel from PyPI for Python `python` (as in "3.12"), without its dependencies; a pure one if not told otherwise."""
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            f"--platform={platform}",
            f"--python-version={python}",
            f"--implementation={implementation}",
            f"--abi={abi}",
            f"--dest={folder}",
            requirement,
        ],
        f"a pure wheel of {requirement}",
        "check the name and the network; a package with compiled code has no pure wheel",
    )
    return _only(folder, "*.whl", requirement)


def pip_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a project folder."""
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            f"--wheel-dir={folder}",
            str(source),
        ],
        f"the wheel of {source}",
        "make `pip wheel` work on it",
    )
    return _only(folder, "*.whl", str(source))


def https_get(url: str) -> bytes:
    """Return what a URL holds, or raise FetchError quickly."""
    host = urlsplit(url).netloc
    if host in _unreachable:
        raise FetchError(f"{host} cannot be reached")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            data: bytes = response.read()
            return data
    except urllib.error.HTTPError as error:
        raise FetchError(f"{url} answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        _unreachable.add(host)
        raise FetchError(f"{host} cannot be reached ({getattr(error, 'reason', error)})") from error


def _run(command: list[str], what: str, fix: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise FetchError(
            f"Cannot fetch {what}: there is no `{command[0]}` on this machine. Then: {fix}."
        ) from error
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if "warn" not in line.lower()]
        raise FetchError(
            f"Cannot fetch {what}: {' '.join(said[-3:])[:600] or 'no reason given'}. Try: {fix}."
        )


def _only(folder: Path, pattern: str, what: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FetchError(
            f"Fetching {what} gave {len(found)} files {pattern} instead of one: report this as a bug."
        )
    return found[0]
