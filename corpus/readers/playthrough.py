r"""Turn a saved playthrough into a Story: the opening, then every turn as a choice that leads to its answer.

    play = Playthrough(source)
    turn = play.add_prose(ROOT, "You stand before the iron door.")
    turn = play.add_action(turn, "> You open the door.")
    play.add_prose(turn, "It is locked.")
    play.add_prose(turn, "It swings open.")     # a retry of the same turn: a sibling
    story = play.to_story("The Door")

The pieces form a tree; equal pieces in the same place are stored once. `add_action` takes the player's words,
`add_prose` prose that is a turn of its own. `append_text` takes text that directly continues what precedes it, for
games that store one long text: its lines that begin with `>` are the player's, and a sentence or speech that it
continues moves into the turn where it ends. The label of a turn is its action, which `corpus.labels` doesn't change.

Every passage is tagged `PLAYED`. One where playing stopped is tagged `UNFINISHED`: the story breaks off there without
an ending. The text of an author, whose story was played, is tagged `CONTEXT_ONLY`: it is learned from the story itself.

Limits: a line break in prose without blank lines is the end of a paragraph, unless the playthrough `keeps_lines`. An
action without an answer is left out and counted, because a passage needs text. More than `_MOST` pieces or `_MOST_TEXT`
characters are refused.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from corpus.readers.document import Block, left_out_note
from corpus.readers.passage_splitter import CONTINUE, split_into_passages
from corpus.readers.source import Source
from corpus.story import CONTEXT_ONLY, PLAYED, UNFINISHED, Choice, Passage, Story, StoryError
from corpus.text import one_line
from corpus.turns import PARAGRAPH

ROOT = -1
"""The parent of the first piece."""

_MOST = 200_000
_MOST_TEXT = 16 << 20
_NARRATION = 300
"""Characters; a player's message in a chat that is longer is narration, not an action."""
_LONGEST_ACTION = 1000
"""Characters; a longer text marked as an action is narration."""
_LONG = 4000
"""Characters of a turn's prose from which on it is split into several passages, at paragraphs."""
_BROKEN = 400
"""Characters of an incomplete sentence that move into the next turn, at most."""
_PLAYERS_LINE = re.compile(r"^[ \t]*>[ \t>]*(.*)$", re.MULTILINE)
_FINISHED = re.compile(r"""(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|St)\.)(?<!\bMrs\.)(?<=[.!?…:~*])["'”’»)*\]]*\Z""")
_SENTENCE_END = re.compile(
    r"""(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|St)\.)(?<!\bMrs\.)(?<=[.!?…"'”’»)*])\s+(?=["'“‘«(*]*[^\W\d_a-z])|\n\s*"""
)


def is_narration(words: str) -> bool:
    """Return whether a player's message in a chat is prose: it is long, or has several lines."""
    return len(words) > _NARRATION or "\n" in words.strip()


class _Piece(NamedTuple):
    parent: int
    kind: Literal["action", "prose", "text"]
    text: str
    context_only: bool = False


class _Turn(NamedTuple):
    """The turn that a piece belongs to, up to and including that piece."""

    after: int
    """The draft that the turn follows."""
    action: str | None
    """None if the player only continued."""
    text: str
    has_prose: bool
    context_only: bool = False


class _Draft(NamedTuple):
    """A passage without its name and choices."""

    piece: int
    after: int
    label: str
    text: str
    context_only: bool


