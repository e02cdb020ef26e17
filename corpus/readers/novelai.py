"""NovelAI's exported stories (.story) -> Story.

The text is that of either editor: `content.story`, or `content.document`, which is MessagePack in base64. Lines that
begin with `>`, as in its text adventures, are the player's; the rest goes on from step to step. Texts that were tried
and not taken, which the history keeps, are siblings of those that stand.

Limits: see `corpus.readers.novelai_history`. A `.scenario` is an opening for a play and is refused.
"""

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from corpus.readers import msgpackr
from corpus.readers.novelai_history import OWN, Block, Told, of_blocks, of_document
from corpus.readers.playthrough import ROOT, Play
from corpus.readers.save_json import count, decode, first_name
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError

_LARGEST = 24 << 20
"""Characters of base64 of the largest document; the longest novel with all its retries has half of that."""
_LONGEST = 8 << 20
_LINES = re.compile(r"\n+")


class _Fragment(msgspec.Struct):
    data: str = ""


class _Block(msgspec.Struct):
    prevBlock: int | None = None
    startIndex: int = 0
    endIndex: int = 0
    dataFragment: _Fragment | None = None


class _OldStory(msgspec.Struct):
    fragments: list[_Fragment] = []
    datablocks: list[_Block] | None = None
    currentBlock: int | None = None


class _Lorebook(msgspec.Struct):
    entries: msgspec.Raw = msgspec.Raw(b"")


class _Context(msgspec.Struct):
    text: str | None = None


class _Content(msgspec.Struct):
    story: _OldStory | None = None
    document: str | None = None
    context: list[_Context] | None = None
    lorebook: _Lorebook | None = None


class _Metadata(msgspec.Struct):
    title: str | None = None


class _Container(msgspec.Struct):
    storyContainerVersion: int | None = None
    scenarioVersion: int | None = None
    metadata: _Metadata | None = None
    content: _Content | None = None


def _looks_like(source: Source) -> bool:
    return first_name(source) in ("storyContainerVersion", "scenarioVersion")


def _read(source: Source) -> Iterator[Story]:
    container = decode(source, _Container, "NovelAI story")
    if container.scenarioVersion is not None:
        raise NoStoryError(
            f"{source.name} is a scenario: an opening for a play, and no story. "
            "Play it in NovelAI, and export the story that comes of it."
        )
    content = container.content
    if content is None or (content.story is None and not content.document):
        raise StoryError(f"There is no text in {source.name}. Export the story from NovelAI again.")
    if content.document:
        told = _of_document(content.document, source)
    else:
        assert content.story is not None
        told = _of_old_story(content.story, source)
    play = Play(source)
    _add(told, play)
    contexts = [bool(context.text) for context in content.context or []]
    play.left_out["memory"] += any(contexts[:1])
    play.left_out["author's note"] += any(contexts[1:2])
    play.left_out["lorebook card"] += count(content.lorebook.entries) if content.lorebook else 0
    yield play.story(container.metadata.title or "" if container.metadata else "")


def _of_document(document: str, source: Source) -> Told:
    if len(document) > _LARGEST:
        raise StoryError(f"The document in {source.name} is larger than {_LARGEST >> 20} MiB, more than any story.")
    try:
        return of_document(msgpackr.decode(base64.b64decode(document, validate=True), OWN))
    except (binascii.Error, ValueError) as error:
        raise StoryError(
            f"The document in {source.name} can't be read: {error}. "
            "Export the story from NovelAI again; if that does not help, export it as plain text."
        ) from error


def _of_old_story(story: _OldStory, source: Source) -> Told:
    if sum(len(fragment.data) for fragment in story.fragments) > _LONGEST:
        raise StoryError(f"The text in {source.name} has more than {_LONGEST:,} characters, more than any story.")
    text = msgpackr.units("".join(fragment.data for fragment in story.fragments))
    blocks = [
        Block(
            None if block.prevBlock is None or block.prevBlock < 0 else block.prevBlock,
            block.startIndex,
            block.endIndex,
            msgpackr.units(block.dataFragment.data if block.dataFragment else ""),
        )
        for block in story.datablocks or []
    ]
    return of_blocks(blocks, story.currentBlock or 0, text) if blocks else Told(text)


def _add(told: Told, play: Play) -> None:
    """The text as it stands, cut where steps ended, and what was tried."""
    at = {0: ROOT}
    begin, piece = 0, ROOT
    for end in sorted({*told.ends, len(told.text)}):
        if end > begin:
            piece = play.go_on(piece, _paragraphs(told.text[begin:end]))
            begin = end
        at[end] = piece
    pieces: list[int] = []
    for tried in told.tried:
        after = at[tried.offset] if tried.after is None else pieces[tried.after]
        pieces.append(play.go_on(after, _paragraphs(tried.text)))
    if told.rewritten:
        play.notes.append(
            f"What was tried before the text was rewritten there is left out, branches: {told.rewritten}."
        )
    if told.trouble:
        play.notes.append(f"What was tried and not taken is left out, for its history is damaged: {told.trouble}.")


def _paragraphs(units: str) -> str:
    """Every line of NovelAI's is a paragraph."""
    return _LINES.sub("\n\n", msgpackr.text(units).replace("\r\n", "\n"))


FORMATS = (Format("NovelAI story", (".story", ".scenario"), _looks_like, _read),)
