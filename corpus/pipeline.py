"""Compile a story: write its examples to disk and keep what the builder needs to assign it to a split.

    with ScratchFile(folder / "0") as file:
        batch = compile_stories(stories, file, settings)
    rows = read_record_batch(batch.stories[0].rows)

The builder can assign a story to a split only when it has seen all of them. Until then, the examples are in a scratch
file, and memory holds counts and the places of the pieces in the file. So memory grows with the number of stories
(about 3 kB each), not with their text.

Limits: one story with its examples is in memory at a time.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpus.duplicates import sketch
from corpus.examples import DEFAULT_CONTEXT, edge_cover, max_characters
from corpus.graph import make_graph
from corpus.histogram import EXAMPLE_CHARACTERS, PASSAGE_WORDS, count
from corpus.leaks import paragraphs
from corpus.reachability import reachability_warning
from corpus.rejects import Reject, count_by_reason, json_lines
from corpus.scratch_file import Piece, ScratchFile, to_record_batch
from corpus.story import Skipped, Story

_LONGEST_COLUMN = (1 << 29) - 1
"""Characters in a column of a story's examples: Arrow holds 2 GiB, and a character has up to 4 bytes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices."""

    seed: int = 0
    """Decides which stories are held out."""
    context: int = DEFAULT_CONTEXT
    """Characters of context in an example, at most."""
    near_duplicates: bool = True
    """Whether stories are compared to find near-duplicates."""
    rights: tuple[str, ...] = ()
    """If not empty, only stories under these licences, spelled as in the stories."""
    authors: tuple[str, ...] = ()
    """If not empty, only stories by these authors."""
    maturity_at_most: int | None = None
    """If set, only stories with at most this maturity rating on their site's own scale; none without a rating."""
    rejects: Path | None = None
    """If set, the file to write everything that is left out to, one line of JSON each."""
    strict: bool = False
    """Whether a file that can't be read is an error. Otherwise it is skipped, and the report names it."""


@dataclass(frozen=True, slots=True)
class CompiledStory:
    """A compiled story: what the builder needs to assign it to a split, and where its examples are."""

    id: str
    content: bytes
    title: str
    author: str
    rights: str
    source: str
    work: str
    """The id of which the story is a version; "" if unknown."""
    notes: tuple[str, ...]
    warning: str
    """That much of it can't be reached; "" if not."""
    passages: int
    """Passages that are trained on; so are the choices and words, the histogram and the sketch."""
    choices: int
    words: int
    examples: int
    target_characters: int
    passage_words: list[int]
    """A histogram: see `corpus.histogram`."""
    example_characters: list[int]
    sketch: Piece
    """To compare the story with others: see `corpus.duplicates`. Empty if they are not compared."""
    rows: Piece
    """An Arrow record batch of `SCHEMA`."""
    paragraphs: Piece
    """The paragraphs that are trained on: see `corpus.leaks`."""
    context_paragraphs: Piece
    """The paragraphs that are only context, of the author whose story was played."""
    drops: Counter[str]
    rejects: Piece
    """Lines of JSON; empty unless the settings ask for them."""


@dataclass(frozen=True, slots=True)
class CompiledBatch:
    """The compiled stories of some sources, and the stories and files that are left out as a whole."""

    stories: list[CompiledStory] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    rejects: list[Piece] = field(default_factory=list)


def compile_stories(stories: Iterable[Story], file: ScratchFile, settings: Settings) -> CompiledBatch:
    """Compile each story that passes the filters and has text; write its examples to the file."""
    batch = CompiledBatch()
    for story in stories:
        result = _filter_reason(story, settings) or _compile(story, file, settings)
        if isinstance(result, CompiledStory):
            batch.stories.append(result)
            continue
        batch.drops[result] += 1
        if settings.rejects:
            text = "\n\n".join(passage.text for passage in story.passages.values())
            batch.rejects.append(file.append(json_lines([Reject(result, story.source, story.title, "", text)])))
    return batch


_STORY_NUMBER = re.compile(r"/viewer\b[^?]*\?(?:.*&)?(?:StoryId=)?(\d+)", re.IGNORECASE)


def work_id(story: Story) -> str:
    """Return the id that is equal for all versions of the story, whatever reader read it; "" if its source gives none.

    It is `Story.work`, or the address that the story was crawled from.
    """
    stated = story.work or (story.provenance.url if story.provenance else "")
    number = _STORY_NUMBER.search(stated)
    if number:
        return f"StoryId {number[1]}"
    # An id of zeros is a placeholder.
    return stated.upper() if len(set(re.sub(r"\W", "", stated))) > 1 else ""


def _filter_reason(story: Story, settings: Settings) -> str:
    """Return why the user's filters exclude the story; "" if they don't."""
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


def _compile(story: Story, file: ScratchFile, settings: Settings) -> CompiledStory | str:
    """Return the compiled story, or the reason why it is left out."""
    graph = make_graph(story)
    if not graph.nodes:
        return "story without text"
    if max_characters(graph, settings.context) > _LONGEST_COLUMN:
        return "story too large when unfolded"
    examples = list(edge_cover(graph, settings.context))
    if not examples:
        return "story with an author's passages only"
    texts = graph.learned()
    words = count_words(texts)
    return CompiledStory(
        id=graph.id,
        content=graph.content,
        title=story.title,
        author=story.author,
        rights=story.rights,
        source=story.source,
        work=work_id(story),
        notes=story.notes,
        warning=reachability_warning(story),
        passages=len(texts),
        choices=len(graph.learned_choices()),
        words=sum(words),
        examples=len(examples),
        target_characters=sum(len(example.target) for example in examples),
        passage_words=count(words, PASSAGE_WORDS),
        example_characters=count((len(e.context) + len(e.target) for e in examples), EXAMPLE_CHARACTERS),
        sketch=file.append(sketch("\n".join(texts)).tobytes() if settings.near_duplicates else b""),
        rows=file.append(to_record_batch(examples).serialize()),
        paragraphs=file.append(paragraphs(texts).tobytes()),
        context_paragraphs=file.append(paragraphs(graph.context_only()).tobytes()),
        drops=count_by_reason(graph.rejects),
        rejects=file.append(json_lines(graph.rejects if settings.rejects else ())),
    )


def count_words(texts: Sequence[str]) -> list[int]:
    """Return the number of words in each text, separated by ASCII white space; numpy counts all texts at once."""
    encoded = [text.encode() for text in texts]
    letters = np.frombuffer(b"".join(b"\n" + text for text in encoded) + b"\n", np.uint8) > ord(" ")
    starts = letters[1:] & ~letters[:-1]
    firsts = np.cumsum([0, *(len(text) + 1 for text in encoded)])[:-1]
    counts: list[int] = np.add.reduceat(starts, firsts, dtype=np.int64).tolist()
    return counts
