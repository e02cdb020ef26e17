"""NovelAI's exported stories (.story) -> Story.

The text is in the format of either editor: `content.story`, or `content.document`, which is MessagePack in base64.
Lines that begin with `>`, as in its text adventures, are the player's; other text continues from step to step. Texts in
the history that were tried and not used are siblings of the current text.

Limits: see `corpus.readers.novelai_history`. A `.scenario` is only an opening and is refused.
"""

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from corpus.readers import msgpackr
from corpus.readers.novelai_history import NOVELAI_CLASSES, Block, History, history_of_blocks, history_of_document
from corpus.readers.playthrough import ROOT, Playthrough
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


def _read(source: Source) -> Iterator[Story]:
    container = decode(source, _Container, "NovelAI story")
    if container.scenarioVersion is not None:
        raise NoStoryError(
            f"{source.name} is a scenario, which is an opening without turns. "
            "Play it in NovelAI, and export the resulting story."
        )
    content = container.content
    if content is None or (content.story is None and not content.document):
        raise StoryError(f"There is no text in {source.name}. Export the story from NovelAI again.")
    if content.document:
        history = _document_history(content.document, source)
    else:
        assert content.story is not None
        history = _blocks_history(content.story, source)
    play = Playthrough(source)
    _add(history, play)
    contexts = [bool(context.text) for context in content.context or []]
    play.left_out["memory"] += any(contexts[:1])
    play.left_out["author's note"] += any(contexts[1:2])
    play.left_out["lorebook card"] += count(content.lorebook.entries) if content.lorebook else 0
    yield play.to_story(container.metadata.title or "" if container.metadata else "")


def _document_history(document: str, source: Source) -> History:
    if len(document) > _LARGEST:
        raise StoryError(f"The document in {source.name} is larger than {_LARGEST >> 20} MiB, too large for a story.")
    try:
        return history_of_document(msgpackr.decode(base64.b64decode(document, validate=True), NOVELAI_CLASSES))
    except (binascii.Error, ValueError) as error:
        raise StoryError(
            f"The document in {source.name} can't be read: {error}. "
            "Export the story from NovelAI again; if that does not help, export it as plain text."
        ) from error


def _blocks_history(story: _OldStory, source: Source) -> History:
    if sum(len(fragment.data) for fragment in story.fragments) > _LONGEST:
        raise StoryError(f"The text in {source.name} has more than {_LONGEST:,} characters, too many for a story.")
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
    return history_of_blocks(blocks, story.currentBlock or 0, text) if blocks else History(text)


def _add(history: History, play: Playthrough) -> None:
    """Add the current text, split at the ends of steps, and the texts that were tried."""
    piece_at = {0: ROOT}
    begin, piece = 0, ROOT
    for end in sorted({*history.ends, len(history.text)}):
        if end > begin:
            piece = play.append_text(piece, _paragraphs(history.text[begin:end]))
            begin = end
        piece_at[end] = piece
    pieces: list[int] = []
    for tried in history.tried:
        parent = piece_at[tried.offset] if tried.after is None else pieces[tried.after]
        pieces.append(play.append_text(parent, _paragraphs(tried.text)))
    if history.rewritten:
        play.notes.append(f"Branches before a text that was rewritten later are left out: {history.rewritten}.")
    if history.problem:
        play.notes.append(f"Unused texts are left out, because the history is damaged: {history.problem}.")


def _paragraphs(units: str) -> str:
    """Return the text with blank lines: every line in NovelAI is a paragraph."""
    return _LINES.sub("\n\n", msgpackr.text(units).replace("\r\n", "\n"))


FORMATS = (
    Format(
        "NovelAI story",
        (".story", ".scenario"),
        lambda source: first_name(source) in ("storyContainerVersion", "scenarioVersion"),
        _read,
    ),
)
