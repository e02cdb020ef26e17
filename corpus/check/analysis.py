"""A story with its text split into words and its names found, once for all rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from corpus.check.tokenizer import Word, words
from corpus.check.vocabulary import Vocabulary, is_name, names
from corpus.story import Passage, Story


@dataclass(frozen=True, slots=True)
class Analysis:
    """A story, and the words of its passages and labels."""

    story: Story
    prose: Mapping[str, tuple[Word, ...]]
    """By passage, in the order of the source."""
    labels: Mapping[str, tuple[Word, ...]]
    """By passage: the words of its choices."""
    names: frozenset[str]
    """In lower case: see `vocabulary.names`."""

    def without_names(self, found: tuple[Word, ...]) -> Iterator[str]:
        """Yield those of the words, in lower case, that are not names."""
        return (word.lower for word in found if not is_name(word, self.names))


def analyze(story: Story, vocabulary: Vocabulary) -> Analysis:
    """Return the analysis of a story."""
    prose = {name: tuple(words(passage.text)) for name, passage in story.passages.items()}
    labels = {name: _label_words(passage) for name, passage in story.passages.items()}
    return Analysis(story, prose, labels, names(chain(*prose.values(), *labels.values()), vocabulary))


def _label_words(passage: Passage) -> tuple[Word, ...]:
    return tuple(word for choice in passage.choices for word in words(choice.label))
