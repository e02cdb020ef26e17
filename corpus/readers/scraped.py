"""The scraped trees that AI Dungeon was made of -> Story: `{"tree_id", "first_story_block", "action_results": […]}`.

Each of the results is `{"action", "result", "action_results": […]}`: a choice's label, the passage that it leads to,
and the choices there. Where a choice led to a passage that was met before, the scraper wrote `null`: which choice that
was, and where it led, is lost. A note counts them, and a passage that lost all its choices is no ending.

Limits: about 150,000 passages and `_MAX_BYTES`.
"""

from collections.abc import Iterator
from typing import Any

from corpus.readers import deep_json
from corpus.readers.playthrough import ROOT, Play
from corpus.readers.save_json import first_name
from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError

_MAX_BYTES = 32 << 20
"""All that AI Dungeon was made of has 30."""
_OPENINGS = ("first_story_block", "story_start")


def _looks_like(source: Source) -> bool:
    return first_name(source) == "tree_id"


def _read(source: Source) -> Iterator[Story]:
    if len(source.data) > _MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {_MAX_BYTES >> 20} MiB, more than any scraped tree.")
    try:
        tree = deep_json.decode(source.text.removeprefix("\ufeff"))
    except ValueError as error:
        raise StoryError(f"{source.name} is damaged or cut off: {error}. Scrape or copy it again.") from error
    if not isinstance(tree, dict) or "tree_id" not in tree:
        raise StoryError(f'{source.name} is no scraped tree: it has no "tree_id".')
    yield _story(tree, source)


def _story(tree: dict[str, Any], source: Source) -> Story:
    play = Play(source)
    opening = next((_text(tree, name, source) for name in _OPENINGS if tree.get(name)), "")
    start = play.tell(ROOT, opening)
    lost = 0
    waiting = [(start, tree)]
    while waiting:
        at, node = waiting.pop()
        ways = node.get("action_results") or []
        if not isinstance(ways, list):
            raise StoryError(f'{source.name} is no scraped tree: "action_results" is not a list in it.')
        after = []
        for way in ways:
            if way is None:
                lost += 1
            elif isinstance(way, dict):
                action, result = _text(way, "action", source), _text(way, "result", source)
                after.append((play.tell(play.act(at, action), result), way))
            else:
                raise StoryError(f'{source.name} is no scraped tree: "action_results" hold what is no choice.')
        if not ways:
            play.end(at)
        waiting += reversed(after)
    if lost:
        play.notes.append(f"Choices that led to passages met before were lost by the scraper: {lost}.")
    play.left_out["context"] += bool(tree.get("context"))
    title = tree.get("tree_id")
    return play.story(title if isinstance(title, str) and "/" not in title else "")


def _text(node: dict[str, Any], name: str, source: Source) -> str:
    text = node.get(name)
    if text is None or isinstance(text, str):
        return text or ""
    raise StoryError(f'{source.name} is no scraped tree: "{name}" is no text in it.')


FORMATS = (Format("Scraped tree", (), _looks_like, _read),)
