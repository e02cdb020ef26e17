"""Which words are common, and which exist at all, by pyspellchecker's English frequency list.

The list counts 160,000 words in film subtitles, in American spelling. British spellings and missing words are added
from `words.txt` beside this module. A form with a regular ending (-s, -ed, -ing, -er, -est, -ly, -'s, …) is as
common as its base form. pyspellchecker is in the corpus extra and is imported on use.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus.check.tokenizer import Word

COMMON_WORDS = 6_000
"""How many of the most frequent words count as common."""

# Rarer and shorter entries don't help to split a compound: the list has "th" and "ous".
_PARTS = 20_000
_SHORTEST_PART = 3

_SHORT_FORMS = ("'s", "'d", "'ll", "'ve", "'re", "'m", "n't", "'")
_ENDINGS = (
    *(("ies", "y"), ("ied", "y"), ("ier", "y"), ("iest", "y"), ("ily", "y"), ("ying", "ie"), ("ves", "f")),
    *((ending, "") for ending in ("es", "s", "ed", "ing", "er", "est", "ly")),
)
_MAY_LOSE_AN_E = ("ed", "ing", "er", "est")
_BRITISH = (("our", "or"), ("ise", "ize"), ("isi", "izi"), ("yse", "yze"), ("ogue", "og"), ("ll", "l"))


@dataclass(frozen=True)
class Vocabulary:
    """Sets of words in lower case."""

    top: frozenset[str]
    parts: frozenset[str]
    """Words that can be parts of a compound."""
    known: frozenset[str]

    def is_common(self, word: str) -> bool:
        """Return whether the word, or its base form, is among the `COMMON_WORDS` most frequent."""
        return _any_form(word, self.top)

    def is_word(self, word: str) -> bool:
        """Return whether the list has the word, its base form, or its American spelling."""
        if _any_form(word, self.known):
            return True
        return any(british in word and _any_form(word.replace(british, us), self.known) for british, us in _BRITISH)

    def compound(self, word: str) -> tuple[str, str] | None:
        """Return the two words that it is composed of: "lampkeeper" is lamp and keeper; or None."""
        splits = ((word[:at], word[at:]) for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1))
        return next((split for split in splits if all(_any_form(part, self.parts) for part in split)), None)


@cache
def english() -> Vocabulary:
    """Return the English vocabulary, read once. Raises ModuleNotFoundError without pyspellchecker."""
    from spellchecker import SpellChecker

    counts: Counter[str] = Counter(SpellChecker(language="en").word_frequency.dictionary)
    added = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
    top = frozenset(word for word, _ in counts.most_common(COMMON_WORDS))
    parts = frozenset(word for word, _ in counts.most_common(_PARTS))
    return Vocabulary(top, parts, frozenset(counts) | frozenset(added))


def names(words: Iterable[Word], vocabulary: Vocabulary) -> frozenset[str]:
    """Return the words of a story that are always names, in lower case, without their 's.

    They are never in lower case, and either capitalised inside a sentence or, if used twice or more, not in the list.
    """
    lower_case: set[str] = set()
    capital: Counter[str] = Counter()
    inside: set[str] = set()
    for word in words:
        bare = word.lower.removesuffix("'s")
        if not word.capital:
            lower_case.add(bare)
            continue
        capital[bare] += 1
        if not word.opens:
            inside.add(bare)
    return frozenset(
        word
        for word, count in capital.items()
        if word not in lower_case and (word in inside or (count > 1 and not vocabulary.is_word(word)))
    )


def is_name(word: Word, known_names: frozenset[str]) -> bool:
    """Return whether this occurrence of the word is a name."""
    return word.capital and (not word.opens or word.lower.removesuffix("'s") in known_names)


def _any_form(word: str, entries: frozenset[str]) -> bool:
    return word in entries or any(form in entries for form in _base_forms(word))


def _base_forms(word: str) -> Iterator[str]:
    """Yield possible base forms of `word`; many don't exist, so they have to be looked up."""
    for ending in _SHORT_FORMS:
        if word.endswith(ending):
            bare = word.removesuffix(ending)
            yield bare
            yield from _base_forms(bare)
            return
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            bare = word.removesuffix(ending) + replacement
            yield bare
            if ending == "ves":
                yield bare + "e"
            if ending in _MAY_LOSE_AN_E:
                yield bare + "e"
                if len(bare) > 2 and bare[-1] == bare[-2]:
                    yield bare[:-1]
    if word.endswith("ly"):
        yield word[:-1] + "e"  # gently, simply
    if word.endswith(("ers", "ings")):
        yield from _base_forms(word[:-1])
