"""The storyteller's manners: on bad outputs of the bundled voice that were recorded, and rule by rule.

`manners/recorded.json` holds what our own engine wrote with the bundled voice in `tests/benchmarks/manners.py` (and,
for circles, with its penalties off), what stood before it, the faults that it has by that benchmark, and what is
kept of it, checked by eye.
"""

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.tale.adventure import Adventure, Node, State
from dungeon.tale.lore import Lore
from dungeon.tale.manners import End, Judged, judge, manners_for
from dungeon.tale.prose import at_sentence_end, cut, sentence_end
from finetune.compare.measures import GeneratedTurn, cut_off, repetition, speaks_for_player

RECORDED = json.loads((Path(__file__).parent / "manners" / "recorded.json").read_text(encoding="utf-8"))

FAULTS = {
    "speaks for the player": lambda action, prose: speaks_for_player(GeneratedTurn(action, prose)),
    "leaks >": lambda _, prose: ">" in prose,
    "ends in a cut sentence": lambda _, prose: cut_off(prose),
    "half quote": lambda _, prose: any(len(re.findall('["“”]', line)) % 2 for line in prose.split("\n")),
    "chat, list or heading": lambda _, prose: bool(re.search(r"(?m)^ *(?:[-#*\[]|\d+\. )|Author's note", prose)),
    "loops": lambda _, prose: repetition(re.findall(r"\w+", prose.lower()) + [""] * 4, 4) > 0.3,
}


def told(opening: str = "", before: list[list[str]] | None = None, action: str = "", note: str = "") -> tuple:
    """An adventure, and the turn that is to be told in it."""
    adventure = Adventure(1, "", opening, lore=Lore(note=note))
    for number, (done, prose) in enumerate(before or [], 1):
        adventure.add(Node(number, number - 1 or None, Kind.DO, done, done, prose, State.DONE))
    node = Node(99, adventure.head, Kind.DO, action, action)
    adventure.add(node)
    return adventure, node


def kept(
    sent: str, *, opening: str = "", before: list[list[str]] | None = None, action: str = "", note: str = ""
) -> str:
    return judge(sent, manners_for(*told(opening, before, action, note)), ended=True).shown


def end(sent: str, **of: str) -> End | None:
    return judge(sent, manners_for(*told(**of)), ended=True).end


# ---- recorded bad outputs ------------------------------------------------------------------------------------


def test_enough_was_recorded() -> None:
    assert len(RECORDED) >= 30
    found = {fault for record in RECORDED for fault in record["faults"]}
    assert found >= {*FAULTS, "repeats a sentence"}


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
def test_of_a_recorded_bad_output_the_good_part_is_kept(record: dict) -> None:
    prose = kept(record["sent"], opening=record["opening"], before=record["before"], action=record["action"])
    assert prose == record["kept"]
    for fault, has in FAULTS.items():
        assert not has(record["action"], prose), fault


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
@pytest.mark.parametrize("step", [1, 4, 9])
def test_piece_by_piece_it_comes_to_the_same_and_takes_no_sentence_back(record: dict, step: int) -> None:
    manners = manners_for(*told(record["opening"], record["before"], record["action"]))
    raw = record["sent"]
    shown = ""
    for length in range(0, len(raw) + step, step):
        judged = judge(raw[:length], manners)
        assert judged.shown.startswith(shown[: sentence_end(shown)])
        shown = judged.shown
        if judged.end:
            break
    else:
        judged = judge(raw, manners, ended=True)
    assert judged.shown == record["kept"]


# ---- the player's part ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "prose"),
    [
        ('It opens. You say, "Hello." He nods.', "It opens."),
        ('It opens.\n\n"Who is there?" you ask. He nods.', "It opens."),
        ("It opens.\n\n“Who is there?” you ask. He nods.", "It opens."),
        ("It opens.\n\n'Who is there?' you ask. He nods.", "It opens."),
        ('It opens. You quietly tell Hessa to run: "Run!"', "It opens."),
        ('It opens. You replied, "No." He nods.', "It opens."),
        ("It opens. You decide to go home. He nods.", "It opens."),
        ("It opens. At the end of the day you agree to it.", "It opens."),
        ("It opens. He asks if you will come in, and you agree.", "It opens."),
        ("It opens. I am glad to see it. He nods.", "It opens."),
        ("It opens. My hand shakes. He nods.", "It opens."),
    ],
)
def test_the_players_part_is_cut_off(sent: str, prose: str) -> None:
    assert kept(sent, action="You open the door.") == prose
    assert end(sent, action="You open the door.") is End.PLAYER


