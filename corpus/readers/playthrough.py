r"""What was played, as a save keeps it -> Story: the opening, then every turn a choice that leads to its answer.

    play = Play(source)
    at = play.tell(ROOT, "You stand before the iron door.")
    at = play.act(at, "> You open the door.")
    play.tell(at, "It is locked.")
    play.tell(at, "It swings open.")     # the same turn, tried again: a sibling
    story = play.story("The Door")

The pieces make a tree; the same piece at the same place is kept once. `act` takes the player's words. `tell` takes
prose that is a turn of its own. `go_on` takes a text that follows right on whatever stands before, as games that add
to one long text keep it: lines that begin with `>` in it are the player's, and where it goes on in the middle of a
sentence, the sentence moves into the turn that ends it. A turn's label is its action, which `corpus.labels` leaves as
it is.

A passage after which nobody played on is tagged `UNFINISHED`: the tale breaks off there, it does not end.

Limits: a line break within prose that has no blank line is the end of a paragraph. An action without an answer is left
out and counted, for a passage has words. A play of more than `_MOST` pieces or `_MOST_TEXT` characters is refused.
"""

import re
from collections import Counter
from typing import NamedTuple

from corpus.readers.document import Block, told
from corpus.readers.passage_splitter import CONTINUE, chain
from corpus.readers.source import Source
from corpus.story import UNFINISHED, Choice, Passage, Story, StoryError
from corpus.text import one_line
from corpus.turns import PARAGRAPH

ROOT = -1
"""Where a play begins."""

_MOST = 200_000
_MOST_TEXT = 16 << 20
_NARRATION = 300
"""Characters from which on a player's message in a chat is narration, and no action."""
_LONGEST_ACTION = 1000
"""The same for what is marked as an action."""
_LONG = 4000
"""Characters of a turn's prose from which on it is cut into several passages, where paragraphs end."""
_BROKEN = 400
"""The most characters of a broken sentence that move into the next turn."""
_PLAYERS_LINE = re.compile(r"^[ \t]*>[ \t>]*(.*)$", re.MULTILINE)
_FINISHED = re.compile(r"""[.!?…:~*]["'”’»)*\]]*\Z""")
_SENTENCE_END = re.compile(
    r"""(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|St)\.)(?<!\bMrs\.)(?<=[.!?…"'”’»)*])\s+(?=["'“‘«(*]*[^\W\d_a-z])|\n\s*"""
)


class _Piece(NamedTuple):
    at: int
    sort: str
    """act, tell or go on."""
    text: str


class _Turn(NamedTuple):
    """The turn that a piece belongs to, up to and with that piece."""

    after: int
    """The draft of the passage that the turn follows."""
    action: str | None
    """None where the player only had the story go on."""
    text: str
    told: bool
    """Whether there is a word of prose."""


class _Draft(NamedTuple):
    piece: int
    after: int
    label: str
    text: str


