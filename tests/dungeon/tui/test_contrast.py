"""What is drawn on every screen can be read, and where the player is can be seen, with colours and without.

Every scene of the gallery is drawn in every theme, with the focus on each part that can have it and the cursor on each
kind of row, and each piece of text is held against its background, by the contrast of WCAG 2. In the terminal's own
colours nothing is known of them: there, and without colours, the same states must differ in letters and marks.
"""

import pkgutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets._tabs import Underline

import dungeon.tui.screens
from dungeon.settings.palettes import PALETTES, TERMINAL_THEMES, contrast
from dungeon.tui.widgets.pane import Pane
from dungeon.tui.widgets.side_panel import SidePanel
from dungeon.tui.widgets.table import Table
from tests.dungeon.drawn import Run, drawn, unpainted
from tests.dungeon.gallery import SCENES, TOASTS, game_of, visiting
from tests.dungeon.host import press, settle

TEXT, MARK = 4.5, 3.0
"""The least contrast of text, and of lines, bars and what can't be used now."""
LINES = frozenset(map(chr, range(0x2500, 0x25A0)))
"""Box drawing and blocks: borders, bars, the parts of a scrollbar."""
DECORATION = (Underline, SidePanel, Pane)
"""Widgets whose lines only part them from what is beside them. A pane that has the focus has brighter ones."""
SHOWN = {
    "AskScreen": "ask",
    "ChooseScreen": "choose",
    "CompareScreen": "compare",
    "ConfirmScreen": "confirm",
    "ContextScreen": "context",
    "EditScreen": "edit",
    "HelpScreen": "help",
    "KeyScreen": "key",
    "LineScreen": "line",
    "LoreScreen": "lore",
    "PlayScreen": "play",
    "ScenarioEditor": "scenario",
    "SettingsScreen": "settings",
    "ShelfScreen": "shelf",
    "StartScreen": "start",
    "TakesScreen": "takes",
    "TextScreen": "text",
    "TreeScreen": "tree",
    "VoicesScreen": "voices",
}
"""A scene in which each screen is on top."""


@asynccontextmanager
async def visiting_in(scene: str, themes: Iterable[str]) -> AsyncIterator[tuple[Pilot[None], AsyncIterator[str]]]:
    """The scene, and an iterator that shows it in each theme."""
    async with visiting(scene) as pilot:
        shown = SHOWN.get(type(pilot.app.screen).__name__)
        assert scene not in SHOWN.values() or scene == shown

        async def in_each() -> AsyncIterator[str]:
            for theme in themes:
                if scene == "palette":  # Textual's palette keeps its colours while it is open
                    await press(pilot, "escape")
                game_of(pilot).use_theme(theme)
                await settle(pilot)
                if scene == "palette":
                    await SCENES[scene](pilot)
                yield theme

        yield pilot, in_each()


async def states(pilot: Pilot[None]) -> AsyncIterator[str]:
    """Put the focus on each part of the screen in turn, and the cursor of a list on each kind of row."""
    screen = pilot.app.screen
    yield "as it opens"
    for widget in screen.focus_chain:
        widget.focus()
        await settle(pilot)
        yield f"focus on {widget!r}"
        for row in kinds_of_rows(widget):
            if widget.highlighted != row:  # type: ignore[attr-defined]
                widget.highlighted = row  # type: ignore[attr-defined]
                await settle(pilot)
                yield f"row {row} of {widget!r}"


def kinds_of_rows(widget: Widget) -> list[int]:
    """The first row of each kind in a list: rows are of one kind if they are styled alike."""
    if not isinstance(widget, OptionList):
        return []
    kinds: dict[str, int] = {}
    for row, option in enumerate(widget.options):
        if not option.disabled:
            kinds.setdefault(str({str(span.style) for span in getattr(option.prompt, "spans", ())}), row)
    return list(kinds.values())


def too_pale(pilot: Pilot[None]) -> Iterator[str]:
    """What has too little contrast. The screen below a dialog is not to be read."""
    screen = pilot.app.screen
    for run in drawn(pilot.app):
        if not run.text.strip() or contrast(run.color, run.background) >= TEXT:
            continue
        widget = screen.get_widget_at(run.x, run.y)[0]
        if widget is screen and isinstance(screen, ModalScreen):
            continue
        line = set(run.text.strip()) <= LINES
        if line and isinstance(widget, DECORATION) and not widget.has_focus_within:
            continue
        if isinstance(widget, OptionList) and set(run.text.strip()) == {"─"}:  # it parts the rows of a list
            continue
        measured = contrast(run.color, run.background)
        if measured < (MARK if line or widget.disabled else TEXT):
            place = f"{type(widget).__name__}#{widget.id}.{'.'.join(widget.classes)}"
            yield f"'{run.text.strip()[:30]}' in {place}: {run.color} on {run.background}, {measured:.1f} to 1"


