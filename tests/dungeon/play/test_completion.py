"""What Tab makes of a line, and what the line says of the command that is being typed."""

import pytest

from dungeon.play.completion import command_hint, completed
from dungeon.play.registry import COMMANDS

NAMES = ("Hessa", "Old Marrow Ford", "Ab")


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("/und", "/undo"),
        ("/ret", "/retry"),
        ("/CONTE", "/context"),
        ("/mem", "/memory "),  # which takes words
        ("/name", "/name "),
        ("/undo", "/undo"),
        ("/nothing", ""),
        ("/undo x", ""),
        ("ask hes", "ask Hessa"),
        ("HES", "Hessa"),
        ("/do ask hess", "/do ask Hessa"),
        ("ride to old mar", "ride to Old Marrow Ford"),
        ("chess", ""),  # within a word
        ("ask he", ""),  # too little
        ("ask hessa", ""),  # nothing is left to complete
        ("", ""),
        ("look", ""),
    ],
)
def test_the_end_of_a_line_is_completed(line: str, whole: str) -> None:
    assert completed(line, NAMES) == whole


def test_commands_come_in_the_order_of_the_help() -> None:
    assert completed("/re", ()) == "/retry"
    assert completed("/m", ()) == "/mode"


def test_the_command_that_is_typed_is_explained() -> None:
    assert command_hint("/re") == f"/retry: {COMMANDS['retry'].summary} · also /redo, /rename"
    assert command_hint("/go ") == f"/go N: {COMMANDS['go'].summary}"
    assert command_hint("/go 3") == f"/go N: {COMMANDS['go'].summary}"
    assert command_hint("/").endswith(" …")
    for line in ("", "go", "look / listen", "/nothing", "/nothing x", "// "):
        assert command_hint(line) == ""
