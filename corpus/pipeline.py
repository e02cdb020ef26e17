"""A story -> an entry: its examples on disk, and what the builder needs to know to place it.

    with Spool(folder / "0") as spool:
        compiled = compile_stories(stories, spool, settings)
    rows = read_rows(compiled.entries[0].rows)

The builder can only say where a story belongs when it has seen them all. Until then its examples lie in a spool, and
in memory are figures, a MinHash signature, and where in the spool the rest is. So memory grows with the number of
stories (about 3 kB each), not with their text.

Limits: one story, with its examples, is in memory at a time.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpus.duplicates import signature
from corpus.examples import CONTEXT, cover, most
from corpus.graph import make_graph
from corpus.histogram import EXAMPLE_CHARACTERS, PASSAGE_WORDS, count
from corpus.leaks import paragraphs
from corpus.rejects import Reject, counted, json_lines
from corpus.scratch_file import Place, Spool, to_rows
from corpus.story import Story

_LONGEST = (1 << 29) - 1
"""Characters that a column of a story's examples may have: a spool takes 2 GiB, a character up to 4 bytes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may choose."""

    seed: int = 0
    """Which stories are held out depends on it."""
    context: int = CONTEXT
    """The most characters of context an example has."""
    near_duplicates: bool = True
    """Whether stories are compared for near-duplicates."""
    rights: tuple[str, ...] = ()
    """If any: only stories under one of these licences, as the stories name them."""
    authors: tuple[str, ...] = ()
    """If any: only stories by one of these."""
    maturity_at_most: int | None = None
    """If given: only stories that their site rates so, on the site's scale; one without a rating is left out."""
    rejects: Path | None = None
    """If given: the file to which everything that is left out is written, a line of JSON each."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A story that was compiled: what the builder needs to know to place it, and where its examples lie."""

    id: str
    content: bytes
    title: str
    author: str
    rights: str
    source: str
    notes: tuple[str, ...]
    passages: int
    choices: int
    words: int
    examples: int
    target_characters: int
    passage_words: list[int]
    """How many passages have how many words: see `corpus.histogram`."""
    example_characters: list[int]
    signature: bytes
    """Empty where near-duplicates are not looked for."""
    rows: Place
    """An Arrow record batch of `SCHEMA`."""
    paragraphs: Place
    drops: Counter[str]
    rejects: Place
    """Lines of JSON; none where the settings don't ask for them."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The stories of some sources, and those that are left out whole."""

    entries: list[Entry] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    rejects: list[Place] = field(default_factory=list)


def compile_stories(stories: Iterable[Story], spool: Spool, settings: Settings) -> Compiled:
    """Each story that the settings let through and that has text, its examples in the spool."""
    done = Compiled()
    for story in stories:
        reason = _filtered(story, settings) or _compile(story, spool, settings)
        if isinstance(reason, Entry):
            done.entries.append(reason)
            continue
        done.drops[reason] += 1
        if settings.rejects:
            text = "\n\n".join(passage.text for passage in story.passages.values())
            done.rejects.append(spool.add(json_lines([Reject(reason, story.source, story.title, "", text)])))
    return done


def _filtered(story: Story, settings: Settings) -> str:
    """Why the user does not want this story; "" if he does."""
    if settings.rights and story.rights not in settings.rights:
        return "story under other rights"
    if settings.authors and story.author not in settings.authors:
        return "story by another author"
    if settings.maturity_at_most is not None:
        maturity = story.provenance.maturity if story.provenance else None
        if maturity is None:
            return "story without a maturity rating"
        if maturity > settings.maturity_at_most:
            return "story rated too mature"
    return ""


def _compile(story: Story, spool: Spool, settings: Settings) -> Entry | str:
    """The story's entry, its examples in the spool; or why it has none."""
    graph = make_graph(story)
    if not graph.nodes:
        return "story without text"
    if most(graph, settings.context) > _LONGEST:
        return "story too large when unfolded"
    examples = list(cover(graph, settings.context))
    texts = [node.text for node in graph.nodes.values()]
    words = count_words(texts)
    return Entry(
        id=graph.id,
        content=graph.content,
        title=story.title,
        author=story.author,
        rights=story.rights,
        source=story.source,
        notes=story.notes,
        passages=len(texts),
        choices=sum(len(node.edges) for node in graph.nodes.values()),
        words=sum(words),
        examples=len(examples),
        target_characters=sum(len(example.target) for example in examples),
        passage_words=count(words, PASSAGE_WORDS),
        example_characters=count((len(e.context) + len(e.target) for e in examples), EXAMPLE_CHARACTERS),
        signature=signature("\n".join(texts).split()).tobytes() if settings.near_duplicates else b"",
        rows=spool.add(to_rows(examples).serialize()),
        paragraphs=spool.add(paragraphs(texts).tobytes()),
        drops=counted(graph.rejects),
        rejects=spool.add(json_lines(graph.rejects if settings.rejects else ())),
    )


def count_words(texts: Sequence[str]) -> list[int]:
    """The words of each text, as `str.split` finds them between ASCII blanks; at once, for splitting takes long."""
    encoded = [text.encode() for text in texts]
    letters = np.frombuffer(b"".join(b"\n" + text for text in encoded) + b"\n", np.uint8) > ord(" ")
    starts = letters[1:] & ~letters[:-1]
    firsts = np.cumsum([0, *(len(text) + 1 for text in encoded)])[:-1]
    counts: list[int] = np.add.reduceat(starts, firsts, dtype=np.int64).tolist()
    return counts
