"""The storyteller's manners: what of a voice's words may stand, judged anew for every piece that streams in.

    manners = manners_for(adventure, node, banned=(), stop=())
    judged = judge(raw, manners)              # raw: all that the voice has written so far
    judged.shown, judged.end                  # what to show now; why the turn is over, if it is
    judge(raw, manners, ended=True).shown     # the finished turn

Pure, and append-only: whole sentences that were shown stay. Only the unfinished last one may still be taken back,
and where it may turn out a known one, or the player's, it is not shown before that is clear.

What is cut, from the sentence on in which it begins:
- the player's part (`_plays_player`): speech of "you", or a decision, that the action does not have; and an I who
  tells, unless the tale is told so. Deeds stay: what follows from an action ("You open it and step in") can't be told
  from what was not asked for. `dungeon evaluate` calls this speaking for the player (`finetune.compare`), judged
  a little more narrowly: a decision that is asked about or conditional ("if you agree") is none.
- chat: headings, lists, roles, an assistant's phrases, the author's note, tags.
- loops: words that go in circles; two long sentences, or three of any length, in a row that stood before.
What is left out: a sentence of five words or more that stood in the last six turns, or in this one, or nearly did.

Limits: English. Speech in single quotes is known by its marks alone, and only within its line. What stands in a letter
or on a sign is narration if it has no quotation marks.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise

from corpus.actions import QUOTES, TELLS
from corpus.person import second_person
from corpus.turns import Kind
from corpus.words import word_set
from dungeon.tale.adventure import Adventure, Node
from dungeon.tale.prose import Sentence, closed, cut, sentences, speech, tidy, turn_end, whole, without_strays

_LINE_ENDS = re.compile(r"\n+")
_TURNS = 6
"""How many turns back a sentence is known."""
_LONG = 5
"""Words of a sentence that must not stand twice; shorter ones may ("You wait.")."""
_NEAR = 0.75
"""The share of pairs of words that two sentences have in common which are nearly the same,"""
_NEAR_WORDS = 8
"""if they have so many words: of a shorter one, another word makes another sentence."""


class End(StrEnum):
    """Why nothing more of what the voice writes will be shown."""

    OVER = "over"
    """The next action, or a stop string."""
    PLAYER = "player"
    CHAT = "chat"
    LOOP = "loop"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Manners:
    """What a turn is judged by."""

    asked: str
    """The action's bare words."""
    known: frozenset[str]
    """The sentences of the last turns, as bare words."""
    pairs: tuple[frozenset[tuple[str, str]], ...]
    """The pairs of words of those that another may be nearly the same as."""
    says_i: bool
    """Whether the tale has an I who tells, in the opening, in memory or in the player's narration."""
    openers: tuple[str, str] = ("", "")
    """What the tale's language has for a voice that found no beginning: a word each for the second and third time.

    An untuned voice that answers with an action of its own, or with a heading, tells quite well behind a "The"."""
    banned: tuple[str, ...] = ()
    """In small letters, with single blanks."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a voice has written, judged."""

    shown: str
    """The prose to show now."""
    end: End | None
    behind: str
    """What the voice may go on behind when it is asked again: the turn without what ended it."""
    complete: bool
    """Whether it stops where a sentence does."""


# ---- the manners of a turn -----------------------------------------------------------------------------------


