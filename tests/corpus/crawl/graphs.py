"""Stories for the replica: how the site plays one, random ones, and whether two are one graph.

    staged = random_story(7)              # the same for the same seed
    with Replica([staged]) as site: ...
    assert difference(staged.story, crawled) == ""

A page of the site is its title and its text, so no two passages of a random story share both. Random texts hold no
white space but spaces and line ends: HTML does not keep any other.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from corpus.story import Choice, Passage, Story


class Way(StrEnum):
    """Where a link may lead besides to a page, in the words of the site's editor."""

    END = "End Game"
    PREVIOUS = "Previous Page"
    RESET = "Reset Game"
    SAVE = "Save Game"


@dataclass(frozen=True, slots=True)
class Extra:
    """A link that the author put under `page` and that is no choice, whatever its label says."""

    page: str
    way: Way
    label: str


@dataclass(frozen=True, slots=True)
class Item:
    """Picked up by whoever comes to the page `found`; only who has it is shown the choice with this index on `page`."""

    name: str
    found: str
    page: str
    choice: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A story, and what the site does with it."""

    story: Story
    items: tuple[Item, ...] = ()
    extras: tuple[Extra, ...] = ()
    titled: bool = True
    """Pages are headed with their passage's name; else each with the story's title, and texts alone tell them apart."""
    counter: str = ""
    """A variable, such as %TURNS, shown as the number of links followed: such a page never reads twice the same."""


ODD_LABELS: dict[Way, tuple[str, ...]] = {
    Way.END: ("End Game and Leave Comments", "THE END", "You died. Rate me!", "Open the door", "", "fin~"),
    Way.PREVIOUS: ("Back", "<< think again", "Go north", "Previous page"),
    Way.RESET: ("Restart", "Wake up from the dream", "Try again?", "Open the door"),
    Way.SAVE: ("Save", "Write it down in your diary", "Save Game?"),
}


def passages(*of: Passage) -> dict[str, Passage]:
    return {passage.name: passage for passage in of}


def stage(story: Story) -> Staged:
    """`story` as its site would show it: two endings of three lead to the rate page, under an odd label."""
    endings = [passage.name for passage in story.endings()]
    labels = ODD_LABELS[Way.END]
    extras = (Extra(name, Way.END, labels[i % len(labels)]) for i, name in enumerate(endings) if i % 3 < 2)
    return Staged(story, extras=tuple(extras))


# ---- random stories ------------------------------------------------------------------------------------------

_WORDS = (
    "the", "lantern", "river", "door", "iron", "wolf", "you", "run", "quietly", "under", "again", "%GOLD", "%NAME's",
    "“hush”", "naïve", "Ωmega", "雨の夜", "дракон", "שלום", "é🐉", "👩\u200d🚀", "<b>bold</b>", "&amp;", "&", "<", ">",
    '"no"', "it's", "100%", "$PAGETEXT", "C:\\new", "PostBack('FollowLink','1')", "<!--x-->", "[[link->there]]", "***",
    "`code`", "{{x}}", "﷽", "ﬁre",
)  # fmt: skip
_LABELS = (
    "Open the door", "Back", "Save Game", "Restart", "End Game and Leave Comments", "", "Previous page", ">", "…",
    "“Who goes there?”", 'Say "no"', "Don't!", "Go <north> & east", "🐉", "לך צפונה", "Years later…", "%NAME speaks",
)  # fmt: skip


def random_story(seed: int, *, previous: bool = True) -> Staged:
    """A story that begins and ends anywhere; its every passage can be reached, with its items if need be.

    `previous`: whether some pages carry a link back to the page before, where several pages lead to them.
    """
    rng = random.Random(seed)
    size = rng.choice((1, 2, 3, 5, 8, 13, 21))
    titled = rng.random() < 0.7
    names = [f"{_line(rng, 0, 3)} {i}".strip() for i in range(size)]
    choices = _choices(rng, size)
    items: list[Item] = []
    if size > 2 and rng.random() < 0.4:
        choices, items = _with_items(rng, choices)
        names += [f"Secret {i}" for i in range(len(names), len(choices))]
    passages = {}
    for i, name in enumerate(names):
        text = _text(rng) if rng.random() < 0.9 else ""
        if not titled and i:
            text = f"{text} ({i})".strip()
        links = tuple(Choice(label, names[target]) for label, target in choices[i])
        passages[name] = Passage(name, text, links)
    story = Story(f"Story {seed} {_line(rng, 0, 3)}".strip(), names[0], passages, author=_line(rng, 1, 2), genre="test")
    named = tuple(replace(it, found=names[int(it.found)], page=names[int(it.page)]) for it in items)
    return Staged(story, named, _extras(rng, story, previous), titled)


def _choices(rng: random.Random, size: int) -> list[list[tuple[str, int]]]:
    """For each page its (label, target): a tree that reaches all, and merges, loops and doubles on top."""
    choices: list[list[tuple[str, int]]] = [[] for _ in range(size)]
    for target in range(1, size):
        choices[rng.randrange(target)].append((_label(rng), target))
    for _ in range(rng.randrange(size + 1)):  # forward: merge; backward: loop; onto itself: self loop
        choices[rng.randrange(size)].append((_label(rng), rng.randrange(size)))
    busy = [links for links in choices if links]
    for links in rng.sample(busy, min(len(busy), 2)):
        label, target = rng.choice(links)
        links.append(rng.choice(((_label(rng), target), (label, rng.randrange(size)), (label, target))))
    if rng.random() < 0.12:
        rng.choice(choices).extend((f"{_label(rng)} {i}", rng.randrange(size)) for i in range(50))
    for links in choices:
        rng.shuffle(links)
    return choices


def _with_items(
    rng: random.Random, choices: list[list[tuple[str, int]]]
) -> tuple[list[list[tuple[str, int]]], list[Item]]:
    """One or two items, each opening a last choice on a page that can be reached from where it lies."""
    items: list[Item] = []
    reach = [_reachable(choices, i) for i in range(len(choices))]
    gates = rng.sample(range(len(choices)), rng.choice((1, 1, 2)))
    for gate in gates:
        found = rng.choice([i for i in range(len(reach)) if gate in reach[i]])
        target = rng.randrange(len(choices))
        if rng.random() < 0.6:
            target = len(choices)
            choices.append([])
        choices[gate].append((_label(rng), target))
        items.append(Item(f"{_line(rng, 1, 2)} {len(items)}", str(found), str(gate), len(choices[gate]) - 1))
    return choices, items


def _reachable(choices: Sequence[Sequence[tuple[str, int]]], start: int) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        for _, target in choices[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _extras(rng: random.Random, story: Story, previous: bool) -> tuple[Extra, ...]:
    before: dict[str, set[str]] = {name: set() for name in story.passages}
    for passage, choice in story.edges():
        before[choice.target].add(passage.name)
    extras = []
    for name, passage in story.passages.items():
        ways = []
        if not passage.choices and rng.random() < 0.8:
            ways.append(Way.END)
        if previous and len(before[name]) > 1 and name not in before[name] | {story.start} and rng.random() < 0.5:
            ways.append(Way.PREVIOUS)  # one page before it would make it a choice like any other
        ways += [way for way in (Way.RESET, Way.SAVE) if rng.random() < 0.1]
        extras += [Extra(name, way, rng.choice(ODD_LABELS[way])) for way in ways]
    return tuple(extras)


def _label(rng: random.Random) -> str:
    return rng.choice(_LABELS) if rng.random() < 0.5 else _line(rng, 1, 5)


def _line(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(least, most)))


def _text(rng: random.Random) -> str:
    paragraphs = []
    for _ in range(rng.randint(1, 4)):
        lines = [_line(rng, 1, 20) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


# ---- comparison ----------------------------------------------------------------------------------------------


def difference(expected: Story, got: Story) -> str:
    """Where `got` is another graph than what can be reached in `expected`, in one sentence; "" where they are the same.

    Passages may bear other names. Texts are compared as HTML keeps them: paragraphs of lines, runs of spaces as one.
    """
    if got.start not in got.passages:
        return f"start {got.start!r} is no passage"
    names = {expected.start: got.start}
    todo = [expected.start]
    while todo:
        name = todo.pop()
        want, have = expected.passages[name], got.passages[names[name]]
        if plain(want.text) != plain(have.text):
            return f"{name!r}: text {plain(have.text)!r} instead of {plain(want.text)!r}"
        labels = [[" ".join(choice.label.split()) for choice in passage.choices] for passage in (want, have)]
        if labels[0] != labels[1]:
            return f"{name!r}: choices {labels[1]} instead of {labels[0]}"
        for ours, theirs in zip(want.choices, have.choices, strict=True):
            if theirs.target not in got.passages:
                return f"{name!r}: {theirs.label!r} leads to {theirs.target!r}, which is no passage"
            if ours.target not in names:
                names[ours.target] = theirs.target
                todo.append(ours.target)
            elif names[ours.target] != theirs.target:
                return f"{name!r}: {theirs.label!r} leads to {theirs.target!r} instead of {names[ours.target]!r}"
    if len(set(names.values())) < len(names):
        return "two passages have become one"
    if len(got.passages) > len(names):
        return f"passages too many: {sorted(set(got.passages) - set(names.values()))}"
    return ""


def plain(text: str) -> str:
    """`text` with its paragraphs and lines, but no other white space than single spaces."""
    paragraphs = (
        "\n".join(line for line in (" ".join(line.split()) for line in paragraph.split("\n")) if line)
        for paragraph in re.split(r"\n\s*\n", text)
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
