"""Prompts: they end in a player's action, are bounded, and are spread over their split."""

from pathlib import Path

from finetune.data.corpus import read_corpus
from finetune.data.prompts import Scene, action_prompts, corpus_scenes, default_scenes, held_out_turns


def test_prompts_end_in_an_action_and_are_bounded() -> None:
    examples = [
        {"context": "", "target": "A hall.\n\n> You go on.\n\nA stair."},
        {"context": "no action at all", "target": "\n\nOnly prose."},
        {"context": "Old.\n\n" + "w" * 30, "target": '\n\n> You say "Hi".\n\nHush.\n\n> You nod.\n\nYes.'},
        {"context": "a word " * 9 + "on", "target": "\n\n> You run.\n\nFast."},
    ]
    assert action_prompts(examples, 9, characters=31) == [
        "A hall.\n\n> You go on.\n",
        "w" * 30 + '\n\n> You say "Hi".\n',
        "a word a word a word a word on\n\n> You run.\n",
    ]
    assert action_prompts(examples, 1) == action_prompts(examples, 3)[1:2]
    assert action_prompts(examples[1:2], 4) == []


def test_scenes_are_spread_over_the_split_and_repeat() -> None:
    examples = [
        {"context": f"Room {n}.", "target": f"\n\n> You go on to {n}.\n\nYou stand in {n}.\n\n> You run.\n\nNo."}
        for n in range(10)
    ] + [{"context": "The end.", "target": "\n\n> You weep."}]
    found = corpus_scenes(examples, 2)
    assert found[1] == Scene("Room 7.\n\n> You go on to 7.\n", "You go on to 7.", "You stand in 7.")
    assert [scene.action for scene in corpus_scenes(examples, 25)][10:12] == ["You go on to 0.", "You go on to 1."]
    default = default_scenes(100)
    assert len({scene.action for scene in default}) >= 16
    assert all(scene.text.endswith(f"> {scene.action}\n") for scene in default)


def test_held_out_turns_have_a_context(corpus: Path) -> None:
    kept = held_out_turns(read_corpus(corpus))
    assert 1 <= len(kept) <= 8 and all(set(turn) == {"context", "target"} and turn["context"] for turn in kept)
