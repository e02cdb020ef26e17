"""What is wrong with a disk that takes no more: a sentence with the folder, what is missing, and a way out.

except OSError as error:
    raise DungeonError(disk_trouble(error, path, missing)) from error
"""

import errno
import shutil
from pathlib import Path

from corpus.text import one_line
from dungeon.storyteller.download.kept_file import part_size

_FULL = (errno.ENOSPC,)
_QUOTA = (getattr(errno, "EDQUOT", errno.ENOSPC),)  # Windows has none
_TOO_LARGE = (errno.EFBIG,)
_READ_ONLY = (errno.EROFS,)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_WINDOWS_FULL = (39, 112)
"""ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL, which Python gives no number of its own."""
_MAKE_ROOM = "Make room, or set DUNGEON_HOME to a folder on another disk."


def is_of_disk(number: int) -> bool:
    """Return whether an error of this number (`errno`) is one of the disk, which no other source can help."""
    return number in {*_FULL, *_QUOTA, *_TOO_LARGE, *_READ_ONLY, *_FORBIDDEN}


def errno_of_windows(number: int) -> int:
    """Return the `errno` for an error of Windows; 0 for those that are not of a full or locked disk."""
    return errno.ENOSPC if number in _WINDOWS_FULL else {5: errno.EACCES, 19: errno.EROFS}.get(number, 0)


def disk_trouble(error: OSError, path: Path, missing: int) -> str:
    """Return what is wrong and what to do, when `path` lacks `missing` bytes (0: not known) and can't be written."""
    folder = path.parent
    number = errno_of_windows(getattr(error, "winerror", None) or 0) or error.errno
    if number in _FULL:
        return no_room(path, missing)
    if number in _QUOTA:
        reason = f"Your share of the disk is used up: {path.name} needs {_amount(missing)} in {folder}."
        way_out = _MAKE_ROOM
    elif number in _TOO_LARGE:
        reason = f"{path.name} needs {_amount(missing)}, and {folder} takes no larger file: its disk or your account "
        reason += "has a limit."
        way_out = "Set DUNGEON_HOME to a folder on another disk."
    elif number in _READ_ONLY:
        reason = f"{path.name} can't be kept in {folder}: that disk can only be read."
        way_out = "Set DUNGEON_HOME to a folder on another disk."
    elif number in _FORBIDDEN:
        reason = f"{path.name} can't be kept in {folder}: you may not write there."
        way_out = "Allow it, or set DUNGEON_HOME to a folder of your own."
    else:
        reason = f"{path.name} can't be kept in {folder}: {one_line(str(error))}."
        way_out = "Make room, or set DUNGEON_HOME to another folder."
    return f"{reason} {way_out}{_kept(path)}"


def no_room(path: Path, missing: int) -> str:
    """Return that the disk has no room for the rest of `path`, of `missing` bytes (0: not known)."""
    free = free_bytes(path.parent)
    there = f", and {free // 1_000_000:,} MB are free" if free < missing else ""
    return f"The disk is full: {path.name} needs {_amount(missing)} in {path.parent}{there}. {_MAKE_ROOM}{_kept(path)}"


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free where this folder is, or will be; 0 where the system does not say."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0


def _kept(path: Path) -> str:
    return " What has arrived is kept, and the next attempt goes on there." if part_size(path) else ""


def _amount(missing: int) -> str:
    return f"{-(-missing // 1_000_000):,} MB more" if missing else "more room"
