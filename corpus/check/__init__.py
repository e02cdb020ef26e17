"""A linter for people who write branching stories: `dungeon corpus check corpus/library`.

`check` looks at stories by two sets of rules. The graph's hold for any story. The others are the style of our own
library, which a small model learns from and a reader plays: they bound lengths, shares and vocabulary, and fight
sameness across stories. Each rule is a function with its limit as a constant beside it:

    graph.py     every way leads on, every end is meant
    page.py      a passage: length, person, tense, characters
    language.py  a story: sentences, vocabulary, spelling, what its choices are
    repetition.py  all stories: worn phrases, beginnings, shared words, names

Limits: the language rules are for English, and heuristics: they look at words, not at meaning. Whether facts stay true
along every path, only a reader can say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.check import graph, language, passage, repetition
from corpus.check.analysis import Reading, read_closely
from corpus.check.finding import ALL_STORIES, Finding
from corpus.check.statistics import Figures, table
from corpus.check.vocabulary import Vocabulary, english
from corpus.story import Story

__all__ = ["ALL_STORIES", "Checked", "Finding", "check", "table"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, story by story, and the stories in figures by genre."""

    findings: tuple[Finding, ...]
    table: str

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong; notes are allowed."""
        return all(finding.note for finding in self.findings)


def check(stories: Sequence[Story], any_style: bool = False) -> Checked:
    """What is wrong with the stories; with `any_style`, by the rules that hold for any story only.

    Raises ModuleNotFoundError without pyspellchecker.
    """
    vocabulary = english()
    readings = [read_closely(story, vocabulary) for story in stories]
    figures = [language.measure(reading, vocabulary) for reading in readings]
    found: list[Finding] = []
    for reading, measured in zip(readings, figures, strict=True):
        found += _of_any_story(reading.story)
        if not any_style:
            found += _of_our_story(reading, measured, vocabulary)
    if not any_style:
        found += _of_our_stories(readings)
    order = [*dict.fromkeys(story.source for story in stories), ALL_STORIES]
    found.sort(key=lambda finding: (order.index(finding.source), finding.note))
    genres = ((story.genre, measured) for story, measured in zip(stories, figures, strict=True))
    return Checked(tuple(found), table(genres))


def _of_any_story(story: Story) -> Iterator[Finding]:
    yield from graph.whole(story)
    for note in story.notes:
        if not story.dangling() or not note.startswith("Choices lead to"):
            yield Finding(story.source, "", note, note=True)


def _of_our_story(reading: Reading, figures: Figures, vocabulary: Vocabulary) -> Iterator[Finding]:
    story = reading.story
    yield from graph.endings(story)
    yield from graph.choices(story)
    yield from passage.length(story)
    yield from passage.person(story)
    yield from passage.tense(story)
    yield from passage.characters(story)
    yield from language.shares(story, figures)
    yield from language.sentence_length(story, figures)
    yield from language.common_words(reading, figures, vocabulary)
    yield from language.spelling(reading, vocabulary)
    yield from language.answers(story)
    yield from repetition.beginnings_in_story(reading)
    yield from repetition.runs_in_story(reading)


def _of_our_stories(readings: Sequence[Reading]) -> Iterator[Finding]:
    yield from repetition.phrases(readings)
    if len(readings) > 1:
        yield from repetition.beginnings(readings)
        yield from repetition.runs(readings)
        yield from repetition.names(readings)
