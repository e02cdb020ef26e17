"""The built-in scenarios: complete, plainly written, distinct, and never cut in the prompt."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from spellchecker import SpellChecker

import corpus
import dungeon
from corpus.actions import action_line, read_input
from corpus.check.language import COMMON
from corpus.check.repetition import NGRAM, worn_phrases
from corpus.check.tokenizer import sentences, words
from corpus.check.vocabulary import english, is_name, names
from corpus.check.word_lists import NO_CONTENT
from corpus.readers import read
from corpus.turns import PARAGRAPH, PROMPT_END, Kind, clean_prose
from dungeon.scenarios.library import builtin_scenarios
from dungeon.scenarios.model import Scenario, fill_placeholders, placeholder_names, read_scenario
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.lore import Card, Lore, triggered_cards
from tests.dungeon.tales import prompt_for
from tests.genres import GENRES

LIBRARY = Path(corpus.__file__).parent / "library"
BUDGET = 2048 - 80 - 20 - 16  # the tokens that the session leaves for a prompt with the bundled voice
each_scenario = pytest.mark.parametrize("scenario", builtin_scenarios(), ids=lambda scenario: scenario.name)


def texts(scenario: Scenario) -> list[str]:
    """Everything that the player or the voice reads, but for the actions and the keys of cards."""
    return [scenario.title, scenario.opening, scenario.memory, scenario.note, *(card.text for card in scenario.cards)]


@pytest.fixture(scope="module")
def common_words() -> set[str]:
    """The thousand commonest words of English."""
    counts = Counter(SpellChecker(language="en").word_frequency.dictionary)
    return {word for word, _ in counts.most_common(1_000)}


def test_there_are_five_of_each_genre() -> None:
    scenarios = builtin_scenarios()
    assert len(scenarios) == 60
    assert Counter(scenario.genre for scenario in scenarios) == dict.fromkeys(GENRES, 5)
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert len({scenario.title.casefold() for scenario in scenarios}) == len(scenarios)
    assert list(scenarios) == sorted(scenarios, key=lambda scenario: (scenario.genre, scenario.title))


def test_each_file_is_read_the_same_as_a_players_file() -> None:
    folder = Path(dungeon.__file__).parent / "scenarios" / "data"
    for scenario in builtin_scenarios():
        read = read_scenario(folder / f"{scenario.name}.toml")
        assert msgspec.structs.replace(read, name=scenario.name) == scenario


@each_scenario
def test_each_scenario_is_complete(scenario: Scenario, common_words: set[str]) -> None:
    assert set(placeholder_names(scenario)) == {placeholder.name for placeholder in scenario.placeholders}
    scenario = fill_placeholders(scenario, {})
    assert 60 <= len(scenario.opening.split()) <= 120
    assert scenario.opening.startswith("You are ")
    assert scenario.opening[-1] in '.!?"'
    assert 20 <= len(scenario.memory.split()) <= 50
    assert 0 < len(scenario.note.split()) <= 20
    for text in texts(scenario):
        assert text == clean_prose(text) != ""
        assert not set("“”‘’") & set(text), "quotes are straight"
    assert len(scenario.actions) == 3
    assert sum(action.startswith('"') for action in scenario.actions) == 1, "one of them is speech"
    for action in scenario.actions:
        kind, typed = read_input(action)
        assert action_line(kind, typed).startswith('You say "' if kind is Kind.SAY else "You ")
    assert len(scenario.cards) in (1, 2, 3)
    for card in scenario.cards:
        assert 15 <= len(card.text.split()) <= 40
        assert card.text not in scenario.opening
        assert card.keys
        for key in card.keys:
            assert key == key.strip() != ""
            assert key.lower() not in common_words | NO_CONTENT, "a common word would trigger the card every other turn"
        assert triggered_cards((card,), [scenario.opening + PARAGRAPH + scenario.memory]), (
            "a key is in the opening or the memory"
        )


@each_scenario
def test_each_scenario_is_written_plainly(scenario: Scenario) -> None:
    scenario = fill_placeholders(scenario, {})
    assert 8 <= len(scenario.opening.split()) / len(sentences(scenario.opening)) <= 12
    found = list(words(scenario.opening))
    plain = [word.lower for word in found if not is_name(word, names(found, english()))]
    assert sum(map(english().is_common, plain)) >= COMMON * len(plain)
    everything = PARAGRAPH.join(texts(scenario)).lower()
    assert [entry for entry, phrase in worn_phrases().items() if phrase.pattern.search(everything)] == []


@each_scenario
def test_the_prompt_has_all_of_each_scenario(scenario: Scenario) -> None:
    scenario = fill_placeholders(scenario, {})

    def prompt(lore: Lore) -> str:
        adventure = Adventure(1, scenario.title, scenario.opening, lore=lore)
        node = Node(1, None, Kind.CONTINUE, "", "")
        adventure.add(node)
        return prompt_for(adventure, node, BUDGET)

    def expected(cards: list[Card]) -> str:
        note = f"[Author's note: {scenario.note}]"
        return PARAGRAPH.join([scenario.memory, scenario.opening, *(card.text for card in cards), note]) + PROMPT_END

    triggered = [hit.card for hit in triggered_cards(scenario.cards, [scenario.opening])]
    assert prompt(scenario.lore) == expected(triggered)
    every = [Card(card.keys, card.text, always=True) for card in scenario.cards]
    assert prompt(Lore(scenario.memory, scenario.note, tuple(every))) == expected(every)


def test_the_players_answers_are_in_the_story() -> None:
    with_questions = [scenario for scenario in builtin_scenarios() if scenario.placeholders]
    assert len(with_questions) >= 12
    for scenario in with_questions:
        answers = {placeholder.name: f"Zq{placeholder.name}" for placeholder in scenario.placeholders}
        filled = fill_placeholders(scenario, answers)
        for placeholder in scenario.placeholders:
            assert placeholder.ask.endswith("?")
            assert placeholder.default.strip()
            assert answers[placeholder.name] in filled.opening
            assert answers[placeholder.name] in filled.memory
        keys = [key for card in filled.cards for key in card.keys]
        assert not [text for text in (*texts(filled), *filled.actions, *keys) if "${" in text]


def test_no_opening_repeats_another_or_the_library() -> None:
    places = defaultdict[tuple[str, ...], set[str]](set)
    for scenario in builtin_scenarios():
        for run in word_runs(fill_placeholders(scenario, {}).opening):
            places[run].add(scenario.name)
    for story in read(LIBRARY):
        for passage in story.passages.values():
            for run in word_runs(passage.text):
                if run in places:
                    places[run].add(story.title)
    assert {" ".join(run): found for run, found in places.items() if len(found) > 1} == {}


def word_runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every `NGRAM` words in a row."""
    small = [word.lower for word in words(text)]
    return zip(*(small[start:] for start in range(NGRAM)), strict=False)
