"""What has scrolled out of the window, in a few of its own sentences.

    summarise(chapters, 600)    # chapters: the turns that left together, in order; at most 600 bytes

Nothing is made up and no voice is asked: a small one can't sum up. Sentences are chosen by what they name. People and
places weigh most, then deeds that change something (take, give, break, promise), then things that come up again;
a thing weighs nothing the second time, a name less each time, and what is recent a little more. The player's actions
are sentences too. They stand in the order of the tale, in the second person as they were.

What a chapter offers is found once and kept, and so is what sixteen of them do together: a tale of a thousand turns
is summed up in a few milliseconds when a chapter is added, and in none when none is.

Limits: written for English prose with straight or curly quotes. Of other tongues it knows the names that have
capitals. What only a pronoun names ("He gives it to you.") is hardly ever chosen.
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

Chapter = tuple[tuple[str, str], ...]
"""The turns that left together: the action and the prose of each."""

_OFFERED = 4
"""How many sentences a chapter offers."""
_VOLUME = 16
"""How many chapters are looked at together, once and for all: then a longer tale takes no longer."""
_KEPT = 16
"""How many sentences a volume offers."""
_LONGEST = 240
"""Characters that a sentence may have."""
_SHORTEST = 4
"""Words that it must have."""
_COST = 40
"""Bytes that it costs beside its own: better one that says it all than three that say a third each."""
_NAME = 3.0
_DEED = 1.5
_DONE = 1.5
"""How much more a name weighs than a thing; a sentence in which something changes; what the player did."""
_AGAIN = 0.4
"""What is left of a name's weight each time it is told."""
_LATER = 0.5
"""How much more the end of the tale weighs than its beginning."""

