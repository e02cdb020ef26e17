"""Rows in a chat model's own frame: the tale as `corpus.chat_frame` shows it, and only the replies are learned.

    encoder = FrameEncoder(tokenizer, learn_frame(tokenizer, "ember"))
    rows = encoder.rows(corpus.splits["train"], length=512)

A row begins with the instructions, like every prompt of the game; then come whole turns: earlier ones as context, as
many as fit, and turns of the target, whose replies are learned, each with the token that ends it. Every reply of a
target stands in exactly one row, with at least a quarter of the row's room left for earlier turns where there are any.
A reply that is too long for a row is cut at a paragraph or a sentence, and goes on as the player's wish to continue.

The tokens are those of the game's prompt: control tokens come from the frame alone, and the text between two of them is
tokenised as one. A story's text is broken up as the game does it, and holds no control token.

Limits: white space that a tokenizer takes away beside a control token stays. Where a story ends is not learned: a reply
ends in the same way there.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from datasets import Dataset
from jinja2 import TemplateError

from corpus.chat_frame import BEGIN, CONTINUE, DEFAULT_INSTRUCTIONS, MARKER_CHATS, ChatFrame, read_frame
from corpus.control_strings import break_control_strings
from corpus.turns import ACTION_MARK, PARAGRAPH, Turn, parse, write
from finetune.data.player_speech import unlearned_spans
from finetune.data.rows import IGNORED, MOST_UNLEARNED, Encoded, Mask, Row, Tokens, bos_ids, encode_all, outside
from finetune.errors import FinetuneError

_EXAMPLES_AT_ONCE = 512
"""For the tokenizer, which spreads their texts over the processor's cores."""
_SEAM = 2
"""Tokens by which a text may have more behind the instructions than behind another turn, where no control token stands
between."""
_LEAST_ROOM = 64
"""Tokens that a row must have beside the instructions."""
_BORDERS = tuple(map(re.compile, (r"\n\n+", r"(?<=[.!?…])[\"')\]]*\s+", r"\s+")))
"""Where a long reply may be cut: rather behind a paragraph than behind a sentence, rather there than behind a word."""


def learn_frame(tokenizer: Any, name: str) -> ChatFrame:
    """Return the frame of the chat template that a base comes with; `name` is the base's.

    Raises:
        FinetuneError: it has none, or none in which a tale can be learned.
    """
    way_out = "Take --set prompt_format=tale, or a base that was made for chats."
    if not tokenizer.chat_template:
        raise FinetuneError(f"{name} has no chat template, so there is no frame to tune it in. {way_out}")
    for chat in MARKER_CHATS:
        messages = [{"role": role, "content": text} for role, text in chat]
        try:
            rendered = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except (TemplateError, TypeError, ValueError, LookupError):  # a template may refuse a system text
            continue
        if frame := read_frame(rendered, chat):
            if frame.end_of_reply not in _control_ids(tokenizer):
                raise FinetuneError(f"The chat template of {name} marks no end of a reply. {way_out}")
            return frame
    raise FinetuneError(f"The chat template of {name} can't be read as a frame around messages. {way_out}")


def _control_ids(tokenizer: Any) -> dict[str, int]:
    return {token.content: n for n, token in tokenizer.added_tokens_decoder.items() if token.special}


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What the user says, and the reply, which may be missing."""

    said: str
    reply: str
    action: str
    """The player's, as a sentence; "" for none."""

    def unlearned(self) -> list[tuple[int, int]]:
        """Return start and end of what `skip_player_speech` leaves unlearned in the reply."""
        text = write([Turn(self.action, self.reply)])
        before = len(text) - len(self.reply)
        return [(max(0, first - before), last - before) for first, last in unlearned_spans(text) if last > before]


def _exchanges(turns: Iterable[Turn]) -> list[_Exchange]:
    """Return turns as exchanges; an action without prose is said together with the next one."""
    found = []
    said: list[str] = []
    for n, turn in enumerate(turns):
        said.append(ACTION_MARK + turn.action if turn.action else CONTINUE if n else BEGIN)
        if turn.prose:
            action, reply = break_control_strings(turn.action), break_control_strings(turn.prose)
            found.append(_Exchange(break_control_strings(PARAGRAPH.join(said)), reply, action))
            said = []
    return [*found, _Exchange(break_control_strings(PARAGRAPH.join(said)), "", "")] if said else found


def _example_exchanges(context: str, target: str) -> tuple[list[_Exchange], int]:
    """Return the exchanges of an example that have a reply, and how many of them are context."""
    before, turns = parse(context), parse(target)
    if before and turns and not before[-1].prose and not turns[0].action:  # the target answers the context's action
        turns[0] = Turn(before.pop().action, turns[0].prose)
    found = [exchange for exchange in _exchanges([*before, *turns]) if exchange.reply]
    return found, sum(bool(turn.prose) for turn in before)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A control token of the frame, or the text between two of them."""

    control: int | None
    """The token; None for a text."""
    text: str
    reply: str = ""
    """The rest of the text, which is learned."""
    is_learned: bool = False
    """Whether a control token is."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a row: an exchange in its frame."""

    ids: Tokens
    reply: Mask
    """Which tokens belong to the reply and its end."""
    allowed: Mask
    """Which tokens may be learned."""


