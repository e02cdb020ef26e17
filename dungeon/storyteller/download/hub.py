"""The Hugging Face Hub: what a repository holds, and one of its files into a `PartFile`.

    async with Hub("OWNER/REPO") as hub:
        repository = await hub.repository("main")
        file = choose_file(repository, "Q4_K_M")
        await hub.fetch(file.path, repository.commit, part, progress, sha256=file.sha256)

The environment's HF_ENDPOINT (another address), HF_TOKEN (for gated and private repositories; sent to that address and
nowhere else) and HF_HUB_OFFLINE hold here as they do in huggingface_hub. The protocol: the API of
https://huggingface.co/docs/hub/api, and the headers X-Repo-Commit, X-Linked-Size and X-Linked-Etag (the SHA-256 of a
large file) of https://github.com/huggingface/huggingface_hub (constants.py).
"""

import os
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from corpus.text import one_line
from dungeon.storyteller.download.errors import SourceFailed
from dungeon.storyteller.download.http import Http
from dungeon.storyteller.download.part_file import Identity, PartFile, Progress

NAME = "Hugging Face Hub"
_ADDRESS = "https://huggingface.co"
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_QUANT = re.compile(r"(?i)(?:^|[-._])((?:UD-)?(?:IQ\d|Q\d|TQ\d|MXFP4|BF16|F16|F32)[\w]*)(?=[-.]|$)")
_NOT_WEIGHTS = re.compile(r"(?i)mmproj|imatrix|(?:^|[-._/])(?:mtp|eagle3|dflash)(?:[-._]|$)")
_SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_PREFERRED = ("Q4_K_M", "Q8_0")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class HubFile:
    """A GGUF file of a repository."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit."""

    name: str
    commit: str
    license: str
    """As the Hub names it ("apache-2.0"); "" if the repository states none."""
    url: str
    """Its page, where the licence stands."""
    files: tuple[HubFile, ...]


def endpoint() -> str:
    """Return the Hub's address."""
    return (os.environ.get("HF_ENDPOINT") or _ADDRESS).rstrip("/")


