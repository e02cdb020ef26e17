"""ChoiceScript games -> Story.

    story = read_project([("game/startup.txt", startup), ("game/cave.txt", cave)])

Follows the documentation of Choice of Games (its introduction and advanced guide to ChoiceScript) and the ChoiceScript
wiki. The interpreter, whose licence is not a free one, is neither used nor imitated.

A game is walked, not played, taking every branch of each condition once: see `choicescript_walk`. A text between two
choices is split where a condition or a `*goto` gives it several continuations, with a choice "Continue" between the
parts; `*page_break` and `*finish` become such a choice, too, or one with their own label. Nested groups of options are
menus without text. All options are offered, whether or not their `*if`, `*selectable_if` or `*hide_reuse` allows them.
A path that ends at `*bug` is ignored. The statistics screen and the like (`choicescript_*.txt`) are not part of the
story.

A jump to a label or scene that doesn't exist stays a choice without a passage, with a note: a scene that is read
without its game has such jumps. There `*finish` is an ending.

Limits: variables show the first value that they are given (`choicescript_text`). Subroutines are repeated for each
place that calls them. See `choicescript_graph` for the limits on games without an end.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from corpus.readers.choicescript_graph import Graph
from corpus.readers.choicescript_scene import Scene, parse
from corpus.readers.choicescript_text import first_values
from corpus.readers.choicescript_walk import Game, Place
from corpus.readers.source import Format
from corpus.readers.twee import dangling_note
from corpus.story import Story, StoryError
from corpus.text import one_line

STARTUP = "startup.txt"
"""The first scene of a game."""

_NO_STORY = "choicescript_"
_MAX_LINES = 400_000
_MAX_CHARACTERS = 32 * 2**20
"""Thirty times as many as a long novel."""

_BARE = "choice|fake_choice|page_break|line_break|finish|ending|return|scene_list|hide_reuse|stat_chart|else"
_NAMED = "label|goto|gosub|goto_scene|gosub_scene|input_text|image|sound"
_VALUED = r"(?:create|temp|set)[ \t]++\w++[ \t]++(?:[\d\"%(+-]|true\b|false\b)"
_COMMAND_LINE = re.compile(
    rf"^[ \t]*+\*(?:(?:{_BARE})[ \t]*+$|(?:{_NAMED})[ \t]++[\w-]++(?:[ \t]++[\w-]++)?+[ \t]*+$|{_VALUED}"
    r"|(?:if|elseif|elsif)\b[^*\n]*+$|(?:title|author|comment|page_break|finish)[ \t]++[^*\n]++$)",
    re.MULTILINE,
)
_OPTIONS = re.compile(r"^[ \t]*+\*(?:fake_)?choice[^\n]*+\n\s*+(?:\*[^\n#]*+)?+#", re.MULTILINE)
_OTHER = re.compile(r"\A\s*+<|^(?:::[ \t]*+[^\s:]|#{1,6}[ \t]|```|~~~)", re.MULTILINE)
"""The first character of a web page, a Twee header, and Markdown at the margin, where an option can't be."""


def looks_like(text: str) -> bool:
    """Return whether `text` is a scene: it has a choice with an option under it, or two commands on their own lines."""
    if _OTHER.search(text):
        return False
    if _OPTIONS.search(text):
        return True
    found = _COMMAND_LINE.finditer(text)
    return next(found, None) is not None and next(found, None) is not None


def read_project(files: Sequence[tuple[str, str]]) -> Story:
    """Return the game whose scenes are `files`, each (name, text), starting with the first.

    Choices that lead nowhere are kept and noted. Raise StoryError if the game shows nothing, or is too large.
    """
    source = files[0][0]
    files = [file for file in files if not PurePath(file[0]).name.lower().startswith(_NO_STORY)] or files[:1]
    lines = sum(text.count("\n") + text.count("\r") for _, text in files)
    if lines > _MAX_LINES or sum(len(text) for _, text in files) > _MAX_CHARACTERS:
        raise StoryError(
            f"{source}: this game has more than {_MAX_LINES} lines or {_MAX_CHARACTERS >> 20} million characters, too "
            "many to read at once. Put some of its scenes into a folder of their own, and read that."
        )
    scenes: dict[str, Scene] = {}
    notes = []
    for name, text in files:
        stem = PurePath(name).stem
        if stem.lower() in scenes:
            notes.append(f"{one_line(name)} is left out, because there is another scene with that name.")
        else:
            scenes[stem.lower()] = parse(stem, text.replace("\r\n", "\n").replace("\r", "\n"))
    first = next(iter(scenes))
    title, author, order = _head(scenes[first])
    graph = Graph(Game(scenes, order, first_values(scenes.values())))
    passages, start = graph.passages(Place(first, 0))
    if not passages:
        raise StoryError(
            f"{source}: this ChoiceScript shows no text and offers no choice. If the story is in other scenes, "
            "startup.txt has to lead to them, by *goto_scene or by *finish and its *scene_list."
        )
    story = Story(
        title=title or one_line(PurePath(source).stem),
        start=start,
        passages=passages,
        source=source,
        author=author,
        left_out=graph.left_out(),
    )
    return replace(story, notes=(*notes, *graph.notes(), *dangling_note(story)))


def _head(scene: Scene) -> tuple[str, str, Sequence[str]]:
    """Return the title, the author, and the order of the scenes by lower-case name, as the first scene states them."""
    stated: dict[str, str] = {}
    order: list[str] = []
    for at, line in enumerate(scene.lines):
        if line.command in ("title", "author"):
            stated.setdefault(line.command, one_line(line.rest))
        elif line.command == "scene_list" and not order:
            # A dollar sign marks scenes that have to be paid for.
            order = [inner.rest.lstrip("$ ").lower() for inner in scene.lines[at + 1 : line.end]]
    return stated.get("title", ""), stated.get("author", ""), tuple(dict.fromkeys(order))


FORMAT = Format(
    "ChoiceScript",
    (),
    lambda source: looks_like(source.head_text),
    lambda source: iter([read_project([(source.name, source.text)])]),
    read_project,
    about="A game, by its folder or startup.txt, or a scene. Each branch of a condition is read once, and every option "
    "is offered. Expressions are not evaluated: a variable shows the first value that the game gives it. Scenes named "
    "choicescript_*.txt, such as the statistics, are left out.",
)