class _PieceTokens:
    """The tokens of pieces, each text of which is tokenised once; with their places where player speech is skipped."""

    def __init__(self, tokenizer: Any, skip_player_speech: bool = False) -> None:
        self._tokenizer = tokenizer
        self._skip_player_speech = skip_player_speech
        self._encoded: dict[tuple[str, str], Encoded] = {}

    def add(self, pieces: Iterable[_Piece]) -> None:
        """Tokenise the texts of many pieces at once."""
        texts = {(piece.text, piece.reply): None for piece in pieces if piece.control is None}
        new = [pair for pair in texts if pair not in self._encoded]
        if new:
            befores, replies = zip(*new, strict=True)
            encoded = encode_all(self._tokenizer, befores, replies, with_offsets=self._skip_player_speech)
            self._encoded.update(zip(new, encoded, strict=True))

    def size(self, pieces: Sequence[_Piece]) -> int:
        """Return how many tokens the pieces have."""
        self.add(pieces)
        return sum(1 if piece.control is not None else len(self._of(piece).ids) for piece in pieces)

    def part(self, pieces: Sequence[_Piece], exchange: _Exchange) -> _Part:
        """Return the pieces of an exchange as tokens."""
        self.add(pieces)
        spans = exchange.unlearned() if self._skip_player_speech else []
        parts: list[_Part] = []
        for piece in pieces:
            if piece.control is not None:
                # No end is learned behind what is not.
                may_learn = not piece.is_learned or not parts or bool(parts[-1].allowed[-1])
                ids = np.array([piece.control], np.int32)
                parts.append(_Part(ids, np.array([piece.is_learned]), np.array([may_learn])))
                continue
            encoded, before = self._of(piece), len(piece.text)
            allowed = np.ones(len(encoded.ids), np.bool_)
            if piece.reply and spans:
                allowed = outside([(first + before, last + before) for first, last in spans], encoded.offsets)
            parts.append(_Part(encoded.ids, encoded.learned, allowed))
        return _joined(parts)

    def _of(self, piece: _Piece) -> Encoded:
        return self._encoded[piece.text, piece.reply]


