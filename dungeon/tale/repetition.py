"""Repetition in a turn: sentences that were there before, and words that go in circles.

    find_loop("It rains and it rains and it rains and it rains")      # the index by which the words loop
    is_known("it rains", {"it rains"}, (), earlier=[])                # True

Sentences are compared as bare words (`output_policy.bare_words`).
"""

import re
from collections.abc import Container, Iterable, Sequence
from itertools import pairwise

from corpus.words import HELPERS, IS, OTHERS, SUBJECTS, word_set

Bigrams = frozenset[tuple[str, str]]

_SIMILAR = 0.75
"""The share of bigrams (pairs of neighbouring words) that two nearly equal sentences have in common."""
_SIMILAR_WORDS = 8
"""The fewest words of a sentence that may be nearly another one: in a shorter one, one other word makes it another."""
_PHRASE = 5
"""Words of a stock phrase."""
_OF_CLAUSES = (SUBJECTS | OTHERS | IS | HELPERS | word_set("me him them us my your his")) - word_set("this that")
"""Pronouns and helping verbs, which the name of a thing does not have."""
_WINDOW = 80
"""Words in which the same four must not appear three times."""
_TIMES_IN_A_ROW = ((1, 10), (2, 4), *((n, 3) for n in range(3, 13)))
"""(words, times): so many words must not appear so many times in a row."""


def has_words(words: str, at_least: int) -> bool:
    """Whether bare words are at least that many."""
    return words.count(" ") >= at_least - 1


def sentence_bigrams(sentences: Iterable[str]) -> tuple[Bigrams, ...]:
    """Return the bigrams of each sentence that is long enough to be compared by them."""
    return tuple(frozenset(pairwise(words.split())) for words in sentences if has_words(words, _SIMILAR_WORDS))


def is_known(words: str, known: Container[str], known_bigrams: Sequence[Bigrams], earlier: Sequence[str]) -> bool:
    """Whether a sentence is one of the known or earlier sentences, word for word or nearly."""
    if words in known or words in earlier:
        return bool(words)
    return any(
        2 * len(bigrams & other) >= _SIMILAR * (len(bigrams) + len(other))
        for bigrams in sentence_bigrams([words])
        for other in (*known_bigrams, *sentence_bigrams(earlier))
    )


def stock_phrases(turns: Iterable[str], typed: Iterable[str], names: Container[str]) -> frozenset[str]:
    """Return the runs of `_PHRASE` words that two of the turns have.

    All texts are bare words. What the player typed is theirs to hear again, and so are names; and only a clause counts,
    a run with a pronoun or a helping verb: "the man in white gloves" is what a thing is called.
    """
    seen: set[str] = set()
    found: set[str] = set()
    for words in turns:
        runs = set(_runs(words))
        found |= runs & seen
        seen |= runs
    found.difference_update(run for words in typed for run in _runs(words))
    return frozenset(run for run in found if _is_clause(run.split(), names))


def has_phrase(words: str, phrases: frozenset[str]) -> bool:
    """Return whether bare words have one of the phrases that `stock_phrases` returned."""
    return bool(phrases) and not phrases.isdisjoint(_runs(words))


def _runs(words: str) -> Iterable[str]:
    """Return all runs of `_PHRASE` words."""
    parts = words.split()
    return (" ".join(parts[at : at + _PHRASE]) for at in range(len(parts) - _PHRASE + 1))


def _is_clause(run: Sequence[str], names: Container[str]) -> bool:
    return not any(word in names for word in run) and not _OF_CLAUSES.isdisjoint(run)


def find_loop(text: str) -> int | None:
    """Return the index by which a text goes in circles, None if it does not."""
    same_letter = re.search(r"(\S)\1{19,}", text)
    stop = same_letter.end() if same_letter else None
    words = list[str]()
    places: dict[str, list[int]] = {}
    """For each word the counts of words up to each of its places."""
    for match in re.finditer(r"\w+", text[:stop]):
        words.append(match[0].lower())
        before = places.setdefault(words[-1], [])
        if _repeats_in_a_row(words, before) or _repeats_in_window(words, before):
            return match.end()
        before.append(len(words))
    return stop


def _repeats_in_a_row(words: list[str], before: list[int]) -> bool:
    """Whether the last words stand too many times in a row; `before`: the counts at the last word's earlier places."""
    return any(len(words) - n in before and words[-n:] * times == words[-n * times :] for n, times in _TIMES_IN_A_ROW)


def _repeats_in_window(words: list[str], before: list[int]) -> bool:
    """Whether the last four words, two of them different, stand three times within the window."""
    last = words[-4:]
    if len(last) < 4 or len(set(last)) == 1:
        return False
    again = sum(at > len(words) - _WINDOW and words[at - 4 : at] == last for at in before)
    return again >= 2