def is_offline() -> bool:
    """Return whether the user has switched the Hub off."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


class Hub:
    """Requests to the Hub for one repository; use it with `async with`.

    Raises:
        SourceFailed: the Hub is switched off, or HF_TOKEN is not valid.
    """

    def __init__(self, repo: str) -> None:
        if is_offline():
            raise SourceFailed(f"{NAME}: switched off by HF_HUB_OFFLINE")
        self._repo = repo
        self._token = os.environ.get("HF_TOKEN", "").strip()
        self._http = Http(NAME, token_origin=endpoint(), token=self._token, explain=self._explain)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def repository(self, revision: str = "main") -> Repository:
        """Return what the repository holds at a branch, tag or commit.

        Raises:
            SourceFailed: there is no such repository, it is not open to the user, or the Hub can't be reached.
        """
        api = f"{endpoint()}/api/models/{self._repo}"
        about, _ = await self._http.get_json(f"{api}/revision/{quote(revision, safe='')}")
        commit = str(about.get("sha") or revision) if isinstance(about, dict) else revision
        tags = about.get("tags") if isinstance(about, dict) else None
        licenses = [str(tag)[8:] for tag in tags or [] if str(tag).startswith("license:")]
        files: list[HubFile] = []
        url = f"{api}/tree/{quote(commit, safe='')}?recursive=true"
        for _page in range(_MOST_PAGES):
            entries, headers = await self._http.get_json(url)
            files += _gguf_files(entries)
            url = _next_page(headers.get("link", ""))
            if not url:
                break
        return Repository(
            self._repo, commit, one_line("".join(licenses[:1])), f"{endpoint()}/{self._repo}", tuple(files)
        )

    async def fetch(
        self,
        file: str,
        revision: str,
        part: PartFile,
        progress: Progress,
        *,
        sha256: str = "",
        size: int = 0,
    ) -> str:
        """Fetch a file into `part`; return the commit that it is of.

        Raises:
            SourceFailed: it can't be fetched, its hash or size is not the expected one, or the Hub states no hash.
            OSError: the disk takes no more.
        """
        path = quote(file)
        about = await self._http.head(
            f"{endpoint()}/{self._repo}/resolve/{quote(revision, safe='')}/{path}", to_other_hosts=False
        )
        commit = str(about.headers.get("x-repo-commit") or revision)
        stated = str(about.headers.get("x-linked-etag", "")).removeprefix("W/").strip('"')
        if not _SHA256.fullmatch(stated):
            stated = ""
        if sha256 and stated and stated != sha256:
            raise SourceFailed(f"{NAME}: its {file} has sha256 {stated[:16]}…, not {sha256[:16]}… as expected")
        if not (sha256 or stated):
            raise SourceFailed(f"{NAME}: it states no hash for {file}, so what arrives could not be verified")
        length = str(about.headers.get("x-linked-size", ""))
        total = int(length) if length.isdecimal() else size
        if size and total != size:
            raise SourceFailed(f"{NAME}: its {file} has {total:,} bytes, not {size:,} as expected")
        url = f"{endpoint()}/{self._repo}/resolve/{quote(commit, safe='')}/{path}"
        await self._http.fetch(url, part, Identity(f"hf:{self._repo}:{file}", sha256 or stated, total), progress)
        return commit

    def _explain(self, response: httpx2.Response) -> str:
        """What a refusal of the Hub means and what to do."""
        code = response.headers.get("x-error-code", "")
        page = f"{endpoint()}/{self._repo}"
        if code == "GatedRepo" or response.status_code == 403:
            return (
                f"{self._repo} is gated. Open {page} in a browser, accept its terms, and set HF_TOKEN to a token of "
                "the same account"
            )
        if response.status_code == 401:
            if self._token:
                return f"the Hub does not accept HF_TOKEN for {self._repo}. Set it to a valid token, or unset it"
            return f"there is no open repository {self._repo}. Look at {page}; if it is private, set HF_TOKEN"
        if response.status_code == 404:
            if code == "EntryNotFound":
                return f"{self._repo} has no such file. `dungeon voices get hf:{self._repo}` finds the one it has"
            return f"there is no repository {self._repo}, or not this revision or file of it. Look at {page}"
        return ""


def check_repo(repo: str) -> None:
    """Check the form of OWNER/REPO.

    Raises:
        SourceFailed: it is another form.
    """
    if not _REPO.fullmatch(repo) or ".." in repo:
        raise SourceFailed(f"'{one_line(repo)[:100]}' is not a repository: write hf:OWNER/REPO")


def choose_file(repository: Repository, wanted: str = "") -> HubFile:
    """Return the GGUF file that `wanted` names: a path, a file's name, or a quantisation ("Q5_K_M").

    Without it: Q4_K_M, else Q8_0, else the first; llama.cpp's `-hf` chooses so, too.

    Raises:
        SourceFailed: there is no such file, or it is cut into several.
    """
    files = [file for file in repository.files if not _NOT_WEIGHTS.search(file.path)]
    whole = [file for file in files if not _SPLIT.search(file.path)]
    if not files:
        raise SourceFailed(f"{repository.name} holds no GGUF file. Look for a repository whose name ends in -GGUF.")
    if wanted.lower().endswith(".gguf"):
        found = [file for file in repository.files if wanted in (file.path, file.path.rpartition("/")[2])]
    elif wanted:
        found = _of_quant(files, wanted)
    else:
        found = next((found for quant in _PREFERRED if (found := _of_quant(whole, quant))), []) or whole[:1] or files
    if not found:
        names = ", ".join(sorted({quant_of(file.path) or file.path for file in files}))[:300]
        raise SourceFailed(f"{repository.name} has no '{one_line(wanted)[:80]}'. It has: {one_line(names)}")
    chosen = next((file for file in found if not _SPLIT.search(file.path)), found[0])
    if _SPLIT.search(chosen.path):
        raise SourceFailed(
            f"{chosen.path} is one of several files of one voice, which the game can't fetch. Choose a smaller "
            f"quantisation: hf:{repository.name}:Q4_K_M"
        )
    return chosen


def _of_quant(files: list[HubFile], quant: str) -> list[HubFile]:
    return [file for file in files if quant_of(file.path).upper() == quant.upper()]


def quant_of(path: str) -> str:
    """Return the quantisation that a file's name ends with ("Q4_K_M"), or ""."""
    found = _QUANT.findall(path.rpartition("/")[2].removesuffix(".gguf"))
    return str(found[-1]) if found else ""


def _gguf_files(entries: Any) -> list[HubFile]:
    """The GGUF files in a page of the tree API: entries of {"type": "file", "path", "size", "lfs": {"oid", "size"}}."""
    files = []
    for entry in entries if isinstance(entries, list) else []:
        path = str(entry.get("path", "")) if isinstance(entry, dict) else ""
        if not path.lower().endswith(".gguf") or one_line(path) != path or ".." in path:
            continue
        large = entry.get("lfs")
        sha256 = str(large.get("oid", "")) if isinstance(large, dict) else ""
        size = (large.get("size") if isinstance(large, dict) else None) or entry.get("size")
        files.append(HubFile(path, size if isinstance(size, int) else 0, sha256 if _SHA256.fullmatch(sha256) else ""))
    return files


def _next_page(link: str) -> str:
    """The address in a header `Link: <…>; rel="next"`, if it is the Hub's."""
    found = re.search(r'<([^>]+)>;\s*rel="next"', link)
    return found[1] if found and found[1].startswith(f"{endpoint()}/") else ""
