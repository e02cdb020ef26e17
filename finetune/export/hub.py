"""A voice on the Hub: only when asked, and only when every story it learned from may be passed on.

    check_publishable(training, "me/my-voice", whole=False)     # before anything long begins
    push(Path("exported"), card, "me/my-voice")

A new repository is private: what is published can't be taken back, what is private can be opened any time on its page.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from finetune.errors import FinetuneError, cause

_LICENCE = re.compile(
    r"cc0|\bcc[ -]by|creative commons|public domain|unlicense|\bmit\b|apache|\bbsd\b|\b[al]?gpl|gnu .*licen", re.I
)
_MOST_TITLES = 5


def check_publishable(training: Mapping[str, Any], repository: str, whole: bool) -> None:
    """Check that a voice with this `training.json` may be pushed, and can be.

    `whole`: whether the base's weights are in the export; their licence must be stated then.

    Raises:
        FinetuneError: `repository` is not a valid name, a licence is missing, or there is no token of the Hub.
    """
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise FinetuneError(
            f"--push {repository}: that is not the name of a repository. Write it as OWNER/NAME."
        ) from error
    corpus = training.get("corpus") or {}
    rights = corpus.get("rights") or {}
    if not rights:
        raise FinetuneError("Not pushed: the corpus doesn't say under which rights its stories are. Build it again.")
    if unstated := [right for right in rights if not is_licence(right)]:
        titles = corpus.get("titles_by_rights") or {}
        missing = "; ".join(
            f"{right or 'nothing stated'}: {_some_titles(titles.get(right), rights[right])}" for right in unstated
        )
        raise FinetuneError(
            f"Not pushed: a voice goes to the Hub only where every story's licence is stated and lets it be passed on. "
            f"Here that is missing ({missing}). State the rights in those stories, or build the corpus without them "
            "(dungeon corpus build --rights LICENCE), and tune again."
        )
    if whole and training["base"].get("license", "unknown") == "unknown":
        raise FinetuneError(
            "Not pushed: this export holds the base's weights, and its card states no licence. Push --to adapter."
        )
    if get_token() is None:
        raise FinetuneError("Not pushed: no token of the Hub is here. Give one with: hf auth login, or in HF_TOKEN.")


def is_licence(rights: str) -> bool:
    """Return whether a story's statement of rights names a licence; "unknown" and "all rights reserved" don't."""
    return bool(_LICENCE.search(rights)) and "all rights reserved" not in rights.lower()


def push(out: Path, card: str, repository: str) -> str:
    """Upload the export at `out`, a folder or a file, with its card, in one commit; return the repository's address.

    Raises:
        FinetuneError: the upload failed; the export at `out` is complete.
    """
    paths = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out]
    files: dict[str, Path | bytes]
    files = {path.relative_to(out if out.is_dir() else out.parent).as_posix(): path for path in paths}
    files["README.md"] = card.encode()
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in files.items()]
    api = HfApi()
    try:
        name = api.create_repo(repository, private=True, exist_ok=True).repo_id
        commit = api.create_commit(name, operations, commit_message="A voice")
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise FinetuneError(
            f"The export is in {out}, but it was not pushed to {repository}: {cause(error)}\n"
            "Check that the token may write there (hf auth whoami), move the export away, and give the command again."
        ) from error
    return str(commit.repo_url)


def _some_titles(titles: list[str] | None, count: int) -> str:
    """Return a few titles, or how many there are."""
    if not titles:
        return f"{count} {'story' if count == 1 else 'stories'}"
    return ", ".join(titles[:_MOST_TITLES]) + (f" and {count - _MOST_TITLES} more" if count > _MOST_TITLES else "")
