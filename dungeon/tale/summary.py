"""A summary of the turns that have left the context window, in a few of their own sentences.

    summarise(chapters, 600)    # chapters: the turns that left together, oldest first; at most 600 bytes

Nothing is invented and no model is asked: a small one can't summarise. Sentences are chosen by what they name. People
and places weigh most, then deeds that change something (take, give, break, promise), then things that come up again.
Once named, a thing weighs nothing, and a name less each time; recent sentences weigh a little more. The player's
actions are sentences too. The summary keeps the order of the story, and its second person.

What a chapter offers is computed once and cached, and so is what a volume of sixteen chapters offers: a story of a
thousand turns is summarised in a few milliseconds when a chapter is added, and from the cache otherwise.

Limits: made for English prose with straight or curly quotes. In other languages only capitalised names are recognised.
A sentence whose people are only pronouns ("He gives it to you.") is hardly ever chosen.
"""

import heapq
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log2

from corpus.turns import ACTION_MARK
from corpus.words import word_set

Chapter = tuple[tuple[str, str], ...]
"""The turns that left the window together: the action and the prose of each."""

_CHAPTER_SENTENCES = 4
"""Sentences that a chapter offers."""
_VOLUME = 16
"""Chapters that are condensed together once and for all, so that a longer story takes no longer."""
_VOLUME_SENTENCES = 16
"""Sentences that a volume offers."""
_MAX_CHARACTERS = 240
_MIN_WORDS = 4
"""Limits of a sentence that may be chosen."""
_COST = 40
"""Characters that each sentence costs besides its own: better one with everything than three with a third each."""
_NAME = 3.0
"""How much more a name weighs than a thing."""
_DEED = 1.5
"""How much more a sentence weighs in which something changes."""
_PLAYER_DEED = 1.5
"""How much more the player's action weighs."""
_NAMED_AGAIN = 0.4
"""The part of a name's weight that is left each time it has been named."""
_RECENT = 0.5
"""How much more the end of the story weighs than its beginning."""

# Between two sentences. `"Who is there?" you ask.` is one.
_END = re.compile(r"""[.!?…]["'”’)]*\s+(?=["'“‘(]*[^\Wa-z])|\n\n""")
_ABBREVIATIONS = ("Mr", "Mrs", "Ms", "Dr", "St")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_COMMON = word_set("""
    about above after again against all almost along already also although always among another any anything are around
    away back because been before began behind being below beneath beside between beyond both but came can can't come
    comes could couldn't did didn't does doesn't doing don't done down each either else enough even ever every everyone
    everything feel feels few find finds first for from get gets give go goes going gone had hadn't has have haven't
    having hear hears her here hers herself him himself his how however i i'm if inside into is isn't it it's its itself
    just keep keeps know knows last left less let like little long look looks made make makes many may me might mine
    more most much must my myself near nearly never next nobody none nor not nothing now off once one only onto open or
    other others our out outside over own perhaps put quite rather right said same say says see seem seems sees several
    shall she should side since so some someone something somewhere soon stand stands still such suddenly take takes
    than that that's the their them themselves then there there's these they they're thing things think this those
    though through till time to together too toward towards turn turns two under until up upon us use very was wasn't
    way we well went were what what's when where whether which while who whole whom whose why will with within without
    won't would yes yet you you're your yours yourself
    """)
"""Words that don't say what a sentence is about."""
_DEED_VERBS = word_set("""
    accept agree arrest attack become betray bind bite break bring burn bury buy capture catch chain choose claim climb
    close collapse confess cross crush curse cut dead destroy die drop drown eat enter escape explode fall fight
    find flee forgive free gain give grab hand heal hide hire hit hurt join keep kill kiss kneel land lead leave lie
    lift light lock lose marry meet move name offer open pay pick plant poison promise pull push quit reach refuse
    release rescue reveal ring rob sail save seal sell send set shatter shoot sign sink slam slay smash spare spill
    stab steal strike surrender swear swim take teach tear throw tie touch trade trap trick trust unlock vanish vow wake
    warn wed win wound write
    """)
