"""Sample turns: the prompts a corpus gives, and texts that depend on nothing but model, prompts and seed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.models.sampling import choose_prompts, sample


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def opened(request: pytest.FixtureRequest, bases: dict[str, Path]) -> tuple[Any, Any]:
    folder = bases[request.param]
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def _sample(opened: tuple[Any, Any], prompts: list[str], **changes: Any) -> list[str]:
    options = {"max_tokens": 12, "temperature": 0.8, "top_k": 40, "min_p": 0.05, "seed": 1, "end": 0, "stop": None}
    return sample(*opened, prompts, **(options | changes))


def test_a_seed_gives_its_texts_and_disturbs_nothing(opened: tuple[Any, Any]) -> None:
    prompts = ["You stand before the door.\n\n> You open it.\n", "Night.\n\n> You wait.\n"]
    opened[0].train()
    before = torch.random.get_rng_state()
    first = _sample(opened, prompts)
    assert torch.equal(torch.random.get_rng_state(), before) and opened[0].training
    assert len(first) == 2 and all(first)
    assert _sample(opened, prompts) == first != _sample(opened, prompts, seed=2)


def test_padding_changes_no_text(opened: tuple[Any, Any]) -> None:
    """Greedy, a prompt beside a longer one is continued as it is alone."""
    prompts = ["Night.\n", "You stand before the iron door, and the wind is cold.\n\n> You open it.\n"]
    together = _sample(opened, prompts, temperature=0)
    assert together == [_sample(opened, [prompt], temperature=0)[0] for prompt in prompts]


def test_a_text_ends_where_it_should(opened: tuple[Any, Any]) -> None:
    """At the token that ends a story, and before the text that starts an action."""
    prompt = ["You stand before the door.\n"]
    whole = _sample(opened, prompt)[0]
    stop = whole[4:6]
    assert _sample(opened, prompt, stop=stop)[0] == whole.partition(stop)[0].strip() != whole
    ids = opened[1](prompt[0], add_special_tokens=False)["input_ids"]
    logits = opened[0].eval()(torch.tensor([[*([1] if opened[1].bos_token_id == 1 else []), *ids]])).logits
    assert _sample(opened, prompt, temperature=0, end=int(logits[0, -1].argmax())) == [""]
    assert _sample(opened, []) == []


def test_a_prompt_of_any_length_is_answered(opened: tuple[Any, Any]) -> None:
    """Longer than the model's 128 positions, and empty."""
    assert len(_sample(opened, ["word " * 500, ""])) == 2


def test_prompts_end_in_an_action_and_are_bounded() -> None:
    examples = [
        {"context": "", "target": "A hall.\n\n> You go on.\n\nA stair."},
        {"context": "no action at all", "target": "\n\nOnly prose."},
        {"context": "Old.\n\n" + "w" * 30, "target": '\n\n> You say "Hi".\n\nHush.\n\n> You nod.\n\nYes.'},
        {"context": "a word " * 9 + "on", "target": "\n\n> You run.\n\nFast."},
    ]
    assert choose_prompts(examples, 9, characters=31) == [
        "A hall.\n\n> You go on.\n",
        "w" * 30 + '\n\n> You say "Hi".\n',
        "a word a word a word a word on\n\n> You run.\n",
    ]
    assert choose_prompts(examples, 1) == choose_prompts(examples, 3)[1:2]
    assert choose_prompts(examples[1:2], 4) == []
