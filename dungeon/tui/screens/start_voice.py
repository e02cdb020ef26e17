"""The lines of the first screen about the voice: which it is, how it is, and which one would play better here."""

import asyncio
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from dungeon.play.keys import key_name, keys_for
from dungeon.storyteller.hardware.machine import this_machine
from dungeon.storyteller.local.storyteller import LocalStoryteller
from dungeon.storyteller.voices.lines import duration_text, size_text
from dungeon.storyteller.voices.overview import VoiceRow, fetch_seconds, overview, recommended
from dungeon.tui.host import game
from dungeon.tui.widgets.header import NO_VOICE, state_sign


class VoiceLines(Vertical):
    """One line, or two where a better voice fits this machine. Not shown where stories are only read."""

    DEFAULT_CSS = """
    VoiceLines {
        height: auto;
        Static { padding: 0 1; height: auto; }
        #voice { max-height: 2; }
        #better {
            display: none;
            height: 1;
            color: $secondary;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            &.-found { display: block; }
        }
    }
    """

    @dataclass
    class BetterVoiceFound(Message):
        """It is known which voice would play better on this machine; None: none would."""

        voice: VoiceRow | None

    def __init__(self) -> None:
        super().__init__()
        self.can_focus = False

    def compose(self) -> ComposeResult:
        yield Static(id="voice", markup=False)
        yield Static(id="better", markup=False)

    def on_mount(self) -> None:
        self.display = game(self).session.may_type
        self.watch(self.app, "fetch_state", self._show_state)
        # Fetching the bundled voice measures the network: then the line says how long a better one takes.
        self.watch(self.app, "voice_state", self.refresh_lines)

    def refresh_lines(self) -> None:
        """Show how it is now: the voice, or a key, may be another."""
        self._show_state()
        if isinstance(game(self).storyteller, LocalStoryteller):
            self._find_better_voice()

    @property
    def _voices_key(self) -> str:
        """The key of the voices' screen, or else its command."""
        return key_name(keys_for(game(self).session.settings.global_settings)["voices"]) or "/voices"

    def _show_state(self) -> None:
        app = game(self)
        state = app.voice_state
        more = f"stories play without one; {self._voices_key} has others" if state == NO_VOICE else app.fetch_state
        text = " · ".join(filter(None, (f"Voice: {app.storyteller.name}", state, more)))
        sign, colour = state_sign(state)
        self.query_one("#voice", Static).update(Content.assemble((f"{sign} ", colour), text))

    @work(group="better", exclusive=True)
    async def _find_better_voice(self) -> None:
        """Look for a voice that would play better on this machine."""
        rows = await asyncio.to_thread(lambda: overview(this_machine()))
        self.post_message(self.BetterVoiceFound(recommended(rows)))

    @on(BetterVoiceFound)
    def _better_voice_found(self, event: BetterVoiceFound) -> None:
        """Say in one line which voice that is; nothing where there is none."""
        better = event.voice
        line = next(iter(self.query("#better").results(Static)), None)
        if line is None:  # the player has begun meanwhile, and the screen is gone
            return
        line.set_class(better is not None and game(self).fetches.get(better.name) is None, "-found")
        if better:
            seconds = fetch_seconds(better)
            time = f", about {duration_text(seconds)} to fetch" if seconds else ""
            what = f"{better.title}, {size_text(better.size)}{time}"
            line.update(Content(f"{self._voices_key} shows a better voice for this machine: {what}"))
