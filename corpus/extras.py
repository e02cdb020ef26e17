"""How to install what is missing: the one line a user can paste when an extra of this project isn't there.

`install_line("corpus")` -> `/usr/bin/python3 -m pip install -e '/home/ada/dungeon[corpus]'`. Standard library only, for
every part of the project says it before anything heavy can be imported.
"""

import json
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit
from urllib.request import url2pathname


def install_line(extra: str) -> str:
    """The shell command that adds `extra` to this installation, with this very Python.

    An installation from a folder names that folder (PEP 610 `direct_url.json`; `-e` where it is editable), for the
    folder's own version is the one to extend. Every other one goes by the package's name.
    """
    options, package = _source()
    command = [sys.executable or "python", "-m", "pip", "install", *options, f"{package}[{extra}]"]
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _source() -> tuple[list[str], str]:
    """Options of pip, and what to install."""
    try:
        record = distribution("dungeon").read_text("direct_url.json")
    except PackageNotFoundError:  # run from a checkout that is not installed
        record = None
    origin = json.loads(record) if record else {}
    if "dir_info" not in origin:
        return [], "dungeon"
    folder = url2pathname(urlsplit(origin["url"]).path)
    return ["-e"] if origin["dir_info"].get("editable") else [], folder
