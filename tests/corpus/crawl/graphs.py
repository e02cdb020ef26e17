"""Stories for the replica: staged and random stories, and the comparison of two graphs.

    staged = random_story(7)              # the same for the same seed
    with Replica([staged]) as site: ...
    assert difference(staged.story, crawled) == ""

A page of the site is identified by title and text, so no two passages of a random story have the same of both. Random
texts have no white space except spaces and line ends, because HTML keeps no other.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from corpus.story import Choice, Passage, Story


class Special(StrEnum):
    """Targets of links that are not pages, as the site's editor names them."""

    END = "End Game"
    PREVIOUS = "Previous Page"
    RESET = "Reset Game"
    SAVE = "Save Game"


@dataclass(frozen=True, slots=True)
class Extra:
    """A link on `page` that is not a choice, whatever its label is."""

    page: str
    special: Special
    label: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item that the player gets on the page `found`; it shows the choice with this index on `page`."""

    name: str
    found: str
    page: str
    choice: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A story with the features of the site."""

    story: Story
    items: tuple[Item, ...] = ()
    extras: tuple[Extra, ...] = ()
    titled: bool = True
    """Whether the title of a page is its passage's name, not the story's title."""
    counter: str = ""
    """A variable, such as %TURNS, that is replaced by the number of followed links, so that pages always differ."""


ODD_LABELS: dict[Special, tuple[str, ...]] = {
    Special.END: ("End Game and Leave Comments", "THE END", "You died. Rate me!", "Open the door", "", "fin~"),
    Special.PREVIOUS: ("Back", "<< think again", "Go north", "Previous page"),
    Special.RESET: ("Restart", "Wake up from the dream", "Try again?", "Open the door"),
    Special.SAVE: ("Save", "Write it down in your diary", "Save Game?"),
}


def passages(*of: Passage) -> dict[str, Passage]:
    return {passage.name: passage for passage in of}


def stage(story: Story) -> Staged:
    """Return the story as the site would show it: two of three endings lead to the rate page, with an odd label."""
    endings = [passage.name for passage in story.endings()]
    labels = ODD_LABELS[Special.END]
    extras = (Extra(name, Special.END, labels[i % len(labels)]) for i, name in enumerate(endings) if i % 3 < 2)
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
    """Return a random story in which each passage can be reached, some only with an item.

    With `previous`, some pages that several pages lead to have a link to the previous page.
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
    named = tuple(replace(item, found=names[int(item.found)], page=names[int(item.page)]) for item in items)
    return Staged(story, named, _extras(rng, story, previous), titled)


def _choices(rng: random.Random, size: int) -> list[list[tuple[str, int]]]:
    """Return for each page its (label, target): a tree that reaches all pages, with merges, loops and duplicates."""
    choices: list[list[tuple[str, int]]] = [[] for _ in range(size)]
    for target in range(1, size):
        choices[rng.randrange(target)].append((_label(rng), target))
    for _ in range(rng.randrange(size + 1)):  # forward: merge; backward: loop; to itself: self loop
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
    """Add one or two items, each for a new last choice of a page that can be reached from the item."""
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
        targets = []
        if not passage.choices and rng.random() < 0.8:
            targets.append(Special.END)
        if previous and len(before[name]) > 1 and name not in before[name] | {story.start} and rng.random() < 0.5:
            targets.append(Special.PREVIOUS)  # with only one previous page, it would be a choice
        targets += [target for target in (Special.RESET, Special.SAVE) if rng.random() < 0.1]
        extras += [Extra(name, target, rng.choice(ODD_LABELS[target])) for target in targets]
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


def difference(expected: Story, actual: Story) -> str:
    """Describe how `actual` differs from the reachable graph of `expected`; "" if they are the same.

    Passages may have other names. Texts are compared as HTML keeps them: paragraphs of lines, runs of spaces as one.
    """
    if actual.start not in actual.passages:
        return f"the start {actual.start!r} is not a passage"
    names = {expected.start: actual.start}
    todo = [expected.start]
    while todo:
        name = todo.pop()
        expected_passage, found = expected.passages[name], actual.passages[names[name]]
        if plain(expected_passage.text) != plain(found.text):
            return f"{name!r}: text {plain(found.text)!r} instead of {plain(expected_passage.text)!r}"
        labels = [
            [" ".join(choice.label.split()) for choice in passage.choices] for passage in (expected_passage, found)
        ]
        if labels[0] != labels[1]:
            return f"{name!r}: choices {labels[1]} instead of {labels[0]}"
        for ours, theirs in zip(expected_passage.choices, found.choices, strict=True):
            if theirs.target not in actual.passages:
                return f"{name!r}: {theirs.label!r} leads to {theirs.target!r}, which is not a passage"
            if ours.target not in names:
                names[ours.target] = theirs.target
                todo.append(ours.target)
            elif names[ours.target] != theirs.target:
                return f"{name!r}: {theirs.label!r} leads to {theirs.target!r} instead of {names[ours.target]!r}"
    if len(set(names.values())) < len(names):
        return "two passages became one"
    if len(actual.passages) > len(names):
        return f"too many passages: {sorted(set(actual.passages) - set(names.values()))}"
    return ""


def plain(text: str) -> str:
    """Return `text` with its paragraphs and lines, and other white space as single spaces."""
    paragraphs = (
        "\n".join(line for line in (" ".join(line.split()) for line in paragraph.split("\n")) if line)
        for paragraph in re.split(r"\n\s*\n", text)
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
