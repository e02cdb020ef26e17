"""What a line means: a turn, a command, or one of the suggestions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.turns import Kind
from dungeon.errors import DungeonError
from dungeon.play.commands import COMMANDS, PLAYS, Request, read_line

SUGGESTIONS = ("Open the door", '"Who is there?"')


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("open the door", Request("do", Kind.DO, "open the door")),
        ("  open   the door \n", Request("do", Kind.DO, "open the door")),
        ('"who is there?"', Request("say", Kind.SAY, '"who is there?"')),
        ("“who is there?”", Request("say", Kind.SAY, '"who is there?"')),
        ("", Request("continue", Kind.CONTINUE)),
        ("   \n", Request("continue", Kind.CONTINUE)),
        ("/do open the door", Request("do", Kind.DO, "open the door")),
        ("/SAY  hello there", Request("say", Kind.SAY, "hello there")),
        ("/story A bell rings.", Request("story", Kind.STORY, "A bell rings.")),
        ("/continue", Request("continue", Kind.CONTINUE)),
        ("/undo", Request("undo")),
        (" /quit \n", Request("quit")),
        ("1", Request("do", Kind.DO, "Open the door")),
        (" 2 ", Request("say", Kind.SAY, '"Who is there?"')),
        ("7", Request("do", Kind.DO, "7")),
        ("0", Request("do", Kind.DO, "0")),
        ("²", Request("do", Kind.DO, "²")),
        ("[bold]x[/] 🐉 שלום", Request("do", Kind.DO, "[bold]x[/] 🐉 שלום")),
    ],
)
def test_a_line_and_what_it_asks_for(line: str, request_: Request) -> None:
    assert read_line(line, suggestions=SUGGESTIONS) == request_


def test_a_bare_line_follows_the_mode_but_quotes_and_nothing_keep_their_meaning() -> None:
    assert read_line("hello", Kind.SAY) == Request("say", Kind.SAY, "hello")
    assert read_line("A bell.\n\n  It rings.", Kind.STORY) == Request("story", Kind.STORY, "A bell.\n\n  It rings.")
    assert read_line('"hello"', Kind.STORY).kind is Kind.SAY
    assert read_line("", Kind.SAY) == Request("continue", Kind.CONTINUE)


@pytest.mark.parametrize("suggestions", [(), SUGGESTIONS])
def test_a_suggestion_that_is_not_there_is_no_action(suggestions: tuple[str, ...]) -> None:
    with pytest.raises(DungeonError, match="no suggestion 3 yet"):
        read_line("3", suggestions=suggestions)


@pytest.mark.parametrize("name", ["do", "say", "story"])
def test_commands_that_need_words_say_so(name: str) -> None:
    with pytest.raises(DungeonError, match=f"/{name} needs words"):
        read_line(f"/{name}  ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/undoo", "no command /undoo. Did you mean /undo?"),
        ("/xyzzy", "no command /xyzzy. /help lists them"),
        ("/", "no command /. /help"),
        ("/" + "x" * 100_000, "x" * 30 + "."),
    ],
)
def test_an_unknown_command_is_told(line: str, message: str) -> None:
    with pytest.raises(DungeonError) as caught:
        read_line(line)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(), st.sampled_from([Kind.DO, Kind.SAY, Kind.STORY]))
def test_any_line_is_a_request_or_a_message(line: str, mode: Kind) -> None:
    try:
        request = read_line(line, mode, SUGGESTIONS)
    except DungeonError:
        assert line.strip().startswith("/") or line.strip() in ("3", "4")
    else:
        assert request.command in {command.name for command in COMMANDS}
        assert request.kind is PLAYS.get(request.command)


def test_no_name_and_no_key_is_given_twice() -> None:
    names = [command.name for command in COMMANDS]
    keys = [command.key for command in COMMANDS if command.key]
    assert len(set(names)) == len(names)
    assert len(set(keys)) == len(keys)
    assert all(command.summary.endswith(".") or command.summary.endswith('?"') for command in COMMANDS)
