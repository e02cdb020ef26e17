"""Playing: the story above, the prompt below; typing always goes to the prompt.

How turns are played is in `dungeon.tui.screens.turn_screen`. Commands are those of `dungeon.play.registry`; this screen
is the frontend that they work on.
"""

import gc
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal

from corpus.actions import read_input
from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.registry import COMMANDS, Request, likely_command, parse_line, typed_line
from dungeon.play.session import Session
from dungeon.tale.people import people_and_things
from dungeon.tui import crash
from dungeon.tui.bindings import bindings
from dungeon.tui.host import game
from dungeon.tui.screens.by_command import open_screen
from dungeon.tui.screens.turn_screen import TurnScreen
from dungeon.tui.widgets.footer import KeyFooter
from dungeon.tui.widgets.header import PlayHeader
from dungeon.tui.widgets.message_line import MessageLine
from dungeon.tui.widgets.prompt import Prompt, PromptBar
from dungeon.tui.widgets.side_panel import SidePanel
from dungeon.tui.widgets.story import StoryView
from dungeon.tui.widgets.suggestions import Suggestion
from dungeon.tui.widgets.turn import MARGIN, TurnLabels

_OFFERED = "Enter: yes · n: no, as you typed it · or something else"
_IN_A_STORY = "Pick a number, or type what you do."
"""The placeholder where the author's choices stand."""
_NEEDS_VOICE = "The author has no answer to this, and the voice that could improvise one is not here yet."
_PLACEHOLDERS = {
    Kind.DO: 'What do you do?  ("…" to speak, Enter alone to go on)',
    Kind.SAY: "What do you say?",
    Kind.STORY: "What happens next? Write it yourself.",
}


_SHOWN_KEYS = ("retry", "undo", "new", "tree", "settings", "memory", "panel", "context", "edit", "redo")
"""The commands whose keys are shown while there is room, in this order."""
_OTHER_KEYS = (
    *(
        name
        for name, command in COMMANDS.items()
        if command.stands_alone and command.needs_adventure and name not in _SHOWN_KEYS
    ),
    "shelf",
)
_PANEL_FROM = 120
"""Columns from which the side panel is shown, unless the player has chosen."""
_SETTLED_AFTER = 2.0
"""Seconds until everything is imported and drawn."""


