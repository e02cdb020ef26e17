"""The command `dungeon`: play, read, list and export; `corpus` and `finetune` run as processes of their own.

This module and `dungeon.cli_voices`, the commands for voices, import the standard library and click only; each command
imports the rest when it runs. stdout is data, stderr is narration; a user's mistake ends with one message and exit
code 2.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dungeon.cli_voices import fetch, voices
from dungeon.errors import DungeonError

if TYPE_CHECKING:
    from dungeon.storage.shelf import Shelf
    from dungeon.storyteller.protocol import Storyteller

# ---- playing -------------------------------------------------------------------------------------------------


def _play_options(command: Any) -> Any:
    """Add the options of playing, which `dungeon` and `dungeon play` share."""
    options = [
        click.option("--scenario", metavar="NAME|FILE", help="Begin this scenario (see `dungeon scenarios`)."),
        click.option("--story", metavar="NAME|FILE", help="Play this authored story (see `dungeon stories`)."),
        click.option("--continue", "go_on", is_flag=True, help="Continue the last adventure."),
        click.option("--voice", metavar="NAME|PATH", help="A voice's name or folder, or a GGUF file."),
        click.option("--endpoint", metavar="URL", help="A server that runs a model, e.g. http://127.0.0.1:11434."),
        click.option("--model", metavar="NAME", help="The model to ask for at --endpoint, if it has several."),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Repeats a story: same seed, same actions."),
        click.option("--plain", is_flag=True, help="Plain lines, for pipes and screen readers."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dungeon")
@_play_options
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """A text adventure written by a language model on your own machine.

    Without a command it plays. Set DUNGEON_HOME to keep adventures, weights and logs in one folder of your choice.
    """
    if context.invoked_subcommand is None:
        _play(**options)
    elif given := [name for name, value in options.items() if value is not None and value is not False]:
        flag = "--continue" if given[0] == "go_on" else f"--{given[0]}"
        raise click.UsageError(f"{flag} goes after the command: dungeon {context.invoked_subcommand} {flag} …")


@cli.command()
@_play_options
def play(**options: Any) -> None:
    """Play; the same as `dungeon` alone."""
    _play(**options)


def _play(
    *,
    scenario: str | None,
    story: str | None,
    go_on: bool,
    voice: str | None,
    endpoint: str | None,
    model: str | None,
    seed: int | None,
    plain: bool,
) -> None:
    if sum(map(bool, (scenario, story, go_on))) > 1:
        raise click.UsageError(
            "--scenario begins an adventure, --story plays an authored story, --continue continues; give one of them."
        )
    if model and not endpoint:
        raise click.UsageError("--model NAME is a model of the server at --endpoint URL; give that, too.")
    if endpoint and voice:
        raise click.UsageError("--voice runs on this machine, --endpoint elsewhere; give one of them.")

    from dungeon.authored.books import find_books
    from dungeon.scenarios.user import find_scenario
    from dungeon.storyteller.open import open_storyteller

    opening = find_scenario(scenario) if scenario else None
    books = find_books(story) if story else ()
    _require_terminal(plain)
    storyteller = open_storyteller(voice, endpoint, model)
    _run_game(storyteller, plain, scenario=opening, books=books, go_on=go_on, seed=seed)


def _run_game(storyteller: "Storyteller", plain: bool, **options: Any) -> None:
    if plain:
        from dungeon.plain.game import play_plain

        play_plain(storyteller, **options)
    else:
        from dungeon.tui.app import DungeonApp

        app = DungeonApp(storyteller, **options)
        app.run()
        sys.exit(app.return_code or 0)


@cli.command()
@click.argument("story", required=False)
@click.option("--plain", is_flag=True, help="Plain lines, for pipes and screen readers.")
def read(story: str | None, plain: bool) -> None:
    """Read an authored story, choice by choice; no voice takes part.

    STORY is a story that comes with the game, or a file of your own. Without it you choose from a list. What you read
    is on the shelf, like all that you play: `dungeon play --story` goes on from there with what you type.
    """

    from dungeon.authored.books import find_books, library
    from dungeon.storyteller.none import NoStoryteller

    books = find_books(story) if story else ()
    _require_terminal(plain)
    _run_game(NoStoryteller(), plain, books=books or library())


@cli.command()
def stories() -> None:
    """List the authored stories that come with the game.

    Columns, separated by tabs: name, title, genre, words, endings.
    """
    from dungeon.authored.books import library
    from dungeon.tale.authored import endings

    _head("name", "title", "genre", "words", "endings")
    for book in library():
        columns = (book.name, book.title, book.genre, str(book.story.words()), str(len(endings(book.story))))
        click.echo("\t".join(columns))


def _require_terminal(plain: bool) -> None:
    if not plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("This is not a terminal. Use --plain to play through a pipe.")


def _echo(text: object, *, err: bool = False) -> None:
    """Print what may hold another's words: nothing in it turns or hides text, or commands the terminal. Tabs stay."""
    from corpus.text import visible

    click.echo("\t".join(map(visible, str(text).split("\t"))), err=err)


