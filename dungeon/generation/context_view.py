"""The context as a player looks at it: what the storyteller gets, the tokens of each part, and what is cached.

    context = session.context()
    counts = await count_tokens(session.storyteller, context)
    print(*context_lines(context, counts), sep="\\n")

The storyteller counts the tokens of the parts that are included; where it can't, and for those left out, they are
estimated. Cached is the beginning that the next prompt shares with the text in the engine's cache.
"""

from dataclasses import dataclass
from itertools import groupby

from corpus.text import one_line
from dungeon.storyteller.protocol import Storyteller
from dungeon.tale.context import TOKENS_PER_BYTE, Context, Part, PartKind

LETTERS = {kind: kind.value[0].upper() for kind in PartKind}
"""The letter of each kind of part in the bar."""
FREE = "·"
_NAMES = {PartKind.TURN: "turns", PartKind.CARD: "cards"}


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """The tokens of a context."""

    counts: tuple[int, ...]
    """Of each part, included or not."""
    counted: bool = False
    """Whether the storyteller counted those that are included; otherwise they are estimated."""
    cached: int | None = None
    """How many at the beginning are in the engine's cache; None where the server does not say."""

    def total(self, context: Context) -> int:
        """The tokens of the prompt."""
        return sum(count for part, count in zip(context.parts, self.counts, strict=True) if part.included)


def estimate_tokens(context: Context) -> TokenCounts:
    """The tokens, estimated without asking the storyteller."""
    return TokenCounts(tuple(part.estimated_tokens for part in context.parts))


async def count_tokens(storyteller: Storyteller, context: Context) -> TokenCounts:
    """The tokens as the storyteller counts them."""
    included = [part.text for part in context.parts if part.included]
    cached_text = _common_prefix(context.text, storyteller.cached_text)
    counts = await storyteller.count_tokens([*included, cached_text])
    knows_cache = storyteller.cached_tokens is not None
    if counts is None:
        cached = round(len(cached_text.encode()) * TOKENS_PER_BYTE)
        return TokenCounts(estimate_tokens(context).counts, cached=cached if knows_cache else None)
    *of_included, cached = counts
    counted = iter(of_included)
    each = tuple(next(counted) if part.included else part.estimated_tokens for part in context.parts)
    # Where one part ends and the next begins, two tokens may be one in the whole prompt.
    return TokenCounts(each, counted=True, cached=min(cached, sum(of_included)) if knows_cache else None)


def cached_parts(context: Context, counts: TokenCounts) -> list[bool]:
    """Of each part, whether it is included and all of it is cached."""
    found = []
    end = 0
    for part, count in zip(context.parts, counts.counts, strict=True):
        end += count * part.included
        found.append(part.included and counts.cached is not None and end <= counts.cached)
    return found


def bar(context: Context, counts: TokenCounts, width: int) -> list[tuple[PartKind | None, int]]:
    """The budget in `width` cells: which kind of part takes how many, in the order of the prompt; None is free.

    Each kind that takes anything has a cell, so far as there are cells.
    """
    pieces = zip(context.parts, counts.counts, strict=True)
    included = [(part.kind, count) for part, count in pieces if part.included]
    shares = [(kind, sum(count for _, count in run)) for kind, run in groupby(included, key=lambda piece: piece[0])]
    whole = max(context.budget, sum(tokens for _, tokens in shares))
    cells: list[tuple[PartKind | None, int]] = []
    used = 0
    for kind, tokens in shares:
        taken = min(max(1, round(tokens / whole * width)), width - used)
        cells.append((kind, taken))
        used += taken
    return [*cells, (None, width - used)]


def headline(context: Context, counts: TokenCounts) -> str:
    """How full the prompt is, and how much of it is cached, in one line."""
    total = counts.total(context)
    about = "" if counts.counted else "about "
    line = f"{about}{total:,} of {context.budget:,} tokens"
    if not context.format.can_prefill:
        return f"{line} · the server takes only messages: no suggestions, nothing is prefetched"
    if counts.cached is None:
        return f"{line} · the server does not say what is cached"
    return f"{line} · {counts.cached:,} cached, {max(0, total - counts.cached):,} to read"


def legend(context: Context, counts: TokenCounts) -> list[tuple[PartKind | None, str]]:
    """The letters of the bar, each with its name and its tokens."""
    tokens = dict.fromkeys(PartKind, 0)
    for part, count in zip(context.parts, counts.counts, strict=True):
        tokens[part.kind] += count * part.included
    entries: list[tuple[PartKind | None, str]] = [
        (kind, f"{LETTERS[kind]} {_NAMES.get(kind, kind)} {count:,}") for kind, count in tokens.items() if count
    ]
    return [*entries, (None, f"{FREE} free {max(0, context.budget - sum(tokens.values())):,}")]


def preview(part: Part, length: int) -> str:
    """The beginning of a part in one line of at most `length` characters."""
    line = one_line(part.text[: length * 4])
    return line if len(line) <= length else line[: max(0, length - 1)].rstrip() + "…"


def context_lines(context: Context, counts: TokenCounts) -> list[str]:
    """The whole view as sentences that can be read aloud, in the order of the prompt."""
    totals = ", ".join(text.partition(" ")[2] for _, text in legend(context, counts))
    lines = [f"The next prompt: {headline(context, counts).replace(' · ', '; ')}.", f"In tokens: {totals}."]
    for part, count, cached in zip(context.parts, counts.counts, cached_parts(context, counts), strict=True):
        state = "out" if not part.included else "in, cached" if cached else "in"
        lines.append(f"{part.label}: {count:,} token{'s' * (count != 1)}, {state} ({part.reason})")
    return lines


def _common_prefix(text: str, other: str) -> str:
    """The beginning that both have."""
    low, high = 0, min(len(text), len(other))
    while low < high:  # comparing slices is far faster than comparing characters
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] == other[:middle] else (low, middle - 1)
    return text[:low]