class Playthrough:
    """A playthrough, built piece by piece. A piece is identified by its number; its parent is a piece or ROOT."""

    def __init__(self, source: Source, *, keeps_lines: bool = False) -> None:
        """With `keeps_lines`, a line break in prose without blank lines is the author's, not the end of a paragraph."""
        self.left_out: Counter[str] = Counter()
        """What the save has besides the story, counted by its name in the singular."""
        self.notes: list[str] = []
        self._source = source
        self._keeps_lines = keeps_lines
        self._pieces: list[_Piece] = []
        self._numbers: dict[_Piece, int] = {}
        self._size = 0
        self._endings: set[int] = set()

    def add_action(self, parent: int, words: str) -> int:
        """Add the player's words, with or without a leading `>`; empty words add nothing."""
        self._check_size(words)
        if len(words) > _LONGEST_ACTION:
            return self.add_prose(parent, words.lstrip("> \t\r\n"))
        words = one_line(words).lstrip("> ")
        return self._add(_Piece(parent, "action", words)) if words else parent

    def add_prose(self, parent: int, prose: str, *, context_only: bool = False) -> int:
        """Add prose that is a turn of its own, or the answer to the player's action.

        With `context_only` it is never trained on, and nor is the action.
        """
        self._check_size(prose)
        return self._add(_Piece(parent, "prose", prose, context_only)) if prose.strip() else parent

    def append_text(self, parent: int, text: str) -> int:
        """Add text that directly continues a piece, with prose and the player's lines; return its last piece."""
        self._check_size(text)
        parts = _PLAYERS_LINE.split(text.replace("\r\n", "\n").replace("\r", "\n"))
        for n, part in enumerate(parts):
            if n % 2:
                parent = self.add_action(parent, part)
            elif part:
                parent = self._add(_Piece(parent, "text", part))
        return parent

    def add_message(self, parent: int, words: str) -> int:
        """Add a player's message in a chat: an action, or narration if it is long or has several paragraphs."""
        return self.add_prose(parent, words) if is_narration(words) else self.add_action(parent, words)

    @property
    def has_prose(self) -> bool:
        """Whether any prose was added."""
        return any(piece.kind != "action" and not piece.text.isspace() for piece in self._pieces)

    def mark_ending(self, piece: int) -> None:
        """Mark a piece as an ending of the story; elsewhere it only breaks off."""
        if piece != ROOT:
            self._endings.add(piece)

    def _check_size(self, text: str) -> None:
        self._size += len(text)
        if self._size > _MOST_TEXT:
            raise StoryError(f"{self._source.name} has more than {_MOST_TEXT:,} characters, more than anybody played.")

    def _add(self, piece: _Piece) -> int:
        number = self._numbers.setdefault(piece, len(self._pieces))
        if number == len(self._pieces):
            if number == _MOST:
                raise StoryError(f"{self._source.name} has more than {_MOST:,} turns, more than anybody played.")
            self._pieces.append(piece)
        return number

    def to_story(self, title: str) -> Story:
        """Return the story; without a title, it is named after its file. Raise StoryError if there is no prose."""
        joined = _Drafts(self._pieces, self._keeps_lines)
        endings = {joined.close(n) for n in self._endings if joined.turns[n].has_prose}
        self.left_out["unanswered action"] += joined.unanswered
        drafts = joined.drafts
        choices = self._choices(drafts)
        if not any(drafts[n].text for n in choices):
            raise StoryError(f"{self._source.name} has no story text yet. Play a turn, and save it again.")
        names = {n: f"Turn {turn}" if turn else "Opening" for turn, n in enumerate(choices)}
        passages = [
            Passage(
                names[n],
                drafts[n].text,
                tuple(Choice(drafts[answer].label, names[answer]) for answer in answers),
                _tags(drafts[n], unfinished=not answers and n not in endings),
            )
            for n, answers in choices.items()
        ]
        return Story(
            title=one_line(title) or one_line(self._source.stem) or "Untitled",
            start=passages[0].name,
            passages={passage.name: passage for passage in passages},
            source=self._source.name,
            notes=(*self.notes, *left_out_note(self.left_out)),
        )

    def _choices(self, drafts: Sequence[_Draft]) -> dict[int, list[int]]:
        """Return the drafts that are reachable from the first opening, each with the drafts that follow it."""
        followed = {draft.after for draft in drafts}
        choices: dict[int, list[int]] = {}
        for n in sorted(range(len(drafts)), key=lambda n: drafts[n].piece):
            after = drafts[n].after
            if after in choices:
                choices[after].append(n)
                choices[n] = []
            elif after == ROOT and (drafts[n].text or n in followed):
                if choices:
                    self.left_out["other opening"] += 1
                else:
                    choices[n] = []
        return choices


