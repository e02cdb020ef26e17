"""NovelAI's exported stories (.story) -> Story: the current text, with the memory as its context.

The text is in the format of either editor: `content.story`, or `content.document`, which is MessagePack in base64.
Lines that begin with `>`, as in its text adventures, are the player's; other text continues from step to step. What
the memory says is read before the text, but never trained on (`corpus.story.CONTEXT_ONLY`).

Limits: texts that were tried and not used, the author's note and the lorebook are left out and counted. A `.scenario`
is only an opening and is refused.
"""

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from corpus.readers import msgpackr
from corpus.readers.novelai_document import NOVELAI_CLASSES, current_text, tried
from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.save_json import count, decode, first_name
from corpus.readers.source import Format, Source
from corpus.story import NoStoryError, Story, StoryError

_LARGEST = 24 << 20
"""Characters of base64 of the largest document; the longest novel with all its retries has half of that."""
_LINES = re.compile(r"\n+")


class _Fragment(msgspec.Struct):
    data: str = ""


class _Block(msgspec.Struct):
    prevBlock: int | None = None


class _OldStory(msgspec.Struct):
    fragments: list[_Fragment] = []
    datablocks: list[_Block] | None = None


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
    play = Playthrough(source)
    if content.document:
        text, unused = _document(content.document, source)
    else:
        assert content.story is not None
        text = "".join(fragment.data for fragment in content.story.fragments)
        steps = content.story.datablocks or []
        unused = len(steps) - len({step.prevBlock for step in steps})
    contexts = [context.text or "" for context in content.context or []]
    memory = ROOT
    if text.strip() and contexts:
        memory = play.add_prose(ROOT, _paragraphs(contexts[0]), context_only=True)
    play.append_text(memory, _paragraphs(text))
    play.left_out["tried text"] += unused
    play.left_out["author's note"] += any(contexts[1:2])
    play.left_out["lorebook card"] += count(content.lorebook.entries) if content.lorebook else 0
    yield play.to_story(container.metadata.title or "" if container.metadata else "")


def _document(document: str, source: Source) -> tuple[str, int]:
    """Return the current text, and the number of texts that were tried."""
    if len(document) > _LARGEST:
        raise StoryError(f"The document in {source.name} is larger than {_LARGEST >> 20} MiB, too large for a story.")
    try:
        decoded = msgpackr.decode(base64.b64decode(document, validate=True), NOVELAI_CLASSES)
        return msgpackr.text(current_text(decoded)), tried(decoded)
    except (binascii.Error, ValueError) as error:
        raise StoryError(
            f"The document in {source.name} can't be read: {error}. "
            "Export the story from NovelAI again; if that does not help, export it as plain text."
        ) from error


def _paragraphs(text: str) -> str:
    """Return the text with blank lines: every line in NovelAI is a paragraph."""
    return _LINES.sub("\n\n", text.replace("\r\n", "\n"))


FORMATS = (
    Format(
        "NovelAI story",
        (".story", ".scenario"),
        lambda source: first_name(source) in ("storyContainerVersion", "scenarioVersion"),
        _read,
        about="The current text, in the format of either editor; the memory before it is context only. Texts that were "
        "tried and not used, the author's note and the lorebook are left out. No scenarios.",
    ),
)
