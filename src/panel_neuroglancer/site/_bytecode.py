"""Compile every archive in /job/source into /job/bytecode. Runs inside Pyodide, so the bytecode fits the Python there.

Files that do not compile (templates, Python 2 relics) are left out: the caller keeps their source.
"""

import importlib.util
import marshal
import zipfile
from pathlib import Path

# A .pyc beside no .py is never checked against its source; the header's hash only has to be there.
HEADER = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")

for source in sorted(Path("/job/source").iterdir()):
    prefix, _, _ = source.name.partition("@")
    root = "/" + prefix.replace("+", "/") + "/"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(f"/job/bytecode/{source.name}", "w") as result:
        for path in archive.namelist():
            code = archive.read(path)
            try:
                compiled = compile(code, root + path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError):
                continue
            result.writestr(path + "c", HEADER + importlib.util.source_hash(code) + marshal.dumps(compiled))
