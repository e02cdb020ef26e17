"""A story as the rules look at it: with its words cut and its names known, once for all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from corpus.check.tokenizer import Word, words
from corpus.check.vocabulary import Vocabulary, is_name, names
from corpus.story import Passage, Story


@dataclass(frozen=True, slots=True)
class Reading:
    """A story, and the words of its passages and labels."""

    story: Story
    prose: Mapping[str, tuple[Word, ...]]
    """By passage, in the order of the source."""
    labels: Mapping[str, tuple[Word, ...]]
    """By passage: the words of its choices."""
    names: frozenset[str]
    """In small letters: see `vocabulary.names`."""

    def ordinary(self, found: tuple[Word, ...]) -> Iterator[str]:
        """Those words, in small letters, that are no names."""
        return (word.lower for word in found if not is_name(word, self.names))


def read_closely(story: Story, vocabulary: Vocabulary) -> Reading:
    """The story's `Reading`."""
    prose = {name: tuple(words(passage.text)) for name, passage in story.passages.items()}
    labels = {name: _label_words(passage) for name, passage in story.passages.items()}
    return Reading(story, prose, labels, names(chain(*prose.values(), *labels.values()), vocabulary))


def _label_words(passage: Passage) -> tuple[Word, ...]:
    return tuple(word for choice in passage.choices for word in words(choice.label))