class Play:
    """A play, added piece by piece; a piece is known by its number, and follows another or the ROOT."""

    def __init__(self, source: Source) -> None:
        self.left_out: Counter[str] = Counter()
        """What the save holds beside the story, by its name in the singular."""
        self.notes: list[str] = []
        self._source = source
        self._pieces: list[_Piece] = []
        self._numbers: dict[_Piece, int] = {}
        self._size = 0
        self._endings: set[int] = set()

    def act(self, at: int, words: str) -> int:
        """What the player does after the piece `at`, with or without `>` in front; nothing is no piece."""
        self._count(words)
        if len(words) > _LONGEST_ACTION:
            return self.tell(at, words.lstrip("> \t\r\n"))
        words = one_line(words).lstrip("> ")
        return self._add(_Piece(at, "act", words)) if words else at

    def tell(self, at: int, prose: str) -> int:
        """Prose that is a turn of its own, or the answer to what the player did."""
        self._count(prose)
        return self._add(_Piece(at, "tell", prose)) if prose.strip() else at

    def go_on(self, at: int, text: str) -> int:
        """Text that follows right on the piece `at`, prose and the player's lines; gives its last piece."""
        self._count(text)
        parts = _PLAYERS_LINE.split(text.replace("\r\n", "\n").replace("\r", "\n"))
        for n, part in enumerate(parts):
            if n % 2:
                at = self.act(at, part)
            elif part:
                at = self._add(_Piece(at, "go on", part))
        return at

    def message(self, at: int, words: str) -> int:
        """What a player wrote in a chat: something done or said, or narration where it is long or in paragraphs."""
        narrated = len(words) > _NARRATION or "\n" in words.strip()
        return self.tell(at, words) if narrated else self.act(at, words)

    @property
    def told(self) -> bool:
        """Whether there is a word of prose."""
        return any(piece.sort != "act" and not piece.text.isspace() for piece in self._pieces)

    def end(self, at: int) -> None:
        """The tale ends with the piece `at`; anywhere else it only breaks off."""
        if at != ROOT:
            self._endings.add(at)

    def _count(self, text: str) -> None:
        self._size += len(text)
        if self._size > _MOST_TEXT:
            raise StoryError(
                f"{self._source.name} holds more than {_MOST_TEXT:,} characters, more than anybody played."
            )

    def _add(self, piece: _Piece) -> int:
        number = self._numbers.setdefault(piece, len(self._pieces))
        if number == len(self._pieces):
            if number == _MOST:
                raise StoryError(f"{self._source.name} holds more than {_MOST:,} turns, more than anybody played.")
            self._pieces.append(piece)
        return number

    def story(self, title: str) -> Story:
        """The play as a story; `title` may be blank. Raises StoryError for a play without a word of prose."""
        drafts, endings = self._drafts()
        followed = {draft.after for draft in drafts}
        ways: dict[int, list[tuple[str, int]]] = {}
        for n in sorted(range(len(drafts)), key=lambda n: drafts[n].piece):
            after = drafts[n].after
            if after in ways:
                ways[after].append((drafts[n].label, n))
                ways[n] = []
            elif after == ROOT and (drafts[n].text or n in followed):
                if ways:
                    self.left_out["other opening"] += 1
                else:
                    ways[n] = []
        if not any(drafts[n].text for n in ways):
            raise StoryError(f"In {self._source.name}, nothing was told yet. Play a turn, and save it again.")
        names = {n: f"Turn {turn}" if turn else "Opening" for turn, n in enumerate(ways)}
        passages = [
            Passage(
                names[n],
                drafts[n].text,
                tuple(Choice(label, names[after]) for label, after in choices),
                frozenset() if choices or n in endings else frozenset({UNFINISHED}),
            )
            for n, choices in ways.items()
        ]
        return Story(
            title=one_line(title) or one_line(self._source.stem) or "Untitled",
            start=passages[0].name,
            passages={passage.name: passage for passage in passages},
            source=self._source.name,
            notes=(*self.notes, *told(self.left_out)),
        )

    def _drafts(self) -> tuple[list[_Draft], set[int]]:
        """The passages, each with the number of the one it follows; and which of them are endings."""
        drafts: list[_Draft] = []
        turns: list[_Turn] = []
        closed: dict[tuple[int, int], int] = {}

        def close(piece: int, length: int) -> int:
            """The draft of the first `length` characters of the turn; of the last, where the turn is cut in several."""
            if (piece, length) not in closed:
                turn = turns[piece] if piece != ROOT else _BEGINNING
                after, label = turn.after, CONTINUE if turn.action is None else turn.action
                for text in _passages(turn.text[:length]):
                    drafts.append(_Draft(piece, after, label, text))
                    after, label = len(drafts) - 1, CONTINUE
                closed[piece, length] = after
            return closed[piece, length]

        followers = Counter(piece.at for piece in self._pieces)
        for number, piece in enumerate(self._pieces):
            before = turns[piece.at] if piece.at != ROOT else _BEGINNING
            if piece.sort == "act":
                if before.told or piece.at == ROOT:
                    after = close(piece.at, len(before.text))
                else:
                    after = before.after
                    self.left_out["unanswered action"] += before.action is not None
                turn = _Turn(after, piece.text, "", False)
            elif not before.told:
                turn = _Turn(before.after, before.action, piece.text, not piece.text.isspace())
            else:
                length = len(before.text) if piece.sort == "tell" else _whole(before.text, piece.text)
                # There is one opening: a broken one that several texts go on from stays as it is.
                if length == 0 and (before.after != ROOT or followers[piece.at] == 1):
                    turn = _Turn(before.after, before.action, before.text + piece.text, True)
                else:
                    length = length or len(before.text)
                    rest = before.text[length:] if piece.sort == "go on" else ""
                    text = rest.lstrip() + piece.text
                    turn = _Turn(close(piece.at, length), None, text, not text.isspace())
            turns.append(turn)
            if number not in followers:
                if turn.told:
                    close(number, len(turn.text))
                else:
                    self.left_out["unanswered action"] += turn.action is not None
        return drafts, {close(n, len(turns[n].text)) for n in self._endings if turns[n].told}


_BEGINNING = _Turn(ROOT, None, "", False)


def _whole(text: str, following: str) -> int:
    """How much of `text` is whole: all of it, or what comes before the sentence that `following` goes on with."""
    begin = max(0, len(text) - _BROKEN)
    tail = text[begin:]
    words = tail.rstrip()
    if "\n" in tail[len(words) :] or following.startswith("\n") or _FINISHED.search(words[-8:]):
        return len(text)
    blank = len(tail) - len(tail.lstrip())
    ends = [match.end() for match in _SENTENCE_END.finditer(words) if match.start() > blank]
    return begin + ends[-1] if ends else len(text) if begin else 0


def _passages(text: str) -> list[str]:
    """The prose of a turn, paragraphs separated by blank lines: one passage, or several where it is long."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if PARAGRAPH not in text:
        text = text.replace("\n", PARAGRAPH)
    if len(text) < _LONG:
        return [text]
    return [passage.text for passage in chain(Block(part) for part in text.split(PARAGRAPH) if part.strip()).values()]
