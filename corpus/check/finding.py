"""A finding of the linter: one line of its output."""

from dataclasses import dataclass

ALL_STORIES = "all stories"
"""The source of a finding about several stories together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An error, or a note, which is a hint and not an error."""

    source: str
    """The file, or `ALL_STORIES`."""
    passage: str
    """The passage's name; "" for a finding about the whole story."""
    message: str
    note: bool = False

    def __str__(self) -> str:
        place = f"passage '{self.passage}': " if self.passage else ""
        return f"{self.source}: {place}{'note: ' if self.note else ''}{self.message}"
