"""Generated text depends only on the model, the prompts and the seed, and ends at the stop text or token."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from dungeon.storyteller.sampling import Sampling as GameSampling
from finetune.models.sampling import GAME_SAMPLING, Sampling, generate


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def opened(request: pytest.FixtureRequest, bases: dict[str, Path]) -> tuple[Any, Any]:
    folder = bases[request.param]
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def _generate(opened: tuple[Any, Any], prompts: list[str], stop: str | None = None, **sampling: Any) -> list[str]:
    return generate(*opened, prompts, max_tokens=12, sampling=Sampling(**({"seed": 1} | sampling)), stop=stop)


def test_a_seed_gives_the_same_texts_and_leaves_the_random_state(opened: tuple[Any, Any]) -> None:
    prompts = ["You stand before the door.\n\n> You open it.\n", "Night.\n\n> You wait.\n"]
    opened[0].train()
    before = torch.random.get_rng_state()
    first = _generate(opened, prompts)
    assert torch.equal(torch.random.get_rng_state(), before) and opened[0].training
    assert len(first) == 2 and all(first)
    assert _generate(opened, prompts) == first != _generate(opened, prompts, seed=2)


def test_padding_changes_no_text(opened: tuple[Any, Any]) -> None:
    """Greedy: a prompt in a batch with a longer one is continued in the same way as alone."""
    prompts = ["Night.\n", "You stand before the iron door, and the wind is cold.\n\n> You open it.\n"]
    together = _generate(opened, prompts, temperature=0)
    assert together == [_generate(opened, [prompt], temperature=0)[0] for prompt in prompts]


def test_a_text_ends_at_the_stop_text_or_the_end_token(
    opened: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the token that ends a story, and before the text that starts an action."""
    model, tokenizer = opened
    prompt = ["You stand before the door.\n"]
    whole = _generate(opened, prompt)[0]
    stop = whole[4:6]
    assert _generate(opened, prompt, stop=stop)[0] == whole.partition(stop)[0].strip() != whole
    ids = tokenizer(prompt[0], add_special_tokens=False)["input_ids"]
    logits = model.eval()(torch.tensor([[*([1] if tokenizer.bos_token_id == 1 else []), *ids]])).logits
    monkeypatch.setattr(tokenizer, "eos_token", tokenizer.convert_ids_to_tokens(int(logits[0, -1].argmax())))
    assert _generate(opened, prompt, temperature=0) == [""]
    assert _generate(opened, []) == []


def test_a_prompt_of_any_length_is_continued(opened: tuple[Any, Any]) -> None:
    """Longer than the model's 128 positions, and empty."""
    assert len(_generate(opened, ["word " * 500, ""])) == 2


def test_game_sampling_has_the_games_defaults() -> None:
    game = GameSampling()
    for key in ("temperature", "top_k", "min_p"):
        assert getattr(game, key) == getattr(GAME_SAMPLING, key)