class _Drafts:
    """Joins the pieces of a playthrough into turns, and the turns into drafts of passages."""

    def __init__(self, pieces: Sequence[_Piece], keeps_lines: bool) -> None:
        self.drafts: list[_Draft] = []
        self.turns = {ROOT: _Turn(ROOT, None, "", False)}
        """The turn of each piece."""
        self.unanswered = 0
        self._keeps_lines = keeps_lines
        self._closed: dict[tuple[int, int], int] = {}
        self._children = Counter(piece.parent for piece in pieces)
        for number, piece in enumerate(pieces):
            turn = self._join(piece)
            self.turns[number] = turn
            if number not in self._children:
                if turn.has_prose:
                    self.close(number)
                else:
                    self.unanswered += turn.action is not None

    def _join(self, piece: _Piece) -> _Turn:
        """Return the piece's turn: it continues the turn of its parent, or closes that and begins a new one."""
        before = self.turns[piece.parent]
        if piece.kind == "action":
            if before.has_prose or piece.parent == ROOT:
                return _Turn(self.close(piece.parent), piece.text, "", False)
            self.unanswered += before.action is not None
            return _Turn(before.after, piece.text, "", False)
        if not before.has_prose:
            return _Turn(before.after, before.action, piece.text, not piece.text.isspace(), piece.context_only)
        # What is only context stays whole: no words of it move into a turn that is trained on.
        whole = piece.kind == "prose" or before.context_only
        length = len(before.text) if whole else _complete_length(before.text, piece.text)
        # There is one opening: if it breaks off and several texts continue it, it stays as it is.
        if length == 0 and (before.after != ROOT or self._children[piece.parent] == 1):
            return _Turn(before.after, before.action, before.text + piece.text, True)
        length = length or len(before.text)
        rest = before.text[length:] if piece.kind == "text" else ""
        text = rest.lstrip() + piece.text
        return _Turn(self.close(piece.parent, length), None, text, not text.isspace(), piece.context_only)

    def close(self, piece: int, length: int | None = None) -> int:
        """Draft a turn, or its first `length` characters; return the draft, or the last one if the turn is split."""
        turn = self.turns[piece]
        length = len(turn.text) if length is None else length
        if (piece, length) not in self._closed:
            after, label = turn.after, CONTINUE if turn.action is None else turn.action
            for text in _passages(turn.text[:length], self._keeps_lines):
                self.drafts.append(_Draft(piece, after, label, text, turn.context_only))
                after, label = len(self.drafts) - 1, CONTINUE
            self._closed[piece, length] = after
        return self._closed[piece, length]


def _tags(draft: _Draft, *, unfinished: bool) -> frozenset[str]:
    tags = {PLAYED: True, UNFINISHED: unfinished, CONTEXT_ONLY: draft.context_only}
    return frozenset(tag for tag, is_set in tags.items() if is_set)


def _complete_length(text: str, following: str) -> int:
    """Return the length of `text` without the sentence or speech that `following` continues; all of it if none is."""
    begin = max(0, len(text) - _BROKEN)
    tail = text[begin:]
    words = tail.rstrip()
    if "\n" in tail[len(words) :] or following.startswith("\n"):
        return len(text)
    spoken = _open_speech(text[-_LONG:].rstrip())
    is_speech = 0 < spoken <= len(words)
    if not is_speech and _FINISHED.search(words[-8:]):
        return len(text)
    blank = len(tail) - len(tail.lstrip())
    last = len(words) - spoken if is_speech else len(words)
    ends = [match.end() for match in _SENTENCE_END.finditer(words) if blank < match.start() < last]
    return begin + ends[-1] if ends else len(text) if begin else 0


def _open_speech(text: str) -> int:
    """Return the length of the speech at the end of the text that is not closed; 0 if there is none."""
    paragraph = text[text.rfind("\n") + 1 :]
    begin = paragraph.rfind('"') if paragraph.count('"') % 2 else paragraph.rfind("“")
    return 0 if begin < 0 or "”" in paragraph[begin:] else len(paragraph) - begin


def _passages(text: str, keeps_lines: bool) -> list[str]:
    """Return the prose of a turn, paragraphs separated by blank lines, as one passage or several if it is long."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if PARAGRAPH not in text and not keeps_lines:
        text = text.replace("\n", PARAGRAPH)
    if len(text) < _LONG:
        return [text]
    blocks = (Block(part) for part in text.split(PARAGRAPH) if part.strip())
    return [passage.text for passage in split_into_passages(blocks).values()]
