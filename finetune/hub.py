"""Asks the Hub once for a model or a data set: its libraries would try for most of a minute without a word.

    if problem := ask_hub("openai-community/gpt2", "config.json", "model"):
        reason, error = problem

Light: huggingface_hub is imported only here, where there is something to ask.
"""

import socket
from importlib.util import find_spec
from pathlib import Path

from finetune.errors import cause


def cached_file(name: str, file: str, kind: str) -> Path | None:
    """Return a file of a `kind` of repository ("model", "dataset") that was fetched before; None if it wasn't."""
    if not find_spec("huggingface_hub"):
        return None
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(name, file, repo_type=kind)
    except ValueError:  # not a valid id
        return None
    return Path(found) if isinstance(found, str) else None


def ask_hub(name: str, file: str, kind: str) -> tuple[str, Exception] | None:
    """Return why the Hub does not give a file of a repository, as a clause, and the cause; None where it does."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, OfflineModeIsEnabled, RepositoryNotFoundError

    called = "data set" if kind == "dataset" else kind
    try:
        get_hf_file_metadata(hf_hub_url(name, file, repo_type=kind))
    except OfflineModeIsEnabled as error:
        return f"HF_HUB_OFFLINE is set, and the {called} was never fetched.", error
    except RepositoryNotFoundError as error:
        return f"the Hub has no {called} of that name, or it is private.", error
    except EntryNotFoundError as error:
        return None if kind == "dataset" else (cause(error), error)  # a data set needs no card
    except httpx2.TransportError as error:
        return f"the Hub can't be reached{_beside_dns(error)}. Is this machine online?", error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        return cause(error), error
    return None


def _beside_dns(error: Exception) -> str:
    """Return an error's message in brackets, but not that of a name that no server knows: a machine offline."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, socket.gaierror):
            return ""
        link = link.__cause__ or link.__context__
    return f" ({cause(error)})"
