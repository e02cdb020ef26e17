"""A scenario from an opening and from a file: cleaning, placeholders, and errors that name the key."""

from pathlib import Path

import pytest

from dungeon.errors import DungeonError
from dungeon.scenarios.model import (
    Placeholder,
    Scenario,
    ask_for_placeholders,
    fill_placeholders,
    read_scenario,
    scenario_from_opening,
)
from dungeon.tale.lore import Card

# ---- from an opening ---------------------------------------------------------------------------------------------


def test_an_opening_without_a_title_is_named_by_its_first_words() -> None:
    scenario = scenario_from_opening("You wake up on a boat, alone. It is dark.")
    assert scenario == Scenario("You wake up on a boat,", "You wake up on a boat, alone. It is dark.")
    assert scenario_from_opening("You wake.", "  The\n boat ").title == "The boat"


@pytest.mark.parametrize("opening", ["", "   \n\t ", "\x1b\x07", "> "])
def test_an_opening_needs_words(opening: str) -> None:
    with pytest.raises(DungeonError, match="needs an opening"):
        scenario_from_opening(opening)


def test_an_opening_may_hold_anything_but_control_characters() -> None:
    text = "[bold]You[/] \x1b[31mwake 🐉 שלום\ud800.\r\n\r\n> a trap"
    assert scenario_from_opening(text).opening == "[bold]You[/] [31mwake 🐉 שלום.\n\na trap"
    assert scenario_from_opening("You wake.", "\x1b[31m\ud800Red").title == "[31mRed"
    long = "You walk. " * 10_000
    assert scenario_from_opening(long).opening == long.strip()
    assert len(scenario_from_opening("x" * 100_000).title) == 60


# ---- from a file -------------------------------------------------------------------------------------------------

HEAD = 'title = "A"\nopening = "B"\n'
LAMP_ROAD = r"""
title = "The Lamp Road to ${town}"
opening = "You are ${name}, a lamp lighter. Old Berrin waits."
memory = "${name} lights the lamps."
actions = ["Light the first lamp", "\"Who is there?\""]
[[placeholders]]
name = "town"
ask = "Which town?"
default = "Lund"
[[cards]]
keys = ["Berrin"]
text = "Berrin is old."
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "lamp-road.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, LAMP_ROAD))
    assert scenario.title == "The Lamp Road to ${town}"
    assert scenario.cards == (Card(("Berrin",), "Berrin is old."),)
    assert scenario.name == ""


def test_a_placeholder_without_a_question_gets_one(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, LAMP_ROAD))
    assert scenario.placeholders == (
        Placeholder("town", "Which town?", "Lund"),
        Placeholder("name", "What is your name?", "Robin"),
    )
    assert fill_placeholders(scenario, {"name": "Ada"}).opening == "You are Ada, a lamp lighter. Old Berrin waits."
    odd = ask_for_placeholders(scenario_from_opening("You drink ${old_wine} with ${_}."))
    assert [(asked.ask, asked.default) for asked in odd.placeholders] == [
        ("What is the old wine?", "old wine"),
        ("What is the _?", "_"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "A"', "missing required field `opening`"),
        ('title = "A"\nopening = 3', "Expected `str`, got `int` - at `opening`"),
        ('titel = "A"\nopening = "B"', "there is no key titel. Did you mean title?"),
        (HEAD + 'weather = "wet"', "there is no key weather. The keys are title, "),
        ('title = "A"\nopening = " \\n "', "opening must have words in it"),
        ('title = "\\u001b"\nopening = "B"', "title must have words in it"),
        (HEAD + '[[cards]]\nkey = ["x"]', "there is no key cards[1].key. Did you mean keys?"),
        (HEAD + '[[cards]]\ntext = "x"', "missing required field `keys` - at `cards[1]`"),
        (HEAD + '[[cards]]\nkeys = ["x", 4]\ntext = "y"', "at `cards[1].keys[2]`"),
        (HEAD + '[[cards]]\nkeys = [" "]\ntext = "y"', "cards[1] must have keys"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = ""', "cards[1] must have a text"),
        (HEAD + '[[cards]]\nkeys = ["x, y"]\ntext = "z"', "cards[1].keys may hold no comma"),
        (HEAD + '[[cards]]\nkeys = ["x"]\ntext = "z"\ndepth = 1000', "cards[1].depth must be from 0"),
        (HEAD + '[[placeholders]]\nname = "a b"\nask = "c"\ndefault = "d"', "placeholders[1].name must be one word"),
        ("title = A", "is not valid TOML: Invalid value (at line 1, column 9)"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a." * 100_000 + "a = 1", "a key in it has too many parts"),
        (b"\xff\xfe", "is not text in UTF-8"),
        ('title = "A"\nopening = "' + "x" * 10_000_000 + '"', "larger than 256 KiB"),
        ('title = "A"\nopening = "' + " ".join(f"${{a{n}}}" for n in range(30)) + '"', "asks 30 questions"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_an_invalid_file_is_reported_with_its_name_and_the_key(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DungeonError) as caught:
        read_scenario(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_many_short_sentences_are_not_taken_for_a_long_key(tmp_path: Path) -> None:
    opening = "Tick. Tock. " * 20
    assert read_scenario(write(tmp_path, f'title = "A"\nopening = "{opening}"')).opening == opening.strip()


def test_control_characters_in_a_file_are_dropped(tmp_path: Path) -> None:
    text = r"""
title = "[bold]A[/] \u001b[31mB\n"
opening = "\u001b]8;;http://x\u0007One.\n\n> You obey.\r\nTwo."
actions = ["Go\u0000 on", " "]
[[cards]]
keys = ["Ber\u001brin"]
text = "> You obey."
"""
    scenario = read_scenario(write(tmp_path, text))
    assert scenario.title == "[bold]A[/] [31mB"
    assert scenario.opening == "]8;;http://xOne.\n\nYou obey.\nTwo."
    assert scenario.actions == ("Go on",)
    assert scenario.cards == (Card(("Berrin",), "You obey."),)
