"""The shell command that installs a missing extra of this project, for error messages.

`install_line("corpus")` -> `/usr/bin/python3 -m pip install -e '/home/ada/dungeon[corpus]'`. Standard library only,
because every part of the project may need it before anything heavy can be imported.
"""

import json
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit
from urllib.request import url2pathname


def install_line(extra: str) -> str:
    """Return the shell command that adds `extra` to this installation, with the running Python.

    An installation from a folder is named by the folder (PEP 610 `direct_url.json`; `-e` if it is editable), so that
    the folder's own version is extended. Any other installation is named by the package.
    """
    options, package = _source()
    return pip_line(*options, f"{package}[{extra}]")


def pip_line(*words: str) -> str:
    """Return the shell command that installs something with the running Python."""
    command = [sys.executable or "python", "-m", "pip", "install", *words]
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _source() -> tuple[list[str], str]:
    """Return options for pip, and what to install."""
    try:
        record = distribution("dungeon").read_text("direct_url.json")
    except PackageNotFoundError:  # run from a checkout that is not installed
        record = None
    origin = json.loads(record) if record else {}
    if "dir_info" not in origin:
        return [], "dungeon"
    folder = url2pathname(urlsplit(origin["url"]).path)
    return ["-e"] if origin["dir_info"].get("editable") else [], folder
