"""A linter for writers of branching stories: `dungeon corpus check corpus/library`.

`check` applies two sets of rules. The rules of the graph are for any story. The others describe the style of our own
library, which a small model is trained on and people play: they limit lengths, shares and vocabulary, and find
repetition across stories. Each rule is a function with its limit as a constant beside it:

    graph.py       links, reachability, endings
    passage.py     one passage: length, person, tense, characters
    language.py    one story: sentences, vocabulary, spelling, its choices
    repetition.py  all stories: worn phrases, beginnings, shared sequences of words, names

Limits: the language rules are for English, and they are heuristics on words, not on meaning. Only a reader can tell
whether facts stay consistent along every path.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.check import graph, language, passage, repetition
from corpus.check.analysis import Analysis, analyze
from corpus.check.finding import ALL_STORIES, Finding
from corpus.check.statistics import Statistics, table
from corpus.check.vocabulary import Vocabulary, english
from corpus.reachability import reachability_warning
from corpus.story import Story

__all__ = ["ALL_STORIES", "CheckResult", "Finding", "check", "table"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings, sorted by story, and a table of statistics by genre."""

    findings: tuple[Finding, ...]
    table: str

    @property
    def clean(self) -> bool:
        """Whether there is no error; notes don't count."""
        return all(finding.note for finding in self.findings)


def check(stories: Sequence[Story], any_style: bool = False) -> CheckResult:
    """Check the stories; with `any_style`, only by the rules for any story. Needs pyspellchecker."""
    vocabulary = english()
    analyses = [analyze(story, vocabulary) for story in stories]
    statistics = [language.measure(analysis, vocabulary) for analysis in analyses]
    found: list[Finding] = []
    for analysis, measured in zip(analyses, statistics, strict=True):
        found += _check_any_story(analysis.story)
        if not any_style:
            found += _check_style(analysis, measured, vocabulary)
    if not any_style:
        found += _check_repetition(analyses)
    order = [*dict.fromkeys(story.source for story in stories), ALL_STORIES]
    found.sort(key=lambda finding: (order.index(finding.source), finding.note))
    genres = ((story.genre, measured) for story, measured in zip(stories, statistics, strict=True))
    return CheckResult(tuple(found), table(genres))


def _check_any_story(story: Story) -> Iterator[Finding]:
    yield from graph.reachability(story)
    if warning := reachability_warning(story):
        yield Finding(story.source, "", warning)
    for note in story.notes:
        if not story.dangling() or not note.startswith("Choices lead to"):
            yield Finding(story.source, "", note, note=True)


def _check_style(analysis: Analysis, statistics: Statistics, vocabulary: Vocabulary) -> Iterator[Finding]:
    story = analysis.story
    yield from graph.endings(story)
    yield from graph.choices(story)
    yield from passage.length(story)
    yield from passage.person(story)
    yield from passage.tense(story)
    yield from passage.characters(story)
    yield from language.shares(story, statistics)
    yield from language.sentence_length(story, statistics)
    yield from language.common_words(analysis, statistics, vocabulary)
    yield from language.spelling(analysis, vocabulary)
    yield from language.answers(story)
    yield from repetition.beginnings_in_story(analysis)
    yield from repetition.ngrams_in_story(analysis)


def _check_repetition(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    yield from repetition.uses_of_worn_phrases(analyses)
    if len(analyses) > 1:
        yield from repetition.beginnings(analyses)
        yield from repetition.ngrams(analyses)
        yield from repetition.names(analyses)
