"""Parsing a line: a turn, a command, or the number of a suggestion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.registry import COMMANDS, Request, commands_by_group, help_lines, parse_line

SUGGESTIONS = ("Open the door", '"Who is there?"')


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("open the door", Request("do", "open the door")),
        ("  open   the door \n", Request("do", "open the door")),
        ('"who is there?"', Request("say", '"who is there?"')),
        ("“who is there?”", Request("say", '"who is there?"')),
        ("", Request("continue")),
        ("   \n", Request("continue")),
        ("/do open the door", Request("do", "open the door")),
        ("/SAY  hello there", Request("say", "hello there")),
        ("/story A bell rings.", Request("story", "A bell rings.")),
        ("/continue", Request("continue")),
        ("/undo", Request("undo")),
        (" /quit \n", Request("quit")),
        ("1", Request("choose", "1")),
        (" 2 ", Request("choose", "2")),
        ("7", Request("do", "7")),
        ("0", Request("do", "0")),
        ("²", Request("do", "²")),
        ("[bold]x[/] 🐉 שלום", Request("do", "[bold]x[/] 🐉 שלום")),
    ],
)
def test_a_line_is_parsed_to_a_request(line: str, request_: Request) -> None:
    assert parse_line(line, suggestions=SUGGESTIONS) == request_


def test_the_mode_applies_to_bare_lines_but_not_to_quotes_or_empty_lines() -> None:
    assert parse_line("hello", Kind.SAY) == Request("say", "hello")
    assert parse_line("A bell.\n\n  It rings.", Kind.STORY) == Request("story", "A bell.\n\n  It rings.")
    assert parse_line('"hello"', Kind.STORY).command == "say"
    assert parse_line("", Kind.SAY) == Request("continue")


@pytest.mark.parametrize(
    ("line", "command"), [("help", "help"), ("QUIT", "quit"), ("exit", "quit"), ("go back", "undo"), ("menu", "new")]
)
def test_the_name_of_a_command_is_not_played(line: str, command: str) -> None:
    with pytest.raises(DungeonError, match=f"Did you mean /{command}\\? .* /do {line} plays it"):
        parse_line(line)
    assert parse_line(f"/do {line}") == Request("do", line)


@pytest.mark.parametrize("name", ["do", "say", "story"])
def test_a_command_without_the_words_it_needs_is_an_error(name: str) -> None:
    with pytest.raises(DungeonError, match=f"/{name} needs words"):
        parse_line(f"/{name}  ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/undoo", "no command /undoo. Did you mean /undo?"),
        ("/erase", "no command /erase. Did you mean /undo?"),
        ("/remember the key", "Did you mean /memory?"),
        ("/xyzzy", "no command /xyzzy. /help lists them"),
        ("/", "no command /. /help"),
        ("/" + "x" * 100_000, "x" * 30 + "."),
    ],
)
def test_an_unknown_command_is_an_error(line: str, message: str) -> None:
    with pytest.raises(DungeonError) as caught:
        parse_line(line)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(), st.sampled_from([Kind.DO, Kind.SAY, Kind.STORY]))
def test_any_line_is_a_request_or_an_error(line: str, mode: Kind) -> None:
    try:
        request = parse_line(line, mode, SUGGESTIONS)
    except DungeonError:
        assert line.strip().startswith("/") or line.strip().lower() in ("help", "quit", "exit", "undo", "redo", "map")
    else:
        assert request.command in COMMANDS


def test_help_has_a_line_for_each_command_or_for_those_with_a_word() -> None:
    assert len(help_lines()) == len(COMMANDS)
    assert [line.split()[0] for line in help_lines("UNDO")] == ["/undo", "/leave"]
    assert [line.split()[0] for line in help_lines("/map")] == ["/map"]
    assert [line.split()[0] for line in help_lines("turn bookmark")] == ["/bookmark"]
    with pytest.raises(DungeonError, match=r"Did you mean /retry.* /help lists all"):
        help_lines("rety")


def test_every_command_is_in_one_group_and_has_a_summary() -> None:
    listed = [command for group in commands_by_group().values() for command in group]
    assert sorted(command.name for command in listed) == sorted(COMMANDS)
    assert all(command.summary.endswith((".", '?"')) for command in listed)