class FrameEncoder:
    """Writes tales in a chat frame for one tokenizer: rows to learn, and prompts."""

    def __init__(self, tokenizer: Any, frame: ChatFrame, instructions: str = DEFAULT_INSTRUCTIONS) -> None:
        self.tokenizer = tokenizer
        self._frame = frame
        self._controls = _control_ids(tokenizer)
        strings = sorted(self._controls, key=len, reverse=True)
        self._split_at = re.compile(f"({'|'.join(map(re.escape, strings))})")
        mark = frame.end_of_reply
        before_mark, _, self._after_end = frame.reply_to_user.partition(mark)
        self._end = before_mark + mark
        self._head = ((frame.before_system, True), (break_control_strings(instructions), False))
        self._start = bos_ids(tokenizer)
        self.end_ids: list[int] = sorted({self._controls[mark], tokenizer.eos_token_id} - {None})
        """The tokens that end a reply."""
        tokens, begin = _PieceTokens(tokenizer), _Exchange(BEGIN, "", "")
        self.overhead = len(self._opening(begin, tokens).ids) - tokens.size(self._pieces(begin)) + _SEAM
        """Tokens that a row has beside its turns, at most: above all the instructions."""

    # ---- rows ----

    def rows(
        self, examples: Dataset, length: int, learn_context: bool = False, skip_player_speech: bool = False
    ) -> list[list[Row]]:
        """Return each example's rows of at most `length` tokens.

        `learn_context`: the replies of earlier turns are learned again. `skip_player_speech`: as in `rows.make_rows`.

        Raises:
            FinetuneError: the instructions leave no room in a row of that length.
        """
        if length < self.overhead + _LEAST_ROOM:
            raise FinetuneError(
                f"Rows of {length} tokens are too short for prompt_format frame: the instructions that each begins "
                f"with take {self.overhead}. Set the recipe's length to {self.overhead + _LEAST_ROOM} or more, if the "
                "base has positions for as many."
            )
        made = []
        for begin in range(0, len(examples), _EXAMPLES_AT_ONCE):
            part = examples[begin : begin + _EXAMPLES_AT_ONCE]
            found = [_example_exchanges(*texts) for texts in zip(part["context"], part["target"], strict=True)]
            tokens = _PieceTokens(self.tokenizer, skip_player_speech)
            tokens.add(piece for exchanges, _ in found for one in exchanges for piece in self._pieces(one))
            for exchanges, first in found:
                made.append(list(self._rows_of(exchanges, first, length, learn_context, tokens)))
        return made

    def target_bytes(self, examples: Dataset) -> list[int]:
        """Return how many bytes of each example's target are learned."""
        pairs = zip(examples["context"], examples["target"], strict=True)
        found = (_example_exchanges(context, target) for context, target in pairs)
        return [sum(len(one.reply.encode()) for one in exchanges[first:]) for exchanges, first in found]

    def _rows_of(
        self, exchanges: Sequence[_Exchange], first: int, length: int, learn_context: bool, tokens: _PieceTokens
    ) -> Iterator[Row]:
        room = length - self.overhead
        targets = (short for one in exchanges[first:] for short in self._shortened(one, room, tokens))
        exchanges = [*exchanges[:first], *targets]
        parts = [tokens.part(self._pieces(one), one) for one in exchanges]
        sizes = [len(part.ids) for part in parts]
        begin = first
        while begin < len(exchanges):
            start, stop = _choose_turns(sizes, begin, room)
            row = _joined([self._opening(exchanges[start], tokens), *parts[start + 1 : stop]])
            learned = row.reply & row.allowed
            if start < begin and not learn_context:
                learned[: -sum(sizes[begin:stop])] = False
            if learned.any() and np.mean(~row.allowed) <= MOST_UNLEARNED:
                yield Row(input_ids=row.ids, labels=np.where(learned, row.ids, np.int32(IGNORED)))
            begin = stop

    def _shortened(self, exchange: _Exchange, room: int, tokens: _PieceTokens) -> Iterator[_Exchange]:
        """Yield an exchange, or as many as its reply needs in order to fit; nothing if what is said doesn't fit."""
        if tokens.size(self._pieces(exchange)) <= room:
            yield exchange
        elif halves := _halves(exchange.reply):
            yield from self._shortened(replace(exchange, reply=halves[0]), room, tokens)
            yield from self._shortened(_Exchange(CONTINUE, halves[1], ""), room, tokens)

    # ---- prompts ----

    def prompt_ids(self, tale: str, room: int | None = None) -> list[int]:
        """Return the tokens of a prompt that asks how a tale goes on, at most `room`: without its oldest turns."""
        turns = parse(tale)
        if not turns or turns[-1].prose:
            turns.append(Turn("", ""))
        exchanges, tokens = _exchanges(turns), _PieceTokens(self.tokenizer)
        parts = [tokens.part(self._pieces(one), one) for one in exchanges]
        for start, exchange in enumerate(exchanges):
            ids: list[int] = _joined([self._opening(exchange, tokens), *parts[start + 1 :]]).ids.tolist()
            if room is None or len(ids) <= room:
                return ids
        return ids[-room:] if room else ids

    # ---- pieces ----

    def _opening(self, exchange: _Exchange, tokens: _PieceTokens) -> _Part:
        """Return the beginning of a row: the instructions, and the first exchange."""
        part = tokens.part(self._pieces(exchange, [*self._head, (self._frame.system_to_user, True)]), exchange)
        start = [token for token in self._start if token != part.ids[0]]  # the frame may begin with it
        none = np.zeros(len(start), np.bool_)
        return _joined([_Part(np.array(start, np.int32), none, ~none), part])

    def _pieces(self, exchange: _Exchange, before: Sequence[tuple[str, bool]] = ()) -> list[_Piece]:
        """Return the pieces of an exchange behind another, or behind texts, of which each is the frame's or not."""
        texts = [(text, is_frame, False) for text, is_frame in before or [(self._after_end, True)]]
        texts += [(exchange.said, False, False), (self._frame.user_to_reply, True, False)]
        if exchange.reply:
            texts += [(exchange.reply, False, True), (self._end, True, True)]
        pieces: list[_Piece] = []
        plain, learned = "", ""
        for text, is_frame, is_learned in texts:
            for string in self._split_at.split(text) if is_frame else [text]:
                if is_frame and string in self._controls:
                    pieces += [_Piece(None, plain, learned)] if plain or learned else []
                    pieces.append(_Piece(self._controls[string], "", is_learned=is_learned))
                    plain, learned = "", ""
                elif is_learned:
                    learned += string
                else:
                    plain += string
        return [*pieces, _Piece(None, plain, learned)] if plain or learned else pieces


def _joined(parts: Sequence[_Part]) -> _Part:
    return _Part(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.reply for part in parts]),
        np.concatenate([part.allowed for part in parts]),
    )


def _choose_turns(sizes: Sequence[int], begin: int, room: int) -> tuple[int, int]:
    """Return the first turn of a row, and the one behind its last; `begin` is its first target."""
    before = min(sum(sizes[:begin]), math.ceil(room / 4))
    stop = begin + 1
    while stop < len(sizes) and sum(sizes[begin : stop + 1]) + before <= room:
        stop += 1
    start = begin
    while start and sum(sizes[start - 1 : stop]) <= room:
        start -= 1
    while stop < len(sizes) and sum(sizes[start : stop + 1]) <= room:  # what no earlier turn fits into
        stop += 1
    return start, stop


def _halves(text: str) -> tuple[str, str] | None:
    """Return the two halves of a text, cut at the border that is nearest to its middle; None for a single word."""
    for border in _BORDERS:
        places = [match for match in border.finditer(text) if match.start() > 0 and match.end() < len(text)]
        if places:
            match = min(places, key=lambda match: abs(match.start() + match.end() - len(text)))
            return text[: match.end()].rstrip(), text[match.end() :]
    return None
