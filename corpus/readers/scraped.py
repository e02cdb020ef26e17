"""The scraped trees that AI Dungeon was made of -> Story: `{"tree_id", "first_story_block", "action_results": […]}`.

Each result is `{"action", "result", "action_results": […]}`: the label of a choice, the passage that it leads to, and
the choices there. If a choice led to a known passage, the scraper wrote `null`: the choice and its target are lost. A
note counts them, and a passage that lost all its choices is not an ending.

Limits: about 150,000 passages and `_MAX_BYTES`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from corpus.readers import deep_json
from corpus.readers.playthrough import ROOT, Playthrough
from corpus.readers.save_json import first_name
from corpus.readers.source import Format, Source
from corpus.story import Story, StoryError
from corpus.text import one_line

_MAX_BYTES = 32 << 20
"""The data that AI Dungeon was made of has 30."""
_OPENINGS = ("first_story_block", "story_start")


def _read(source: Source) -> Iterator[Story]:
    if len(source.data) > _MAX_BYTES:
        raise StoryError(f"{source.name} is larger than {_MAX_BYTES >> 20} MiB, too large for a scraped tree.")
    try:
        tree = deep_json.decode(source.text.removeprefix("\ufeff"))
    except ValueError as error:
        raise StoryError(f"{source.name} is damaged or incomplete: {error}. Scrape or copy it again.") from error
    if not isinstance(tree, dict) or "tree_id" not in tree:
        raise StoryError(f'{source.name} is not a scraped tree: it has no "tree_id".')
    yield _story(tree, source)


def _story(tree: dict[str, Any], source: Source) -> Story:
    play = Playthrough(source)
    opening = next((_text(tree, name, source) for name in _OPENINGS if tree.get(name)), "")
    start = play.add_prose(ROOT, opening)
    lost = 0
    stack = [(start, tree)]
    while stack:
        piece, node = stack.pop()
        results = node.get("action_results") or []
        if not isinstance(results, list):
            raise StoryError(f'{source.name} is not a scraped tree: "action_results" is not a list.')
        children = []
        for child in results:
            if child is None:
                lost += 1
            elif isinstance(child, dict):
                action = play.add_action(piece, _text(child, "action", source))
                children.append((play.add_prose(action, _text(child, "result", source)), child))
            else:
                raise StoryError(
                    f'{source.name} is not a scraped tree: "action_results" has something else than choices.'
                )
        if not results:
            play.mark_ending(piece)
        stack += reversed(children)
    if lost:
        play.notes.append(f"Choices that led to known passages were lost by the scraper: {lost}.")
    play.left_out["context"] += bool(tree.get("context"))
    title = tree.get("tree_id")
    story = play.to_story(title if isinstance(title, str) and "/" not in title else "")
    return replace(story, work=one_line(title) if isinstance(title, str) else "")


def _text(node: dict[str, Any], name: str, source: Source) -> str:
    text = node.get(name)
    if text is None or isinstance(text, str):
        return text or ""
    raise StoryError(f'{source.name} is not a scraped tree: "{name}" is not a text.')


FORMATS = (
    Format(
        "Scraped tree",
        (),
        lambda source: first_name(source) == "tree_id",
        _read,
        about="The trees that AI Dungeon was made of. The scraper lost the choices that led to known passages; they "
        "are counted. The context is left out.",
    ),
)