def _head(*names: str) -> None:
    """Name a list's columns on stderr, for people: a pipe gets the data alone."""
    if sys.stdout.isatty():
        click.echo("\t".join(names), err=True)


# ---- scenarios -----------------------------------------------------------------------------------------------


@cli.command()
@click.option(
    "--save", metavar="FILE", help="Copy a scenario file, or a character card (.png, .json), to your own scenarios."
)
def scenarios(save: str | None) -> None:
    """List the scenarios.

    Columns, separated by tabs: name, title, genre, and "yours" for your own.
    """
    from dungeon.play.adventures import scenario_lines

    if save:
        from pathlib import Path

        from dungeon.scenarios.model import read_scenario
        from dungeon.scenarios.user import save_scenario

        click.echo(save_scenario(read_scenario(Path(save))))
        return
    lines, problems = scenario_lines()
    _head("name", "title", "genre", "whose")
    _echo("\n".join(lines))
    for problem in problems:
        _echo(f"dungeon: {problem}", err=True)


# ---- the shelf -----------------------------------------------------------------------------------------------


@contextmanager
def _open_shelf() -> "Iterator[Shelf]":
    from dungeon.paths import shelf_file
    from dungeon.storage.shelf import Shelf

    shelf = Shelf(shelf_file())
    try:
        yield shelf
    finally:
        shelf.close()


@cli.command()
@click.argument("words", nargs=-1)
def adventures(words: tuple[str, ...]) -> None:
    """List the adventures.

    Columns, separated by tabs: number, title, turns, words, branches, last played. With WORDS, only the adventures
    that have all of the words in the title, the tags, the lore or the story; two more columns say where most of the
    words stand together, and the sentence.
    """
    from dungeon.play.adventures import adventure_lines

    search = " ".join(words)
    with _open_shelf() as shelf:
        entries = shelf.list_adventures(search)
        found_in = ("found in", "sentence") if search else ()
        _head("number", "title", "turns", "words", "branches", "last played", *found_in)
        for entry, line in zip(entries, adventure_lines(entries), strict=True):
            found = shelf.find_words(entry.id, search) if search.strip() else None
            _echo(f"{line}\t{found.place}\t{found.text}" if found else line)


@cli.command()
@click.argument("adventure")
@click.option("--to", metavar="FILE", help="The file: .md for Markdown, .txt for text. Without it, Markdown on stdout.")
@click.option("--whole", is_flag=True, help="Include all branches, not only the current one.")
def export(adventure: str, to: str | None, whole: bool) -> None:
    """Write an adventure as text. ADVENTURE is its number, or part of its title."""
    from dungeon.play.adventures import export_adventure, find_adventure
    from dungeon.tale.transcript import render_markdown

    with _open_shelf() as shelf:
        opened = shelf.open(find_adventure(shelf, adventure))
        if to:
            _echo(export_adventure(opened, to, whole=whole))
            return
        markdown = render_markdown(opened, whole)
        # A pipe gets the text as it is, like a file.
        _echo(markdown) if sys.stdout.isatty() else click.echo(markdown)


@cli.command()
@click.argument("adventure")
@click.option("--yes", is_flag=True, help="Confirms it; required.")
def purge(adventure: str, yes: bool) -> None:
    """Delete an adventure from the disk for good. ADVENTURE is its number, or part of its title."""
    from dungeon.play.adventures import find_adventure, plural

    with _open_shelf() as shelf:
        adventure_id = find_adventure(shelf, adventure)
        entry = next(entry for entry in shelf.list_adventures() if entry.id == adventure_id)
        summary = f"{entry.title} ({plural(entry.turns, 'turn')}, {plural(entry.words, 'word')})"
        if not yes:
            raise DungeonError(f"This would delete {summary} from the disk for good. If you are sure, add --yes.")
        shelf.purge(adventure_id)
        _echo(f"Deleted: {summary}", err=True)