def manners_for(adventure: Adventure, node: Node, banned: Iterable[str] = (), stop: tuple[str, ...] = ()) -> Manners:
    """The manners for the prose of `node`, below any turn of the adventure."""
    nodes = [] if node.parent is None else adventure.path(node.parent)
    path = [before.turn() for before in nodes]
    proses = [turn.prose for turn in path[-_TURNS:]] + [node.turn().prose]
    if len(path) < _TURNS:
        proses.insert(0, adventure.opening)
    texts = [*proses, *(turn.action for turn in path[-_TURNS:]), node.action, adventure.lore.note]
    theirs = [
        adventure.opening,
        adventure.lore.memory,
        *(before.input for before in [*nodes, node] if before.kind is Kind.STORY),
    ]
    told = {word for text in proses for word in bare(text).split()}
    known = dict.fromkeys(bare(sentence.text) for text in texts for sentence in sentences(text))
    return Manners(
        asked=bare(node.action),
        known=frozenset(known),
        pairs=tuple(_pairs(words) for words in known if _has_words(words, _NEAR_WORDS)),
        says_i=any(_says_i(line) for text in theirs for line in text.split("\n")),
        openers=("The" if "the" in told else "", "You" if "you" in told else ""),
        banned=tuple(" ".join(phrase.lower().split()) for phrase in banned if phrase.strip()),
        stop=stop,
    )


# ---- judging -------------------------------------------------------------------------------------------------


def judge(raw: str, manners: Manners, *, ended: bool = False) -> Judged:
    """What stands of all that a voice has written in a turn so far; `ended`: nothing more will come."""
    text = tidy(raw, manners.stop)
    end = End.OVER if turn_end(raw, manners.stop) is not None else None
    chat, banned = _chat(text), _banned(text, manners.banned, sure=ended or end is not None)
    if min(chat, banned) < len(text):
        end = End.CHAT if chat < banned else End.BANNED
        text = text[: min(chat, banned)].rstrip()
    growing = not ended and end in (None, End.BANNED)
    if growing and not end:
        text = text[: _held(text, manners)].rstrip()
    circle = _circle(_without_last_word(text) if growing else text)
    kept: list[Sentence] = []
    own: list[str] = []
    complete = False
    again = left_out = in_a_row = 0
    for sentence in sentences(text):
        complete = sentence.whole
        sure = sentence.whole or not growing or sentence.end < len(text)
        so_far = text[sentence.line : sentence.end]
        if _plays_player(so_far if sure else _without_last_word(so_far), manners):
            end = End.PLAYER
            break
        words = bare(sentence.text)
        again = again + 1 if sure and _stood(words, manners, own) else 0
        leave_out = again > 0 and _has_words(words, _LONG)
        in_a_row = in_a_row + 1 if leave_out else 0
        if (circle and circle <= sentence.end) or again > 2 or in_a_row > 1:
            end = End.LOOP
            break
        left_out += leave_out
        no_words = growing and sentence.end == len(text) and not any(map(str.isalpha, words))
        if not (leave_out or no_words or (not sure and _may_go(so_far, words, manners, own))):
            kept.append(sentence)
        own.append(words)
    if left_out and not kept and not growing:
        end = End.LOOP
    prose = _joined(text, kept)
    if not growing or end in (End.PLAYER, End.LOOP):
        lines = (closed(line) for line in cut(prose).split("\n"))
        return Judged("\n".join(lines).rstrip(), end, whole(prose), complete)
    # Whether a sentence ends with what is said in it is clear when the next one begins.
    open_end = kept and kept[-1].end == len(text) and prose.endswith(('"', "”"))
    shown = prose[:-1] if open_end else prose
    return Judged(shown, end, prose, complete)


def _joined(text: str, kept: list[Sentence]) -> str:
    """The sentences that are left of a text, without half quotes; the last line may be open."""
    lines: list[str] = []
    breaks: list[str] = []
    at = 0
    for sentence in kept:
        between = text[at : sentence.start]
        if lines and "\n" not in between:
            lines[-1] += " " * bool(sentence.gap) + sentence.text
        else:
            breaks.append(max(_LINE_ENDS.findall(between), default="", key=len) if lines else "")
            lines.append(sentence.text)
        at = sentence.end
    lines = [*map(closed, lines[:-1]), *map(without_strays, lines[-1:])]
    return "".join(gap + line for gap, line in zip(breaks, lines, strict=True))


