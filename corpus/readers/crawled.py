"""Stories that the crawler wrote (`dungeon corpus crawl`) -> Story.

There is one JSON document per story, `{"kind": "dungeon crawled story", "version": 1, "story": {…}}`, with the fields
of `corpus.story.Story`. The content is checked, because anybody may have changed the file.

Limits: unknown versions are refused.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError
from corpus.text import one_line

KIND = "dungeon crawled story"
VERSION = 1
_NAME = "chooseyourstory.com crawl"


def _looks_like(source: Source) -> bool:
    return source.head_text.lstrip("\ufeff \t\r\n").startswith("{") and f'"{KIND}"' in source.head_text[:256]


def _read(source: Source) -> Iterator[Story]:
    document: Any = source.json
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise StoryError(f"{source.name} is not a complete story of a crawl. Run the crawl again.")
    if document.get("version") != VERSION:
        raise StoryError(f"{source.name} was written by a newer version of this program. Update it.")
    try:
        story = msgspec.convert(document.get("story"), Story)
    except msgspec.ValidationError as error:
        raise StoryError(f"{source.name} is damaged: {error}. Run the crawl again.") from error
    if story.start not in story.passages:
        raise StoryError(f"{source.name} is damaged: its first passage '{story.start}' does not exist.")
    wrong = next((name for name, passage in story.passages.items() if passage.name != name), None)
    if wrong is not None:
        raise StoryError(f"{source.name} is damaged: the passage '{wrong}' has another name. Run the crawl again.")
    yield replace(
        story, title=one_line(story.title), author=one_line(story.author), rights=one_line(story.rights) or "unknown"
    )


FORMAT = Format(
    _NAME,
    (),
    _looks_like,
    _read,
    about="Stories that `dungeon corpus crawl` wrote. A page that a browser saved is only a web page.",
)
