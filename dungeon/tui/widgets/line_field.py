"""Fields in which keys that come in a burst take effect in their order.

Textual (8.2.8) inserts a letter as soon as the field gets it, but runs a binding, like that of Backspace, only when the
key has bubbled up to the app: over a slow line "menu", four times Backspace and "relay" became "mrela". Look at this
again with each new version of Textual.
"""

from typing import Protocol, cast

from textual import events
from textual.widgets import Input


class _Deletes(Protocol):
    def action_delete_left(self) -> None: ...

    def action_delete_right(self) -> None: ...


class EditsInOrder:
    """To be named before `Input` or `TextArea`: Backspace and Delete take effect when the field gets them."""

    async def _on_key(self, event: events.Key) -> None:
        field = cast(_Deletes, self)
        if event.key in ("backspace", "delete"):
            event.stop()
            event.prevent_default()
            field.action_delete_left() if event.key == "backspace" else field.action_delete_right()


class LineField(EditsInOrder, Input):
    """A field of one line."""