class PlayScreen(TurnScreen):
    """One adventure in play: a `PlayFrontend`."""

    CSS_PATH = "play.tcss"
    AUTO_FOCUS = "#prompt"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]
    BINDINGS = bindings(*_SHOWN_KEYS, shown=True) + bindings(*_OTHER_KEYS, page=True)

    def __init__(self, session: Session, message: str = "") -> None:
        """`message` is shown at first."""
        super().__init__(session)
        self._first_message = message
        self.mode = Kind.DO
        self._refused = ""
        """The line that was given back last."""
        self._names: tuple[str, ...] = ()
        """The names that Tab completes."""

    def compose(self) -> ComposeResult:
        yield PlayHeader(self.session)
        with Horizontal(id="middle"):
            yield StoryView(self.session)
            yield SidePanel(self.session)
        yield MessageLine()
        yield PromptBar(Prompt(self._names_to_complete), enabled=self.session.may_type)
        yield KeyFooter()

    async def on_mount(self) -> None:
        if not self.query(PromptBar):  # the player has left already: Textual composes nothing while it ends
            return
        self.session.on_notice = lambda text: self.post_message(self.NoticeGiven(text))
        self.set_mode(Kind.DO)
        self.prompt.remember([typed_line(node) for node in self.session.adventure.path()])
        self.apply_settings()
        await self.show_story()
        if self._first_message:
            self.show_message(self._first_message)
        self.prefetch()
        self.set_timer(_SETTLED_AFTER, settle_memory)

    def apply_settings(self) -> None:
        """The width of the column, and the side panel, as the player has set them."""
        self.story.query_one("#tale").styles.max_width = self.session.settings.global_settings.column + MARGIN
        self._show_panel()

    def on_resize(self) -> None:
        if self.query(SidePanel):
            self._show_panel()

    def _show_panel(self) -> None:
        wanted = self.session.settings.global_settings.panel
        panel = self.query_one(SidePanel)
        panel.display = self.app.size.width >= _PANEL_FROM if wanted == "auto" else wanted == "on"
        panel.show()
        self._names = tuple(known.name for known in people_and_things(self.session.adventure))

    def _names_to_complete(self) -> Sequence[str]:
        return self._names

    # ---- what the player asks for ----------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Typing goes to the prompt, wherever a click has put the focus; without a prompt, a number is a choice."""
        if not self.session.may_type:
            if event.key == "enter" or (event.character or "").isdecimal():
                event.stop()
                self.post_message(Prompt.Sent("" if event.key == "enter" else event.character or ""))
        elif event.is_printable and event.character and self.focused is not self.prompt:
            self.prompt.focus()
            self.prompt.insert(event.character)
            event.stop()

    @on(Prompt.Sent)
    async def _line_sent(self, event: Prompt.Sent) -> None:
        self.clear_message()  # it is about an earlier line
        if self.story.is_revealing and not event.text.strip():
            self.story.end_turn()
            return
        try:
            request = parse_line(event.text, self.mode, self.session.suggestions())
        except DungeonError as error:
            if event.text == self._refused and (command := likely_command(event.text)):
                request = Request(command)  # Enter once more: yes, that was meant
            else:
                self._refused = event.text
                self.show_message(str(error))
                self.prompt.give_back(event.text)
                return
        self._refused = ""
        if not await self.run_command(request):
            self.prompt.give_back(event.text)

    @on(Suggestion.Picked)
    async def _suggestion_picked(self, event: Suggestion.Picked) -> None:
        self.prompt.focus()
        await self.run_command(Request("choose", str(event.number)))

    @on(Prompt.SteppedOut)
    def _left_history(self) -> None:
        self.focus_next(Suggestion)

    @on(Prompt.Stepped)
    async def _arrow_pressed(self, event: Prompt.Stepped) -> None:
        await self.run_command(Request("left" if event.step < 0 else "right"))

    @on(TurnLabels.Clicked)
    def _labels_clicked(self, event: TurnLabels.Clicked) -> None:
        from dungeon.tui.screens.takes import TakesScreen

        if not self.busy and event.node_id in self.session.adventure.nodes:
            self.app.push_screen(TakesScreen(self.session, event.node_id), self._screen_closed)

    async def action_command(self, name: str) -> None:
        """A command by its key. While something is typed, undo and redo are the prompt's own, and Tab completes."""
        self.clear_message()
        if name in ("undo", "redo") and self.prompt.text:
            self.prompt.undo() if name == "undo" else self.prompt.redo()
        elif name == "mode" and (self.focused is not self.prompt or self.prompt.text):
            if not self.prompt.complete():
                self.prompt.focus()
        else:
            await self.run_command(Request(name))

    async def run_command(self, request: Request) -> bool:
        """Runs a command; whether it could be run now. What goes wrong is shown, and the game goes on."""
        command = COMMANDS[request.command]
        if self.busy and not command.while_streaming:
            self.show_message("Still writing. Esc stops it and keeps what came.")
            return False
        # The adventure's settings may change below the screen of settings, which this screen shows when that is closed.
        if not command.needs_adventure and command.name != "settings":
            await game(self).run_command(request)
            return True
        before = self._what_prefetching_depends_on()
        try:
            if screen := open_screen(self.session, request):
                self.app.push_screen(screen, self._screen_closed)
            else:
                await command.handler(self, request)
        except DungeonError as error:
            self.show_error(str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one command must not end the game
            self.show_error(crash.report(error))
            await self.story.show()
        if not self.busy and self._what_prefetching_depends_on() != before:
            self.apply_settings()
            self.prefetch()
        return True

    def _what_prefetching_depends_on(self) -> object:
        session = self.session
        adventure = session.adventure
        return adventure, adventure.head, adventure.lore, session.params().sampling, session.settings.global_settings

    async def _screen_closed(self, _: Any) -> None:
        """Whatever a screen has changed."""
        self.apply_settings()
        await self.show_story()
        self.prefetch()

    def begin_command(self, name: str) -> None:
        """Begins a command in the prompt that needs words."""
        self.prompt.set_line(f"/{name} ")
        self.prompt.focus()

    def action_page(self, direction: int) -> None:
        """Scrolls the story by a page."""
        self.story.release_anchor()
        self.story.scroll_page_up() if direction < 0 else self.story.scroll_page_down()

    # ---- what commands need (`PlayFrontend`) -----------------------------------------------------------------

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Shows a message, or a page where that is too little."""
        game(self).show_lines(title, lines)

    async def show_story(self) -> None:
        """Shows the story as it is now."""
        await self.story.show()
        self.show_place()

    async def show_latest(self) -> None:
        """Scrolls to the end."""
        self.story.scroll_to_latest()

    async def play_turn(self, kind: Kind, words: str, *, leaves_author: bool = False) -> None:
        """Starts a turn of the storyteller's."""
        if not leaves_author and self.session.ways_on and game(self).voice_is_missing:
            self.show_message(_NEEDS_VOICE)
            self.prompt.give_back(words)
            return
        self.start_turn(partial(self.session.play_turn, kind, words, leaves_author=leaves_author), words)

    async def play_suggestion(self, action: str) -> None:
        """Plays an action that the voice has suggested."""
        await self.play_turn(*read_input(action))

    async def show_authored_turn(self, node_id: int) -> None:
        """Shows a turn that the author has answered, as fast as the player wants to read."""
        await self.story.show_authored_turn(node_id, self.session.settings.global_settings.pace)
        self.show_place()

    def show_offer(self, label: str) -> None:
        """Asks whether the player meant this choice."""
        self.story.show_offer(label)
        self._show_placeholder()

    async def retry(self) -> None:
        """Starts another take of the last turn."""
        self.start_turn(self.session.retry, "")

    def stop_turn(self) -> None:
        """Stops the turn that streams; what came is kept. An authored one is shown whole."""
        if not self.busy:
            self.prompt.put_away()
            self.story.end_turn()
            self.session.offer = None
            self.story.remove_offer()
            self._show_placeholder()
        self.workers.cancel_group(self, "turn")

    async def edit_turn(self, node_id: int) -> None:
        """Opens the editor."""
        from dungeon.tui.screens.edit import EditScreen

        self.app.push_screen(EditScreen(self.session, node_id), self._screen_closed)

    async def suggest(self) -> None:
        """Has suggestions written in the background."""
        self.story.show_suggestions()
        self.prefetch()

    def set_mode(self, mode: Kind) -> None:
        """Changes what a bare line means."""
        self.mode = mode
        self.query_one(PromptBar).show_mode(mode)
        self._show_placeholder()

    def toggle_panel(self) -> None:
        """Shows or hides the side panel, from now on."""
        shown = self.query_one(SidePanel).display
        self.session.settings.set("panel", "off" if shown else "on", globally=True)

    def show_place(self) -> None:
        """What depends on where the player is in the adventure, beside the story."""
        super().show_place()
        self._show_placeholder()
        self._show_panel()

    def _show_placeholder(self) -> None:
        """What can be typed now."""
        in_a_story = self.mode is Kind.DO and self.session.ways_on
        text = _IN_A_STORY if in_a_story else _PLACEHOLDERS[self.mode]
        self.prompt.placeholder = _OFFERED if self.session.offer else text

    async def confirm(self, question: str, yes: str, action: Callable[[], Awaitable[None]]) -> None:
        """Asks on a screen of its own."""
        from dungeon.tui.screens.confirm import ConfirmScreen

        async def answered(confirmed: bool | None) -> None:
            if confirmed:
                with game(self).toast_errors():
                    await action()
                self.prefetch()

        self.app.push_screen(ConfirmScreen(question, yes), answered)

    def copy(self, text: str) -> None:
        """Copies through the terminal."""
        self.app.copy_to_clipboard(text)
        self.show_message("Copied, if your terminal allows it.")

    async def open_shelf(self, search: str) -> None:
        """Shows the adventures."""
        await game(self).open_shelf(search)

    async def switch_voice(self, name: str) -> None:
        """Goes on with another voice."""
        await game(self).switch_voice(name)

    def voice_switched(self) -> None:
        """Another storyteller has taken over: it reads the story and writes its own suggestions."""
        self.apply_settings()
        self.story.show_suggestions()
        self.prefetch()

    async def choose_adventure(self) -> None:
        """Goes back to the first screen."""
        game(self).choose()

    def leave(self) -> None:
        """Leaves the game."""
        game(self).leave()


def settle_memory() -> None:
    """Take what is in memory by now out of Python's search for garbage, which stops everything else meanwhile.

    With all the modules in it, a search takes a tenth of a second, and one comes now and then while a turn streams: as
    long, no key is echoed. What is garbage already goes first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
