"""The base of screens that show a question or a message in a box."""

from typing import Generic, TypeVar

from textual.screen import ModalScreen

ResultType = TypeVar("ResultType")


class BoxScreen(ModalScreen[ResultType], Generic[ResultType]):
    """Shows its pane `#box` over the middle of the screen below. It yields a `KeyFooter` as any screen does."""

    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]
    DEFAULT_CSS = """
    BoxScreen {
        align: center middle;
        #box {
            width: 90%;
            max-width: 72;
            height: auto;
            max-height: 90%;
            background: $surface;
            border: round $primary;
            padding: 1 2;
        }
        &.-low #box { padding: 0 1; }
    }
    """