@cli.command()
@click.argument("backup", required=False, metavar="[DATE|NAME]")
def restore(backup: str | None) -> None:
    """List the backups of the shelf, or put one back.

    The first game of a day makes one, and seven are kept. Columns, separated by tabs: date or name, adventures, turns,
    size; the latest comes first. With DATE or NAME, that backup takes the place of the shelf, and what was on the shelf
    becomes a backup itself.
    """
    from dungeon.paths import shelf_file
    from dungeon.play.adventures import plural
    from dungeon.storage.backups import list_backups
    from dungeon.storage.restoring import put_back

    shelf = shelf_file()
    if backup:
        restored = put_back(shelf, backup)
        counts = f"{plural(restored.backup.adventures, 'adventure')}, {plural(restored.backup.turns, 'turn')}"
        click.echo(f"The shelf is that of {restored.backup.name} again: {counts}.", err=True)
        if restored.kept:
            click.echo(f"What was on it before is in {restored.kept}", err=True)
        return
    backups = list_backups(shelf)
    for each in reversed(backups):
        if each.problem:
            click.echo(f"dungeon: {each.problem}", err=True)
        else:
            click.echo(f"{each.name}\t{each.adventures}\t{each.turns}\t{each.size / 1e6:.1f} MB")
    if backups:
        click.echo("`dungeon restore DATE` puts one back; what is on the shelf now is kept.", err=True)
    else:
        click.echo("There is no backup yet. The game makes one at its first start of a day.", err=True)


@cli.command()
@click.argument("adventure")
@click.option("--voice", metavar="NAME|PATH", help="The voice that it was played with.")
def replay(adventure: str, voice: str | None) -> None:
    """Generate an adventure's turns again and compare them.

    Reports which turns come out the same. ADVENTURE is its number, or part of its title. Exits with 1 if a turn that
    can be compared differs.
    """
    import asyncio

    from dungeon.generation.replay import run_replay
    from dungeon.play.adventures import find_adventure
    from dungeon.settings.file import load_settings
    from dungeon.storyteller.open import open_storyteller

    async def count_differences(shelf: "Shelf") -> int:
        storyteller = open_storyteller(voice, None, None)
        instructions = str(load_settings().values.get("instructions", ""))
        try:
            found = find_adventure(shelf, adventure)
            return (await run_replay(shelf, storyteller, found, _echo, instructions)).differ
        finally:
            await storyteller.close()

    with _open_shelf() as shelf:
        sys.exit(1 if asyncio.run(count_differences(shelf)) else 0)


# ---- voices --------------------------------------------------------------------------------------------------

cli.add_command(voices)
cli.add_command(fetch)


# ---- the other two parts, as processes of their own ------------------------------------------------------------


def _run_module(command: str, module: str, requires: tuple[str, ...], arguments: tuple[str, ...]) -> NoReturn:
    """Run `python -m module` with the arguments, for `dungeon command`, and exit with its code.

    Raises:
        DungeonError: a package that it `requires` is not installed.
    """
    if missing := [package for package in requires if importlib.util.find_spec(package) is None]:
        from corpus.extras import install_line

        raise DungeonError(
            f"`dungeon {command}` needs packages that are not installed ({', '.join(missing)}). Install them with:\n"
            f"  {install_line(module)}"
        )
    # -P: a folder in the working folder that is named like one of our packages is not our package.
    child = subprocess.Popen([sys.executable, "-P", "-m", module, *arguments])
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:
            continue  # the child got the same Ctrl-C and ends in its own way


def _add_module_command(name: str, requires: tuple[str, ...], summary: str, *, module: str = "") -> None:
    """Add `dungeon name`, which runs the module of that name, or with `module` that module's command `name`."""

    @cli.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        _run_module(name, module or name, requires, (name, *arguments) if module else arguments)


_TUNING = ("torch", "transformers", "peft", "gguf")
_add_module_command("corpus", ("datasets",), "Turn stories into a training corpus.")
_add_module_command("finetune", _TUNING, "Tune a voice on a corpus.")
_add_module_command("evaluate", _TUNING, "Compare voices, in figures and in turns.", module="finetune")
_add_module_command(
    "report", _TUNING, "Show what tuning on your own text buys, as a page with charts.", module="finetune"
)


def main() -> None:
    """Run a command; a DungeonError ends with its message and exit code 2."""
    try:
        cli(prog_name="dungeon")
    except DungeonError as error:
        _echo(f"dungeon: {error}", err=True)
        sys.exit(2)