@pytest.mark.parametrize(
    "sent",
    [
        "You open it and step in. You walk on until nightfall.",
        'He nods. "You say too much," he says. "I want you to go."',
        'He says, "You decide. I wait."',
        "'I am glad,' he says. 'So am I.'",
        "You tell them what happened. You ask for water.",
        "If you agree, he will go. Do you accept? He waits until you decide.",
        "World War I is over. J. I. Marsh sleeps.",
        'You hear a voice: "Who is there?"',
    ],
)
def test_deeds_and_what_others_say_are_the_storytellers(sent: str) -> None:
    assert kept(sent, action="You open the door.") == sent


def test_what_the_action_has_may_be_told() -> None:
    sent = 'So you say "Who is there?" and wait.'
    assert kept(sent, action='You say "Who is there?"') == sent
    assert kept("You choose the red door. It opens.", action="You choose the red door, and run.") != ""
    assert end("So you decide to go home, and go.", action="You decide to go home.") is None


def test_a_tale_with_an_i_may_have_one() -> None:
    assert kept("I open it. My hand shakes.", opening="I am a thief. I have no name.") == "I open it. My hand shakes."
    assert kept("I open it.", opening='"I am a thief," says the cat.') == ""
    # What the voice itself let slip in makes no such tale.
    assert kept("I open it.", before=[["You wait.", "I wait."]]) == ""


# ---- sentences that stood ------------------------------------------------------------------------------------

STOOD = "The old bell over the gate rings three times."


@pytest.mark.parametrize(
    "again",
    [
        STOOD,
        "The OLD bell, over the gate, rings three times!",
        "The old bell over the gate rings three more times.",
        "“The old bell over the gate rings three times.”",
    ],
)
def test_a_sentence_of_the_last_turns_is_left_out(again: str) -> None:
    before = [["You wait.", f"It rains. {STOOD}"], *([["You wait.", f"Night {n}."] for n in range(5)])]
    assert kept(f"You nod. {again} Rain falls.", before=before) == "You nod. Rain falls."
    assert kept(f"You nod.\n\n{again} Rain falls.", before=before) == "You nod.\n\nRain falls."
    assert kept(f"You nod.\n\n{again}\n\nRain falls.", before=before) == "You nod.\n\nRain falls."


def test_it_may_come_back_after_six_turns() -> None:
    before = [["You wait.", STOOD], *([["You wait.", f"Night {n}."] for n in range(6)])]
    assert kept(STOOD, before=before) == STOOD


def test_a_sentence_of_this_turn_of_the_opening_or_of_the_note_is_left_out() -> None:
    assert kept(f"It rains. {STOOD} You wait. {STOOD} You go.") == f"It rains. {STOOD} You wait. You go."
    assert kept(f"{STOOD} You go.", opening=f"It rains. {STOOD}") == "You go."
    assert kept("Plain and tense, with much wonder. You go.", note="Plain and tense, with much wonder.") == "You go."
    assert kept("You open the iron door. It is dark.", action="You open the iron door.") == "It is dark."


def test_short_sentences_and_other_sentences_stay() -> None:
    before = [["You wait.", "You wait. The old man opens the red door. It rains."]]
    assert kept("You wait. It is cold.", before=before) == "You wait. It is cold."
    assert kept("The old man opens the blue door.", before=before) == "The old man opens the blue door."


def test_a_known_sentence_is_not_shown_before_it_turns_out_another() -> None:
    manners = manners_for(*told(before=[["You wait.", STOOD]]))
    shown = [judge(raw, manners).shown for raw in ("It rains. The old bell", "It rains. The old bell over the sea")]
    assert shown == ["It rains.", "It rains. The old bell over the sea"]


def test_speech_is_shown_without_its_last_mark_until_it_is_clear_who_spoke() -> None:
    manners = manners_for(*told())
    growing = ['He nods. "Run."', 'He nods. "Run." Th', 'He nods. "Run," you', 'He nods. "Run," you say']
    assert [judge(raw, manners).shown for raw in growing] == [
        'He nods. "Run.',
        'He nods. "Run." Th',
        'He nods. "Run," you',
        "He nods.",
    ]


