"""A disk that is full while weights are written, as an error that says so.

Each library tells it in its own way: Python by OSError, safetensors by an error of its own, torch by RuntimeError. What
was whole before stays whole: checkpoints are marked when they are complete, all else is renamed into its place.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from finetune.errors import FinetuneError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TORCH = ("PytorchStreamWriter", "inline_container", "iostream error")
"""What torch.save's messages hold when it can't write."""


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turns what is raised when nothing more can be written under `folder` into FinetuneError."""
    try:
        yield
    except SafetensorError as error:
        raise _unwritten(folder, str(error)) from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _unwritten(folder, error.strerror or "") from error
    except RuntimeError as error:
        if not any(part in str(error) for part in _TORCH):
            raise
        raise _unwritten(folder, str(error)) from error


def _unwritten(folder: Path, said: str) -> FinetuneError:
    reason = " ".join(said.split())[:200].rstrip(".")
    return FinetuneError(
        f"{folder} can't be written to ({shutil.disk_usage(folder).free / 2**20:,.0f} MiB are free there): {reason}. "
        "Make room and give the same command again; it goes on from the last whole checkpoint."
    )
