"""A list of one-line rows, of which a click marks one and a double click takes it."""

from textual import events
from textual.widgets import OptionList


class Rows(OptionList):
    """An option list for what is looked at before it is taken. Rows are cropped, never wrapped, never markup."""

    DEFAULT_CSS = """
    Rows {
        border: none;
        background: $background;
        background-tint: $background 0%;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: $background 0%; }
        /* Rows have colours of their own, which must be seen on the marked one as well. */
        & > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: bold; }
        &:focus > .option-list--option-highlighted { background: $primary 25%; color: $foreground; text-style: bold; }
        &:focus:ansi > .option-list--option-highlighted { background: ansi_bright_black; text-style: bold underline; }
        &:focus:ansi:light > .option-list--option-highlighted { background: ansi_white; }
    }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)

    def on_click(self, event: events.Click) -> None:
        """Not as the base class has it, which takes what is clicked."""
        event.prevent_default()
        row: int | None = event.style.meta.get("option")
        if row is not None:
            self.highlighted = row
            if event.chain == 2:
                self.action_select()
