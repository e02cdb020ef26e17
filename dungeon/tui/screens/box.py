"""The base of screens that show a question or a message in a box."""

from typing import Generic, TypeVar

from textual.screen import ModalScreen

ResultType = TypeVar("ResultType")


class BoxScreen(ModalScreen[ResultType], Generic[ResultType]):
    """Shows its container `#box` over the middle of the screen below."""

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
            scrollbar-size-vertical: 1;
        }
        #title { text-style: bold; color: $primary; }
        #hint { margin: 1 0 0 0; color: $foreground 60%; }
    }
    """