def _held(text: str, manners: Manners) -> int:
    """Where the end of a growing text may be the beginning of a banned phrase or of a stop string."""
    starts = [len(text) - k for stop in manners.stop for k in range(1, len(stop)) if text.endswith(stop[:k])]
    words = [match.start() for match in re.finditer(r"(?<!\w)\S", text)] if manners.banned else []
    for phrase in manners.banned:
        last = words[-len(phrase) :]
        starts += [at for at in last if phrase.startswith(" ".join(text[at:].lower().split()))]
    return min(starts, default=len(text))


def _banned(text: str, banned: tuple[str, ...], *, sure: bool) -> int:
    """Where the first banned phrase begins. At the end of a growing text its last word may not be whole."""
    found = (match for phrase in banned for match in [_phrase(phrase).search(text)] if match)
    return min((match.start() for match in found if sure or match.end() < len(text)), default=len(text))


@cache
def _phrase(phrase: str) -> re.Pattern[str]:
    """That phrase in whole words, however its case and its blanks."""
    return re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, phrase.split())) + r"(?!\w)", re.IGNORECASE)


def _without_last_word(text: str) -> str:
    """A growing text without the word that may still become another one."""
    return re.sub(r"\w+$", "", text)


# ---- sentences that stood ------------------------------------------------------------------------------------


def bare(text: str) -> str:
    """The words of a text in small letters, and nothing else."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _has_words(words: str, at_least: int) -> bool:
    return words.count(" ") >= at_least - 1


def _pairs(words: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(words.split()))


def _stood(words: str, manners: Manners, own: list[str]) -> bool:
    """Whether a sentence stood in the last turns or earlier in this one, word for word or nearly."""
    if words in manners.known or words in own:
        return bool(words)
    if not _has_words(words, _NEAR_WORDS):
        return False
    pairs = _pairs(words)
    others = (*manners.pairs, *(_pairs(other) for other in own if _has_words(other, _NEAR_WORDS)))
    return any(2 * len(pairs & other) >= _NEAR * (len(pairs) + len(other)) for other in others)


def _may_go(so_far: str, words: str, manners: Manners, own: list[str]) -> bool:
    """Whether a growing sentence may turn out one that stood, or the player's speech."""
    if _TELLING.search(so_far.translate(QUOTES)) or _said_by_you(so_far):
        return True
    return any(other.startswith(words) and _has_words(other, _LONG) for other in (*manners.known, *own))


# ---- the player's part ---------------------------------------------------------------------------------------


def _forms(verb: str) -> str:
    """A pattern of a verb and its regular past: beg, begged; cry, cried."""
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "(?:y|ied)"
    return f"{verb}(?:d|{verb[-1]}?ed)?"


_SPEAK = "|".join([*map(_forms, sorted(TELLS)), "ask(?:ed)?", "said|say|told|thought"])
_ADVERB = r"(?:\w+ly |then |finally |just |also )?"
_BEFORE = re.compile(rf"\byou {_ADVERB}(?:{_SPEAK})\b[^.!?]{{0,60}}$", re.IGNORECASE)
_BEHIND = re.compile(rf",?\s*you {_ADVERB}(?:{_SPEAK})\b", re.IGNORECASE)
_TELLING = re.compile(rf"\byou {_ADVERB}(?:{_SPEAK})\W*$", re.IGNORECASE)
_DECISION = "decide|choose|chose|agree|accept|refuse|promise|resolve|vow|make up your mind"
_DECIDE = re.compile(rf"\byou {_ADVERB}(?P<verb>{_DECISION})(?:d|ed)?\b", re.IGNORECASE)
_OPEN = word_set("""
    if unless when whenever until till before after once whether that which whichever what whatever who how why where as
    do did don't will would won't can could may might should must shall than
    """)
