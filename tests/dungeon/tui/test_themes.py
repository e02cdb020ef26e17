"""The game's palettes as Textual themes."""

from textual.color import Color

from dungeon.settings.palettes import PALETTES, TERMINAL_THEMES, THEME_HELP
from dungeon.tui.base_app import BaseApp


async def test_every_theme_can_be_used() -> None:
    app = BaseApp()
    async with app.run_test() as pilot:
        assert set(THEME_HELP) <= set(app.available_themes)
        for name in THEME_HELP:
            app.theme = name
            await pilot.pause()
            assert app.current_theme.ansi is (name in TERMINAL_THEMES)
            if name in PALETTES:
                assert app.theme_variables["foreground"] == Color.parse(PALETTES[name].foreground).hex