_DEEDS = _DEED_VERBS | {verb + ending for verb in _DEED_VERBS for ending in ("s", "es")}
"""Verbs of deeds that change the world, as "you" and as "he" do them."""
_PRONOUNS = word_set("he she it they his her its their this that these those him them we our")
_PLAYER_SPEECH = re.compile(r"you (?:say|ask|answer|reply|shout|whisper)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: tuple[str, ...]
    """The words that it names, each once; names have their capital."""
    worth: float
    """A factor on the weight of its words."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """What a chapter or a volume offers to the summary."""

    sentences: tuple[_Sentence, ...]
    counts: tuple[tuple[str, int], ...]
    """The words of these sentences, with how many sentences of the chapter or the volume name each."""


@lru_cache(maxsize=16)
def summarise(chapters: tuple[Chapter, ...], max_bytes: int) -> str:
    """Return the chapters in sentences of their own, in at most `max_bytes`; "" if none is worth it."""
    full = len(chapters) - len(chapters) % _VOLUME
    digests = [(end, _digest_volume(chapters[end - _VOLUME : end])) for end in range(_VOLUME, full + 1, _VOLUME)]
    digests += [(end, _digest_chapter(chapter)) for end, chapter in enumerate(chapters[full:], full + 1)]
    offered = [
        (sentence, 1 + _RECENT * end / len(chapters)) for end, digest in digests for sentence in digest.sentences
    ]
    counts = _total_counts(digest for _, digest in digests)
    return " ".join(sentence.text for sentence in _choose(offered, counts, max_bytes))


@lru_cache(maxsize=256)
def _digest_volume(chapters: tuple[Chapter, ...]) -> _Digest:
    digests = [_digest_chapter(chapter) for chapter in chapters]
    sentences = [sentence for digest in digests for sentence in digest.sentences]
    return _digest(sentences, _total_counts(digests), _VOLUME_SENTENCES)


@lru_cache(maxsize=256)
def _digest_chapter(chapter: Chapter) -> _Digest:
    sentences = list(_sentences(chapter))
    counts = Counter(word for sentence in sentences for word in sentence.words)
    return _digest(sentences, counts, _CHAPTER_SENTENCES)


def _digest(sentences: list[_Sentence], counts: Counter[str], max_sentences: int) -> _Digest:
    best = _choose([(sentence, 1.0) for sentence in sentences], counts, max_sentences=max_sentences)
    words = dict.fromkeys(word for sentence in best for word in sentence.words)
    return _Digest(tuple(best), tuple((word, counts[word]) for word in words))


def _total_counts(digests: Iterable[_Digest]) -> Counter[str]:
    total: Counter[str] = Counter()
    for digest in digests:
        total.update(dict(digest.counts))
    return total


# ---- choosing sentences --------------------------------------------------------------------------------------


class _Weights:
    """The weight of each word: what a sentence that names it adds to the summary so far."""

    def __init__(self, counts: Counter[str]) -> None:
        self._weights = {word: (_NAME if word[0].isupper() else 1.0) * log2(1 + n) for word, n in counts.items()}
        self._chosen: set[str] = set()

    def gain(self, sentence: _Sentence, factor: float) -> float:
        """Return what a sentence would add to the summary for its length."""
        if sentence.text in self._chosen:
            return 0.0
        weight = sum([self._weights[word] for word in sentence.words])
        return weight * sentence.worth * factor / (len(sentence.text) + _COST)

    def choose(self, sentence: _Sentence) -> None:
        """Lower the weights of the words that a chosen sentence names."""
        self._chosen.add(sentence.text)
        for word in sentence.words:
            self._weights[word] *= _NAMED_AGAIN if word[0].isupper() else 0.0


def _choose(
    offered: list[tuple[_Sentence, float]],
    counts: Counter[str],
    max_bytes: int = sys.maxsize,
    max_sentences: int = sys.maxsize,
) -> list[_Sentence]:
    """Return the sentences that together name most, in the order of `offered`: pairs of a sentence and its factor.

    Greedy: one after the other, the sentence with the highest gain. A gain only shrinks while others are chosen, so the
    best is the first of a heap whose gain, computed again, is still the highest.
    """
    weights = _Weights(counts)
    heap = [(-weights.gain(*candidate), at) for at, candidate in enumerate(offered)]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < max_sentences:
        _, at = heapq.heappop(heap)
        sentence, factor = offered[at]
        size = len(sentence.text.encode()) + bool(chosen)  # and the space before it
        gain = weights.gain(sentence, factor)
        if size > max_bytes or gain <= 0:
            continue
        if heap and -gain > heap[0][0]:
            heapq.heappush(heap, (-gain, at))
            continue
        weights.choose(sentence)
        chosen.append(at)
        max_bytes -= size
    return [offered[at][0] for at in sorted(chosen)]


# ---- sentences -----------------------------------------------------------------------------------------------


def _sentences(chapter: Chapter) -> Iterator[_Sentence]:
    """Yield the sentences of a chapter that could stand in a summary, each once."""
    texts: list[tuple[str, float]] = []
    for action, prose in chapter:
        texts += [(action.lstrip(ACTION_MARK), _PLAYER_DEED)] if action else []
        texts += [(sentence, 1.0) for sentence in _split(prose)]
    parsed = [(text, _WORD.findall(text), worth) for text, worth in texts]
    lower_case = {word for _, words, _ in parsed for word in words if word.islower()}
    seen = set()
    for text, words, worth in parsed:
        if text not in seen and _stands_alone(text, words):
            seen.add(text)
            lowered = [word.lower() for word in words]
            deed = 1.0 if _DEEDS.isdisjoint(lowered) else _DEED
            yield _Sentence(text, tuple(dict.fromkeys(_named_words(words, lowered, lower_case))), worth * deed)


def _split(prose: str) -> Iterator[str]:
    """Yield the sentences of `prose`, each in one line that does not begin like an action."""
    start = 0
    for match in _END.finditer(prose):
        before = prose[max(0, match.start() - 4) : match.start()]
        if match[0][0] == "." and before.split(" ")[-1] in _ABBREVIATIONS:
            continue
        yield " ".join(prose[start : match.end()].split()).lstrip(ACTION_MARK)
        start = match.end()
    yield " ".join(prose[start:].split()).lstrip(ACTION_MARK)


def _stands_alone(text: str, words: list[str]) -> bool:
    """Whether a reader understands a sentence without those before it."""
    return (
        len(words) >= _MIN_WORDS
        and len(text) <= _MAX_CHARACTERS
        and text[-1] != "?"
        and text[0] not in "\"“'‘"
        and not text.count('"') % 2
        and text.count("“") == text.count("”")
        and words[0].lower() not in _PRONOUNS
        and _PLAYER_SPEECH.match(text) is None
    )


def _named_words(words: list[str], lowered: list[str], lower_case: set[str]) -> Iterator[str]:
    """Yield the words that say what a sentence is about, names with their capital.

    A capital makes a name, unless the chapter has the word in `lower_case` too: then it only began a sentence.
    """
    for word, lower in zip(words, lowered, strict=True):
        if len(word) < 3 or lower in _COMMON:
            continue
        if word[-2:] in ("'s", "’s"):
            word, lower = word[:-2], lower[:-2]
        yield lower if lower in lower_case else word
