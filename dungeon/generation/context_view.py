"""The context as a player looks at it: what the voice will see, how many tokens each part takes, what is cached.

    context = next_context(session.adventure, session.params().budget)
    weighed = await weigh(session.storyteller, context)
    print(*context_lines(context, weighed), sep="\\n")

The storyteller counts the tokens of what is in; where it can't, and for what is out, they are estimated. What is
cached is the beginning that the next prompt shares with what the engine read and wrote last.
"""

from dataclasses import dataclass
from itertools import groupby

from corpus.text import one_line
from dungeon.storyteller.open import Storyteller
from dungeon.tale.context import TOKENS_PER_BYTE, Context, Part, PartKind

LETTERS = {kind: kind.value[0].upper() for kind in PartKind}
"""What stands for a kind of part in the bar."""
FREE = "·"
_NAMES = {PartKind.TURN: "turns", PartKind.CARD: "cards"}
_BAR = 60


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """The tokens of a context."""

    counts: tuple[int, ...]
    """Of each part, in or out."""
    counted: bool = False
    """Whether the storyteller counted those that are in; otherwise they are estimated."""
    cached: int | None = None
    """How many at the beginning the engine need not read again; None where it does not tell what it keeps."""

    def total(self, context: Context) -> int:
        """The tokens of the prompt."""
        return sum(count for part, count in zip(context.parts, self.counts, strict=True) if part.inside)


def estimated(context: Context) -> TokenCounts:
    """The tokens as they are estimated, without asking anybody."""
    return TokenCounts(tuple(part.estimate for part in context.parts))


async def count_tokens(storyteller: Storyteller, context: Context) -> TokenCounts:
    """The tokens as the storyteller counts them."""
    inside = [part.text for part in context.parts if part.inside]
    held = _shared(context.text, storyteller.held)
    counts = await storyteller.count([*inside, held])
    if counts is None:
        cached = round(len(held.encode()) * TOKENS_PER_BYTE)
        return TokenCounts(estimated(context).counts, cached=None if storyteller.cached is None else cached)
    *told, cached = counts
    of_part = iter(told)
    each = tuple(next(of_part) if part.inside else part.estimate for part in context.parts)
    # Where one part ends and the next begins, two tokens may be one in the whole prompt.
    total = sum(told)
    return TokenCounts(each, counted=True, cached=None if storyteller.cached is None else min(cached, total))


def cached_parts(context: Context, weighed: TokenCounts) -> list[bool]:
    """Of each part, whether it is in and the engine need not read any of it again."""
    found = []
    end = 0
    for part, count in zip(context.parts, weighed.counts, strict=True):
        end += count * part.inside
        found.append(part.inside and weighed.cached is not None and end <= weighed.cached)
    return found


def bar(context: Context, weighed: TokenCounts, width: int) -> list[tuple[PartKind | None, int]]:
    """The budget in `width` cells: what takes how many, in the order of the prompt; None is free.

    What is there at all has a cell, so far as there are cells.
    """
    pieces = zip(context.parts, weighed.counts, strict=True)
    inside = [(part.kind, count) for part, count in pieces if part.inside]
    shares = [(kind, sum(count for _, count in run)) for kind, run in groupby(inside, key=lambda piece: piece[0])]
    whole = max(context.budget, sum(tokens for _, tokens in shares))
    cells: list[tuple[PartKind | None, int]] = []
    used = 0
    for kind, tokens in shares:
        taken = min(max(1, round(tokens / whole * width)), width - used)
        cells.append((kind, taken))
        used += taken
    return [*cells, (None, width - used)]


def headline(context: Context, weighed: TokenCounts) -> str:
    """How full the prompt is, and how much of it is cached, in one line."""
    total = weighed.total(context)
    about = "" if weighed.counted else "about "
    line = f"{about}{total:,} of {context.budget:,} tokens"
    if weighed.cached is None:
        return f"{line} · the engine does not tell what it has cached"
    return f"{line} · {weighed.cached:,} cached, {max(0, total - weighed.cached):,} to read"


def legend(context: Context, weighed: TokenCounts) -> list[tuple[PartKind | None, str]]:
    """What the letters of the bar are, each with its tokens."""
    taken = dict.fromkeys(PartKind, 0)
    for part, count in zip(context.parts, weighed.counts, strict=True):
        taken[part.kind] += count * part.inside
    found: list[tuple[PartKind | None, str]] = [
        (kind, f"{LETTERS[kind]} {_NAMES.get(kind, kind)} {tokens:,}") for kind, tokens in taken.items() if tokens
    ]
    return [*found, (None, f"{FREE} free {max(0, context.budget - sum(taken.values())):,}")]


def preview(part: Part, length: int) -> str:
    """The beginning of a part in one line of at most that many characters."""
    line = one_line(part.text[: length * 4])
    return line if len(line) <= length else line[: max(0, length - 1)].rstrip() + "…"


def context_lines(context: Context, weighed: TokenCounts) -> list[str]:
    """All of it for plain lines, in the order in which the voice sees it."""
    drawn = "".join((FREE if kind is None else LETTERS[kind]) * cells for kind, cells in bar(context, weighed, _BAR))
    lines = [f"The next prompt: {headline(context, weighed)}", drawn]
    lines.append(", ".join(text for _, text in legend(context, weighed)))
    for part, count, cached in zip(context.parts, weighed.counts, cached_parts(context, weighed), strict=True):
        state = "out" if not part.inside else "in, cached" if cached else "in"
        said = preview(part, 60) if part.kind in (PartKind.TURN, PartKind.ACTION) and part.inside else ""
        shown = f" {said}" if said else ""
        lines.append(f"{state:10} {count:6,}  {part.label}{shown} ({part.reason})")
    return lines


def _shared(text: str, other: str) -> str:
    """The beginning that both have."""
    low, high = 0, min(len(text), len(other))
    while low < high:  # comparing slices is far faster than comparing letters
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] == other[:middle] else (low, middle - 1)
    return text[:low]