# ---- circles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "prose"),
    [
        ("It rains. It is old and it is old and it is old and it is old and so", "It rains."),
        ("It rains. The cat, the dog, the cat, the dog, the cat, the dog, the cat, the dog", "It rains."),
        ("It rains. No no no no no no no no no no no", "It rains."),
        ("It rains. Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaargh", "It rains."),
        ("It rains. ..................................", "It rains."),
        (f"{STOOD} It rains. {STOOD} {STOOD} It rains on.", f"{STOOD} It rains."),
        ("You wait. It rains. You wait. It rains. You wait. It rains.", "You wait. It rains. You wait. It rains."),
        (
            "In the middle of it all he sits. In the middle of it all she sings. In the middle of it all is a cat.",
            "In the middle of it all he sits. In the middle of it all she sings.",
        ),
    ],
)
def test_a_circle_is_left(sent: str, prose: str) -> None:
    judged = judge(sent, manners_for(*told()), ended=True)
    assert judged.end is End.LOOP
    assert judged.shown == prose
    assert judged.behind == judged.shown


def test_a_turn_that_is_nothing_but_what_stood_is_a_circle() -> None:
    before = [["You wait.", STOOD]]
    assert judge(STOOD, manners_for(*told(before=before)), ended=True).end is End.LOOP
    judged = judge(f"{STOOD} It rains. {STOOD}", manners_for(*told(before=before)), ended=True)
    assert (judged.shown, judged.end) == ("It rains.", None)


def test_what_only_sounds_like_a_circle_is_none() -> None:
    for sent in (
        "Knock. Knock. Knock.",
        '"No, no, no, no! No, no, no!" he says.',
        "Ha ha ha ha! He laughs.",
        "It rains and rains and rains.",
    ):
        assert judge(sent, manners_for(*told()), ended=True) == Judged(sent, None, sent, complete=True)


# ---- chat ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drift",
    [
        "### Response",
        "## Chapter 2\n\nYou wait.",
        "#16",
        "Chapter 12",
        "CHAPTER IV: The Door",
        "1. The door\n2. The cat",
        "2) The cat",
        "- The cat",
        "* The cat",
        "• The cat",
        "**The Door**",
        "---",
        "***",
        "```\ndoor\n```",
        "Assistant: The door",
        "User: open it",
        "Title: The Door",
        "Note: the door is old.",
        "Sure! Here is a story.",
        "Certainly, here you go.",
        "Of course! Here is more.",
        "As an AI, I have no doors.",
        "I'm sorry, but I can't go on.",
        "I cannot help with that.",
        "Here is a list of doors:",
        "Here's the next part of your story:",
        "[Author's note: Plain and tense.]",
        "Author's note: Plain.",
        "[The Door]\n\nYou wait.",
        "<|im_end|>",
        "</s>",
        "THE END",
        "To be continued...",
    ],
)
def test_chat_lists_and_headings_are_cut_off(drift: str) -> None:
    assert kept(f"It opens.\n\n{drift}") == "It opens."
    assert kept(drift) == ""


@pytest.mark.parametrize(
    "sent",
    [
        "Sure enough, it opens. Of course it does.",
        "Here is the cat. Here are four doors.",
        "12 men wait. Two of them - the old ones - sleep.",
        '"Sure! Here it is," he says.',
        "It is the end of the road. The act is over.",
        "[red]The dragon[/] sleeps.",
        "Part of it is gone. Step by step he comes.",
        "* It rains.*".replace("* ", "*"),
    ],
)
def test_what_only_looks_like_chat_stays(sent: str) -> None:
    assert kept(sent) == sent


# ---- any text at all -----------------------------------------------------------------------------------------

words = st.sampled_from(
    [
        *"\"“”.!?,…>'\n\x1b🐉",
        "You",
        "say",
        "I",
        "it",
        "rains",
        "door",
        "the",
        "\n\n",
        "- ",
        "# ",
        "1. ",
        "you say",
        STOOD,
    ]
)
texts = st.lists(words, max_size=40).map(" ".join)


@given(texts, texts)
def test_what_was_shown_stays_whatever_comes(first: str, more: str) -> None:
    manners = manners_for(*told(before=[["You wait.", STOOD]], action='You say "It rains."'))
    before, now = judge(first, manners), judge(f"{first} {more}", manners)
    if before.end is None:
        assert now.shown.startswith(before.shown[: sentence_end(before.shown)])


@given(texts)
@example('" 🐉 \n "')
def test_a_finished_turn_has_no_mark_of_an_action_no_half_quote_and_no_broken_end(raw: str) -> None:
    judged = judge(raw, manners_for(*told()), ended=True)
    assert ">" not in judged.shown
    assert "\x1b" not in judged.shown
    assert all(sum(line.count(mark) for mark in '"“”') % 2 == 0 for line in judged.shown.split("\n"))
    assert not judged.shown or at_sentence_end(judged.shown) or judged.shown[-1] in '"”'
    assert cut(judged.shown) == judged.shown
