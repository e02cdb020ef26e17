"""The linter: each mistake of a writer is found, and a good story passes."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpus.check import Finding, check
from corpus.check.repetition import worn_phrases
from corpus.check.tokenizer import narration, sentences
from corpus.check.vocabulary import english
from corpus.cli import main
from corpus.story import Choice, Passage, Story

# Sentences of eight to ten common words, enough of them for passages that share no eight words.
SCENE = (
    "The {0} door opens and cold air comes out. You hold the lamp up and look at the {0} wall. "
    'An old man sits by the {0} fire with a cup. "Sit down by the {0} table," he tells you. '
    "You put the {0} letter on his knee and wait. He reads it twice and folds the {0} paper."
)
COLOURS = ("red", "blue", "green", "white", "black", "brown", "yellow", "gold", "silver", "pink", "gray", "purple")
GOOD_CHOICES = ('"Who is there?"', "Open the door", "Sing to the old man", "Fold the letter")


def story(passages: list[Passage], source: str = "tale.twee", **more: str) -> Story:
    return Story("A tale", passages[0].name, {passage.name: passage for passage in passages}, source=source, **more)


def good(source: str = "tale.twee") -> Story:
    """A start, two hubs, an odd action and six endings: no rule is broken."""
    text = [SCENE.format(colour) for colour in COLOURS]
    ends = [Passage(f"End {n}", text[n], (), frozenset({"ending"})) for n in range(6)]
    odd = Passage("Song", text[6], (Choice("Continue", "End 0"),), frozenset({"odd"}))
    doors = [
        Passage("Hall", text[7], tuple(map(Choice, GOOD_CHOICES, ("End 1", "Door", "Song", "End 2")))),
        Passage("Door", text[8], tuple(map(Choice, GOOD_CHOICES[:3], ("End 3", "End 4", "Song")))),
    ]
    start = Passage("Start", text[9], (Choice('"Let me in!"', "Hall"), Choice("Open the door", "End 5")))
    return story([start, *doors, odd, *ends], source, genre="western")


def replace(tale: Story, *passages: Passage) -> Story:
    return story(list({**tale.passages, **{passage.name: passage for passage in passages}}.values()), tale.source)


def findings(*stories: Story, any_style: bool = False, notes: bool = False) -> str:
    return "\n".join(str(finding) for finding in check(stories, any_style).findings if notes or not finding.note)


def page(text: str, name: str = "End 0") -> str:
    """Return the findings for a good story in which one passage has this text."""
    return findings(replace(good(), Passage(name, text, (), frozenset({"ending"}))))


def test_a_good_story_is_clean() -> None:
    assert findings(good()) == ""
    assert check([good()]).clean


def test_a_finding_names_the_file_the_passage_and_what_is_wrong() -> None:
    assert str(Finding("a.twee", "Hall", "is empty.")) == "a.twee: passage 'Hall': is empty."
    assert str(Finding("a.twee", "", "is short.", note=True)) == "a.twee: note: is short."


# ---- the graph -------------------------------------------------------------------------------------------------


def test_the_graph_of_any_story() -> None:
    broken = story(
        [
            Passage("Start", "You wait.", (Choice("Go", "Nowhere"), Choice("Stay", "Round"))),
            Passage("Round", "", (Choice("Again", "Round"),)),
            Passage("Lost", "You are here."),
        ]
    )
    for any_style in (True, False):
        found = findings(broken, any_style=any_style)
        assert "passage 'Start': the choice 'Go' leads to 'Nowhere'" in found
        assert "passage 'Lost': cannot be reached" in found
        assert "passage 'Round': no path from here leads to an ending" in found
        assert "passage 'Round': is empty" in found
    assert "60% of the words (3 of 5) can't be reached" in findings(broken, any_style=True)
    assert len(findings(broken, any_style=True).splitlines()) == 6


def test_any_style_checks_only_the_graph() -> None:
    foreign = story([Passage("Start", "Ich ging „hinaus“ und sah [nichts].")])
    assert findings(foreign, any_style=True) == ""
    assert findings(foreign) != ""


def test_only_passages_without_choices_are_tagged_as_endings() -> None:
    forgot = replace(good(), Passage("End 3", SCENE.format("dark")))
    assert "passage 'End 3': has no choices. If the story ends here, write ':: End 3 [ending]'" in findings(forgot)
    hall = good().passages["Hall"]
    tagged = replace(good(), Passage("Hall", hall.text, hall.choices, frozenset({"ending"})))
    assert "passage 'Hall': is tagged as an ending and has choices" in findings(tagged)


def test_a_story_ends_in_several_ways() -> None:
    few = good()
    kept = [passage for name, passage in few.passages.items() if name != "End 5"]
    assert "has 5 endings" in findings(story(kept))


@pytest.mark.parametrize(
    ("labels", "finding"),
    [
        (["Go on walking"], "has only one choice, which should be called 'Continue'"),
        (["Run", "Walk", "Hop", "Swim", "Fly"], "has 5 choices, more than 4"),
        (["Run", "Run"], "has the choice 'Run' twice"),
    ],
)
def test_the_choices_of_a_passage(labels: list[str], finding: str) -> None:
    hall = Passage("Hall", SCENE.format("dark"), tuple(Choice(label, "End 1") for label in labels))
    assert f"passage 'Hall': {finding}" in findings(replace(good(), hall))


# ---- a passage -------------------------------------------------------------------------------------------------


def test_length() -> None:
    assert "passage 'End 0': has 5 words, not 40 to 130" in page("You go home and sleep.")
    words = " ".join(["You go home to the big house now."] * 16)
    assert len(words.split()) == 128
    assert "words, not" not in page(words)
    hall = Passage("Hall", words, good().passages["Hall"].choices)
    assert "passage 'Hall': has 128 words, not 40 to 120" in findings(replace(good(), hall))


def test_the_narration_addresses_you_and_speech_may_say_i() -> None:
    assert "the narration says 'I'" in page(SCENE.format("dark") + " I go home.")
    assert "the narration says 'my'" in page(SCENE.format("dark") + " This is my house.")
    assert "the narration" not in page(SCENE.format("dark") + ' "I want my hat," he says.')
    unaddressed = [
        Passage(passage.name, passage.text.replace("You", "Ann").replace("you", "her"), passage.choices, passage.tags)
        for passage in good().passages.values()
    ]
    assert "0% of its passages address 'you'" in findings(story(unaddressed))


@pytest.mark.parametrize(
    "text",
    [
        "You went to the door. You opened it.",
        "Then you took the lamp. You ran.",
        '"Go away," said the old man.',
        '"Go away," he whispered to you.',
    ],
)
def test_past_tense(text: str) -> None:
    assert "past tense" in page(f"{SCENE.format('dark')} {text}")


@pytest.mark.parametrize(
    "text",
    [
        '"You went to the door. You opened it," he says.',
        "You need a lamp. You put it down. You lay the letter on it. You let go.",
        "You hold the lamp that you took from the old man.",
        "You were born in this house.",
    ],
)
def test_what_is_not_past_tense(text: str) -> None:
    assert "past tense" not in page(f"{SCENE.format('dark')} {text}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("“Go,” he says.", "“ ”"),
        ("It is [[here]].", "[ ]"),
        ("It is *here*.", "*"),
        ("> You go.", ">"),
        ("No -- no.", "--"),
    ],
)
def test_foreign_characters(text: str, shown: str) -> None:
    assert f"the prose has {shown} in it" in page(f"{SCENE.format('dark')}\n\n{text}")


def test_quotes_come_in_pairs() -> None:
    assert "a double quote is missing in the paragraph '\"Go home now, he says. …'" in page(
        f'{SCENE.format("dark")}\n\n"Go home now, he says.'
    )


# ---- language and choices --------------------------------------------------------------------------------------


def test_shares_of_choices_and_dialogue() -> None:
    plain = [
        Passage(
            passage.name,
            passage.text.replace('"', ""),
            tuple(Choice(choice.label.strip('"'), choice.target) for choice in passage.choices),
            passage.tags - {"odd"},
        )
        for passage in good().passages.values()
    ]
    found = findings(story(plain))
    assert "0.0% of its choices are speech" in found
    assert "0.0% of its choices lead to a passage tagged [odd]" in found
    assert "0.0% of its passages have dialogue" in found


def test_sentence_length() -> None:
    short = [
        Passage(passage.name, "You go on. " * 15, passage.choices, passage.tags) for passage in good().passages.values()
    ]
    assert "3.0 words per sentence" in findings(story(short))


def test_rare_words_are_counted_and_listed() -> None:
    rare = [
        Passage(passage.name, passage.text.replace("lamp", "sextant"), passage.choices, passage.tags)
        for passage in good().passages.values()
    ]
    assert "Others: sextant 10." in findings(story(rare), notes=True)
    flood = page(SCENE.format("dark") + " You see sextant, halyard, gunwale and bowsprit." * 20)
    assert "Others: sextant 20, halyard 20" in flood


def test_names_are_neither_rare_nor_misspelt() -> None:
    with_names = SCENE.format("dark") + ' You see Kvothar. Kvothar sings. "Kvothar\'s hat!" you tell old Brindlewax.'
    assert page(with_names) == ""


def test_spelling() -> None:
    found = page(SCENE.format("dark") + " You recieve a hat. You recieve a boat.")
    assert "passage 'End 0': 'recieve' is not in the dictionary, 2 times in all" in found
    fine = "You don't plough the neighbour's grey, well-kept harbour at six o'clock, and the goats' milk tastes fine."
    assert "dictionary" not in page(f"{SCENE.format('dark')} {fine}")


def test_a_word_made_of_two_is_a_note() -> None:
    made = replace(good(), Passage("End 0", SCENE.format("dark") + " You are lampkeeper.", (), frozenset({"ending"})))
    assert "dictionary" not in findings(made)
    assert "'lampkeeper' is not in the dictionary; it reads as lamp + keeper" in findings(made, notes=True)


def test_answers_that_do_not_mention_their_choice_are_a_note() -> None:
    deaf = [
        Passage(
            passage.name,
            passage.text,
            tuple(Choice(f"Feed {n} goats", c.target) for n, c in enumerate(passage.choices)),
            passage.tags,
        )
        for passage in good().passages.values()
    ]
    assert "0% of its choices are mentioned" in findings(story(deaf), notes=True)


# ---- repetition ------------------------------------------------------------------------------------------------


def test_worn_phrases_are_counted_over_all_stories() -> None:
    assert len(worn_phrases()) >= 80
    worn = SCENE.format("dark") + " A chill runs down your spine."
    tale = replace(good(), Passage("End 0", worn, (), frozenset({"ending"})))
    assert "worn phrase" not in findings(tale)
    assert "note: worn phrase 'down your spine' (1 times in all, at most 3)" in findings(tale, notes=True)
    four = [Passage(f"End {n}", worn, (), frozenset({"ending"})) for n in range(4)]
    assert findings(replace(good(), *four)).count("worn phrase 'down your spine' (4 times in all, at most 3)") == 4


def test_every_worn_phrase_can_be_found() -> None:
    # An entry as it can occur: of alternatives the first, without optional parts.
    for entry in worn_phrases():
        met = re.sub(r"\w\?", "", re.sub(r"\(([^|)]*)[^)]*\)", r"\1", re.sub(r"\([^)]*\)\?", "", entry)))
        met = met.replace(r"\w+", "ghost")
        tale = replace(good(), Passage("End 0", f"You see. You {met} go.", (), frozenset({"ending"})))
        assert "worn phrase" in findings(tale, notes=True), entry


def test_passages_that_begin_alike() -> None:
    found = findings(good(), notes=True)
    assert "10 of its 10 passages begin with 'The" not in found  # the second word differs
    alike = [
        Passage(passage.name, f"You are here. {passage.text}", passage.choices, passage.tags)
        for passage in good().passages.values()
    ]
    assert "note: 10 of its 10 passages begin with 'You are …'" in findings(story(alike), notes=True)
    assert "all stories: 50.0% of the passages begin with 'You are …', at most 5%" in findings(
        story(alike), good("b.twee")
    )


def test_eight_words_in_two_stories() -> None:
    shared = SCENE.format("dark") + " Nobody has ever seen the two brown horses swim so fast."
    first = replace(good("a.twee"), Passage("End 0", shared, (), frozenset({"ending"})))
    second = replace(good("b.twee"), Passage("End 1", shared, (), frozenset({"ending"})))
    found = findings(first, second)
    assert "b.twee: passage 'End 1': 'the dark door opens and cold air comes' is also in a.twee" in found
    assert findings(first, replace(good("c.twee"))).count("horses") == 0


def test_a_long_repeated_sequence_is_reported_once() -> None:
    again = "The two brown horses swim over the wide river very fast."
    tale = replace(
        good(),
        *(
            Passage(f"End {n}", f"{SCENE.format('dark' * (n + 1))} {again}", (), frozenset({"ending"}))
            for n in range(3)
        ),
    )
    lines = [line for line in findings(tale, notes=True).splitlines() if "horses" in line]
    assert len(lines) == 1
    assert "occurs 3 times in this story" in lines[0]


def test_a_name_in_too_many_stories() -> None:
    def with_name(n: int) -> Story:
        text = f"{SCENE.format(COLOURS[n])} You see Ottoline. You call Ottoline. Then old Ottoline eats."
        return replace(good(f"{n}.twee"), Passage("End 0", text, (), frozenset({"ending"})))

    assert "Ottoline" not in findings(*(with_name(n) for n in range(3)))
    found = findings(*(with_name(n) for n in range(4)))
    assert "3.twee: the name Ottoline is in 4 stories, at most 3: 0.twee, 1.twee, 2.twee, 3.twee." in found


# ---- words and sentences ---------------------------------------------------------------------------------------


def test_sentences() -> None:
    text = 'Mr. Lee waits. "Who is there?" you ask. "Run!" He runs…\n\nNo end'
    assert sentences(text) == ["Mr. Lee waits.", '"Who is there?" you ask.', '"Run!"', "He runs…", "No end"]


def test_narration_leaves_speech_out() -> None:
    assert (
        narration('He says, "I went." You nod.\n\n"I did not stop,\n\n"and I ran."')
        == 'He says, "" You nod.\n\n""\n\n""'
    )


@pytest.mark.parametrize(
    "word", ["lifts", "carried", "stopped", "hoping", "gently", "wolves", "he'll", "door's", "biggest"]
)
def test_a_form_is_as_common_as_its_base_form(word: str) -> None:
    assert english().is_common(word)


@pytest.mark.parametrize("word", ["halyard", "zxing", "sextant"])
def test_rare_words_are_not_common(word: str) -> None:
    assert not english().is_common(word)


# ---- the command -----------------------------------------------------------------------------------------------

TWEE = ':: StoryData\n{"start": "Gate", "genre": "western"}\n\n:: Gate\nYou wait.\n\n[[Go->Nowhere]]\n[[Stay->Gate]]\n'


def test_the_command_prints_findings_then_the_table(tmp_path: Path) -> None:
    file = tmp_path / "tale.twee"
    file.write_text(TWEE)
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert f"{file}: passage 'Gate': the choice 'Go' leads to 'Nowhere', which does not exist." in lines
    assert lines[-3].split()[:3] == ["genre", "stories", "passages"]
    assert lines[-2].split()[:4] == ["western", "1", "1", "2"]
    assert lines[-1].split()[0] == "total"


def test_notes_of_several_stories_are_shown_when_asked_for(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.twee").write_text(TWEE.replace("You wait.", "You went home."))
    quiet = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert "past tense" not in quiet.stdout
    assert "--notes shows them" in quiet.stderr
    assert "past tense" in CliRunner().invoke(main, ["check", "--notes", str(tmp_path)]).stdout


def test_a_clean_story_exits_with_0(tmp_path: Path) -> None:
    (tmp_path / "tale.twee").write_text(":: Start\nYou wait.\n\n[[Go->End]]\n\n:: End\nYou go.\n")
    assert CliRunner().invoke(main, ["check", "--any-style", str(tmp_path)]).exit_code == 0


def test_a_story_that_cannot_be_read_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "tale.twee").write_text(":: Start [tag\nYou wait.\n")
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert result.exit_code == 2
    assert "tale.twee:1" in result.stderr
    assert result.stdout == ""


def test_file_that_cannot_be_read_does_not_keep_others_from_being_checked(tmp_path: Path) -> None:
    (tmp_path / "a.twee").write_bytes(b":: Start\nCaf\xe9.")
    (tmp_path / "b.twee").write_text(":: Start\nA gate.\n[[Open it->Hall]]\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(tmp_path), "--any-style"])
    assert result.exit_code == 2
    assert "Hall" in result.stdout
    assert "a.twee:2: this is not UTF-8 text" in result.stderr
