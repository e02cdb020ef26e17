"""What the linter says about a story: one finding, one line."""

from dataclasses import dataclass

ALL_STORIES = "all stories"
"""Stands for the file where a finding is about the stories together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or, as a note, something that is worth a look and fails no check."""

    source: str
    """The file, or `ALL_STORIES`."""
    passage: str
    """Its name; "" for a finding about the whole story."""
    says: str
    note: bool = False

    def __str__(self) -> str:
        place = f"passage '{self.passage}': " if self.passage else ""
        return f"{self.source}: {place}{'note: ' if self.note else ''}{self.says}"