# What lies between two sentences. `"Who is there?" you ask.` is one.
_END = re.compile(r"""[.!?…]["'”’)]*\s+(?=["'“‘(]*[^\Wa-z])|\n\n""")
_SHORTENED = ("Mr", "Mrs", "Ms", "Dr", "St")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_EMPTY = frozenset(
    """
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
    """.split()
)
"""Words that tell nothing of what a sentence is about."""
_DEEDS = frozenset(
    form
    for deed in """
    accept agree arrest attack become betray bind bite break bring burn bury buy capture catch chain choose claim climb
    close collapse confess cross crush curse cut dead destroy die drop drown eat enter escape explode fall fight
    find flee forgive free gain give grab hand heal hide hire hit hurt join keep kill kiss kneel land lead leave lie
    lift light lock lose marry meet move name offer open pay pick plant poison promise pull push quit reach refuse
    release rescue reveal ring rob sail save seal sell send set shatter shoot sign sink slam slay smash spare spill
    stab steal strike surrender swear swim take teach tear throw tie touch trade trap trick trust unlock vanish vow wake
    warn wed win wound write
    """.split()
    for form in (deed, f"{deed}s", f"{deed}es")
)
"""What changes the world when it is done, as "you" and as "he" do it."""
_PRONOUNS = frozenset("he she it they his her its their this that these those him them we our".split())
_SAID = re.compile(r"you (?:say|ask|answer|reply|shout|whisper)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: tuple[str, ...]
    """What it names, each once; names have their capital."""
    worth: float
    """A factor on what its words weigh."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """What a chapter, or a volume of them, offers to the summary."""

    offered: tuple[_Sentence, ...]
    named: tuple[tuple[str, int], ...]
    """In how many of its sentences each word comes up that is named in an offered one."""


@lru_cache(maxsize=16)
def summarise(chapters: tuple[Chapter, ...], limit: int) -> str:
    """The chapters in at most `limit` bytes of their own sentences; "" where there is nothing to tell."""
    full = len(chapters) - len(chapters) % _VOLUME
    told = [(end, _volume(chapters[end - _VOLUME : end])) for end in range(_VOLUME, full + 1, _VOLUME)]
    told += [(end, _digest(chapter)) for end, chapter in enumerate(chapters[full:], full + 1)]
    offered = []
    for end, digest in told:
        later = 1 + _LATER * end / len(chapters)
        offered += [(sentence, later) for sentence in digest.offered]
    named = _together(digest for _, digest in told)
    return " ".join(sentence.text for sentence in _chosen(offered, named, limit))


@lru_cache(maxsize=256)
def _volume(chapters: tuple[Chapter, ...]) -> _Digest:
    digests = [_digest(chapter) for chapter in chapters]
    return _offer([sentence for digest in digests for sentence in digest.offered], _together(digests), _KEPT)


@lru_cache(maxsize=256)
def _digest(chapter: Chapter) -> _Digest:
    sentences = list(_sentences(chapter))
    return _offer(sentences, Counter(word for sentence in sentences for word in sentence.words), _OFFERED)


def _offer(sentences: list[_Sentence], named: Counter[str], most: int) -> _Digest:
    best = _chosen([(sentence, 1.0) for sentence in sentences], named, most=most)
    words = dict.fromkeys(word for sentence in best for word in sentence.words)
    return _Digest(tuple(best), tuple((word, named[word]) for word in words))


def _together(digests: Iterable[_Digest]) -> Counter[str]:
    named: Counter[str] = Counter()
    for digest in digests:
        for word, times in digest.named:
            named[word] += times
    return named


def _chosen(
    offered: list[tuple[_Sentence, float]], named: Counter[str], limit: int = sys.maxsize, most: int = sys.maxsize
) -> list[_Sentence]:
    """The sentences that together name most within `limit` bytes, in the order in which they were offered.

    One after the other, the one that adds most for its length. What a sentence adds only ever becomes less as others
    are chosen, so the best is found by looking again at the first of a heap until it stays the first.
    """
    weights = {word: (_NAME if word[0].isupper() else 1.0) * log2(1 + times) for word, times in named.items()}
    told: set[str] = set()

    def added(at: int) -> float:
        sentence, factor = offered[at]
        weight = sum([weights[word] for word in sentence.words])
        return weight * sentence.worth * factor / (len(sentence.text) + _COST) if sentence.text not in told else 0.0

    heap = [(-added(at), at) for at in range(len(offered))]
    heapq.heapify(heap)
    chosen: list[int] = []
    room = limit
    while heap and len(chosen) < most:
        _, at = heapq.heappop(heap)
        sentence = offered[at][0]
        size = len(sentence.text.encode()) + (1 if chosen else 0)
        now = added(at)
        if size > room or now <= 0:
            continue
        if heap and -now > heap[0][0]:
            heapq.heappush(heap, (-now, at))
            continue
        chosen.append(at)
        told.add(sentence.text)
        for word in sentence.words:
            weights[word] *= _AGAIN if word[0].isupper() else 0.0
        room -= size
    return [offered[at][0] for at in sorted(chosen)]


# ---- sentences ---------------------------------------------------------------------------------------------------


def _sentences(chapter: Chapter) -> Iterator[_Sentence]:
    """The sentences of a chapter that could stand in a summary, each once."""
    read = []
    for action, prose in chapter:
        texts = [(action, _DONE)] if action else []
        texts += [(sentence, 1.0) for sentence in _split(prose)]
        read += [(text, _WORD.findall(text), worth) for text, worth in texts]
    small = {word for _, words, _ in read for word in words if word.islower()}
    seen = set()
    for text, words, worth in read:
        if text not in seen and _speaks_for_itself(text, words):
            seen.add(text)
            low = [word.lower() for word in words]
            changes = 1.0 if _DEEDS.isdisjoint(low) else _DEED
            yield _Sentence(text, tuple(dict.fromkeys(_things(words, low, small))), worth * changes)


def _split(prose: str) -> Iterator[str]:
    """The sentences of `prose`, each in one line that does not begin like an action."""
    start = 0
    for match in _END.finditer(prose):
        if match[0][0] == "." and prose[max(0, match.start() - 4) : match.start()].split(" ")[-1] in _SHORTENED:
            continue
        yield " ".join(prose[start : match.end()].split()).lstrip(ACTION_MARK)
        start = match.end()
    yield " ".join(prose[start:].split()).lstrip(ACTION_MARK)


def _speaks_for_itself(text: str, words: list[str]) -> bool:
    """Whether `text` tells something to a reader who has read nothing before it."""
    return (
        len(words) >= _SHORTEST
        and len(text) <= _LONGEST
        and text[-1] != "?"
        and text[0] not in "\"“'‘"
        and not text.count('"') % 2
        and text.count("“") == text.count("”")
        and words[0].lower() not in _PRONOUNS
        and _SAID.match(text) is None
    )


def _things(words: list[str], low: list[str], small: set[str]) -> Iterator[str]:
    """The words that tell what a sentence is about, names with their capital."""
    for word, lower in zip(words, low, strict=True):
        if len(word) < 3 or lower in _EMPTY:
            continue
        if word[-2:] in ("'s", "’s"):
            word, lower = word[:-2], lower[:-2]
        # A capital makes a name, unless the word is written small elsewhere: then it only began a sentence.
        yield lower if lower in small else word