"""Words behind which what you decide is no decision yet: `if you agree`, `do you accept`, `the way that you chose`."""
_SINGLE_QUOTES = re.compile(r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))+)(?:'(?!\w)|$)")


def _plays_player(line: str, manners: Manners) -> bool:
    """Whether a line, up to the end of one of its sentences, does the player's part; see the module."""
    if any(bare(words) not in manners.asked for words in _said_by_you(line)):
        return True
    narration = [words for said, words in _pieces(line) if not said]
    return any(_decided(words, match, manners) for words in narration for match in _DECIDE.finditer(words)) or (
        not manners.says_i and _says_i(line)
    )


def _said_by_you(line: str) -> list[str]:
    pieces = [(False, ""), *_pieces(line), (False, "")]
    return [
        words
        for (_, before), (said, words), (_, behind) in zip(pieces, pieces[1:], pieces[2:], strict=False)
        if said and (_BEFORE.search(before) or _BEHIND.match(behind))
    ]


def _decided(words: str, match: re.Match[str], manners: Manners) -> bool:
    before = re.split(r"[.!?,;:]", words[: match.start()])[-1].lower()
    return _OPEN.isdisjoint(re.findall(r"[\w']+", before)) and match["verb"].lower()[:5] not in manners.asked


def _says_i(line: str) -> bool:
    """Whether a narrator speaks of himself: what `second_person` would change is a first person, and no initial."""
    return any(second_person(words) != words for said, words in _pieces(line) if not said)


def _pieces(line: str) -> list[tuple[bool, str]]:
    """What is said in a line, and what is not, with single quotes for speech in a line without double ones."""
    line = line.translate(QUOTES)
    return speech(line if '"' in line else _SINGLE_QUOTES.sub(r'"\1"', line))


# ---- chat and circles ----------------------------------------------------------------------------------------

_CHAT = re.compile(
    r"""(?mix) ^[ ]* (?:
        \#{1,6}[ ]?\w | [-*•–][ ] | \(?\d{1,2}[.):][ ] | \*\*[^*\n]+\*\* | ``` | [-_*=]{3,}
        | \[?author's[ ]note | (?:chapter|scene|act|part|step|option|choice)[ ](?:\d|[ivx]+\b)
        | (?:assistant|user|system|human|ai|narrator|player|storyteller|prompt|title|genre|note|answer|question)[ ]?:
        | (?:sure|certainly|absolutely)[!,.][ ] | of[ ]course[!,] [ ]here | as[ ]an[ ]ai\b
        | i'm[ ](?:sorry|afraid),?[ ]but[ ]i[ ] | i[ ](?:can't|cannot|can)[ ](?:help|assist)\b
        | here(?:'s|[ ]is|[ ]are)[ ](?:an?|the|some|your|my)\b[^.\n"]*:
        | \[[^\]\n]*\][ ]*\n | the[ ]end\b\W*$ | to[ ]be[ ]continued\b
    ) | <[|/!a-z] | \[/?(?:inst|author's[ ]note)\b | \blanguage[ ]model\b """
)
_WINDOW = 80
"""Words in which four must not stand three times."""
_TIMES = ((1, 10), (2, 4), *((n, 3) for n in range(3, 13)))
"""How many times so many words may not stand in a row."""


def _chat(text: str) -> int:
    """Where a text stops being a tale: a heading, a list, an assistant's phrase, a tag."""
    found = _CHAT.search(text.translate(QUOTES))
    return found.start() if found else len(text)


def _circle(text: str) -> int | None:
    """The index in a text by which it goes in circles."""
    found = re.search(r"(\S)\1{19,}", text)
    stuck = found.end() if found else None
    words = list[str]()
    seen: dict[str, list[int]] = {}
    for match in re.finditer(r"\w+", text[:stuck]):
        words.append(match[0].lower())
        here = seen.setdefault(words[-1], [])
        if any(words[-n:] * times == words[-n * times :] for n, times in _TIMES if len(words) - n in here):
            return match.end()
        here.append(len(words))
        again = [at for at in here if at > len(words) - _WINDOW and words[at - 4 : at] == words[-4:]]
        if len(words) >= 4 and len(again) >= 3 and len(set(words[-4:])) > 1:
            return match.end()
    return stuck
