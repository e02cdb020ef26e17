"""Which file of a repository is meant."""

import pytest

from dungeon.storyteller.download.errors import SourceFailed
from dungeon.storyteller.download.hub import HubFile, Repository, check_repo, choose_file, quant_of

NAMES = (
    "tiny-Q2_K.gguf",
    "tiny-Q4_K_M.gguf",
    "tiny-Q5_K_M.gguf",
    "tiny-Q8_0.gguf",
    "mmproj-tiny-Q4_K_M.gguf",
    "tiny.imatrix.gguf",
    "big/tiny-BF16-00001-of-00002.gguf",
    "big/tiny-BF16-00002-of-00002.gguf",
)


def repository(*names: str) -> Repository:
    return Repository("o/r", "c" * 40, "mit", "https://hub/o/r", tuple(HubFile(name, 1, "") for name in names))


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (NAMES, "", "tiny-Q4_K_M.gguf"),
        (NAMES, "Q5_K_M", "tiny-Q5_K_M.gguf"),
        (NAMES, "q5_k_m", "tiny-Q5_K_M.gguf"),
        (NAMES, "tiny-Q2_K.gguf", "tiny-Q2_K.gguf"),
        (("mmproj-x.gguf", "x-Q8_0.gguf", "x-Q6_K.gguf"), "", "x-Q8_0.gguf"),
        (("imatrix.gguf", "x-IQ3_XS.gguf", "x-Q6_K.gguf"), "", "x-IQ3_XS.gguf"),
        (("sub/x-Q6_K.gguf",), "x-Q6_K.gguf", "sub/x-Q6_K.gguf"),
        (("x-UD-Q4_K_XL.gguf",), "UD-Q4_K_XL", "x-UD-Q4_K_XL.gguf"),
        (("x-Q4_K_M-00001-of-00002.gguf", "x-Q4_K_M.gguf"), "", "x-Q4_K_M.gguf"),
    ],
)
def test_the_file_is_chosen(names: tuple[str, ...], wanted: str, chosen: str) -> None:
    assert choose_file(repository(*names), wanted).path == chosen


@pytest.mark.parametrize(
    ("names", "wanted", "problem"),
    [
        (NAMES, "Q3_K_S", "has no 'Q3_K_S'. It has: BF16, Q2_K, Q4_K_M, Q5_K_M, Q8_0"),
        (NAMES, "BF16", "one of several files"),
        (NAMES, "other.gguf", "has no 'other.gguf'"),
        ((), "", "holds no GGUF file"),
        (("mmproj.gguf",), "", "holds no GGUF file"),
    ],
)
def test_what_can_not_be_chosen_is_explained(names: tuple[str, ...], wanted: str, problem: str) -> None:
    with pytest.raises(SourceFailed, match=problem):
        choose_file(repository(*names), wanted)


@pytest.mark.parametrize(
    ("file", "quant"),
    [
        ("Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "q4_k_m"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"),
        ("model-f16.gguf", "f16"),
        ("model.gguf", ""),
    ],
)
def test_the_quantisation_stands_in_the_name(file: str, quant: str) -> None:
    assert quant_of(file) == quant


@pytest.mark.parametrize("repo", ["", "o", "o/r/s", "../r", "o/r?x", "o/ r", "o/..", "https://x/y"])
def test_a_repository_has_an_owner_and_a_name(repo: str) -> None:
    with pytest.raises(SourceFailed, match="write hf:OWNER/REPO"):
        check_repo(repo)