def test_every_screen_is_in_the_gallery() -> None:
    for module in pkgutil.iter_modules(dungeon.tui.screens.__path__):
        import_module(f"dungeon.tui.screens.{module.name}")
    screens = [screen for screen in subclasses(Screen) if screen.__module__.startswith("dungeon.tui.screens.")]
    shown = {screen.__name__ for screen in screens if not screen.__subclasses__()}
    assert shown <= SHOWN.keys(), "a scene is missing"
    assert set(SHOWN.values()) <= SCENES.keys()


def subclasses(parent: type[Screen[Any]]) -> Iterator[type[Screen[Any]]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


@pytest.mark.parametrize("scene", SCENES)
async def test_everything_can_be_read_and_nothing_is_told_by_colour_alone(scene: str) -> None:
    wrong = []
    async with visiting_in(scene, [*PALETTES, *TERMINAL_THEMES]) as (pilot, in_each):
        async for theme in in_each:
            found = too_pale_anywhere if theme in PALETTES else told_by_colour
            wrong += [f"{theme}, {each}" async for each in found(pilot)]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


async def too_pale_anywhere(pilot: Pilot[None]) -> AsyncIterator[str]:
    """What has too little contrast in one of the states."""
    async for state in states(pilot):
        for each in too_pale(pilot):
            yield f"{state}: {each}"


async def told_by_colour(pilot: Pilot[None]) -> AsyncIterator[str]:
    """What could not be seen in a terminal whose colours nobody knows."""
    seen: dict[str, str] = {}
    async for state in states(pilot):
        for run in drawn(pilot.app):
            if not is_safe(run):
                yield f"{state}: {run}"
        look = str(unpainted(pilot.app))
        if look in seen and "focus" in state and "focus" in seen[look]:
            yield f"{state} looks like {seen[look]}"
        seen[look] = state
    for widget in pilot.app.screen.focus_chain:
        if (looks := await looks_of_cursor(pilot, widget)) and len(set(looks)) < len(looks):
            yield f"the cursor of {widget!r} can't be seen"


def is_safe(run: Run) -> bool:
    """Whether it can be read in a terminal of any colours: on the terminal's background, or changed over with it."""
    return not run.text.strip() or run.background == "default" or "reverse" in run.marks


async def looks_of_cursor(pilot: Pilot[None], widget: Widget) -> list[str]:
    """How a list looks, without colours, with the cursor on two rows that are both in sight."""
    widget.focus()
    looks = []
    for row in rows_in_sight(widget):
        setattr(widget, "highlighted" if isinstance(widget, OptionList) else "cursor_row", row)
        await settle(pilot)
        lines = unpainted(pilot.app)[widget.region.y : widget.region.bottom]
        looks.append(str([line[widget.region.x : widget.region.right] for line in lines]))
    return looks


def rows_in_sight(widget: Widget) -> list[int]:
    """Two rows near the top of a list."""
    if isinstance(widget, OptionList):
        return [row for row, option in enumerate(widget.options) if not option.disabled][:2]
    return [0, 1][: len(widget.rows)] if isinstance(widget, Table) else []


# ---- without any colours -------------------------------------------------------------------------------------------


async def test_messages_and_errors_are_told_apart_by_more_than_colour() -> None:
    async with visiting("play", "ansi-dark") as pilot:
        lines = ["".join(letter for letter, _ in line) for line in unpainted(pilot.app)]
        sign = {words: next(line[line.index(words) - 2] for line in lines if words in line) for words in TOASTS}
        assert len(set(sign.values())) == len(TOASTS)


@pytest.mark.parametrize("theme", ["lamplight", "ink", "ansi-light"])
async def test_with_no_color_there_are_no_colours_and_the_marks_are_those_of_the_terminals_themes(
    monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with visiting("settings", theme) as pilot:
        assert {(run.color, run.background) for run in drawn(pilot.app)} == {("default", "default")}
        marks = {mark for run in drawn(pilot.app) for mark in run.marks}
        assert {"bold", "reverse", "dim"} <= marks
        assert len(set(await looks_of_cursor(pilot, pilot.app.screen.focus_chain[0]))) == 2
        await press(pilot, "f7")
        assert {(run.color, run.background) for run in drawn(pilot.app)} == {("default", "default")}


@pytest.mark.parametrize(
    ("scene", "words", "marks", "others"),
    [
        ("play", "The lamp goes out.", "italic", "Somebody breathes."),
        ("play, typing", "pen the iron door", "reverse", "The disk is full."),
        ("choose", "lamplight", "bold", "deepwood"),
        ("settings, a wrong value", "10900", "reverse", "must be"),
    ],
    ids=["the player's own narration", "selected text", "the chosen option", "selected text of a field"],
)
async def test_without_colours_it_is_marked(
    monkeypatch: pytest.MonkeyPatch, scene: str, words: str, marks: str, others: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with visiting(scene) as pilot:
        if scene == "choose":
            await press(pilot, "end")
        if scene == "settings, a wrong value":
            await press(pilot, "shift+home")
        runs = list(drawn(pilot.app))
        assert [marks in run.marks for run in runs if run.text.strip() == words] == [True]
        assert not any(marks in run.marks for run in runs if others in run.text)
