"""The commands for voices: `dungeon voices`, with `get`, `remove` and `try`, and `dungeon fetch`.

Like `dungeon.cli` it imports the standard library and click only; each command imports the rest when it runs.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from dungeon.errors import DungeonError


@click.group(invoke_without_command=True)
@click.pass_context
def voices(context: click.Context) -> None:
    """List the voices; get, remove and try them.

    Columns, separated by tabs: name, whether it is here, size, memory needed and whether that is free, words a second,
    licence, and a line about it. The one that is played by default has a star.
    """
    if context.invoked_subcommand is None:
        from dungeon.storyteller.hardware.gpu import gpu_hint
        from dungeon.storyteller.hardware.machine import this_machine
        from dungeon.storyteller.voices.lines import machine_line, voice_lines

        machine = this_machine()
        click.echo("\n".join(filter(None, (machine_line(machine), gpu_hint()))), err=True)
        click.echo("\n".join(voice_lines(machine)))


@voices.command()
@click.argument("voice")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
def get(voice: str, yes: bool) -> None:
    """Fetch a voice; what an earlier attempt has fetched is kept.

    VOICE is a name of the list, hf:OWNER/REPO, hf:OWNER/REPO:Q5_K_M, hf:OWNER/REPO:FILE.gguf, the address of a GGUF
    file, or the path of a GGUF file or a voice's folder on this machine. Without a quantisation it is Q4_K_M, or else
    Q8_0, or else the first file.
    """
    from corpus.text import visible
    from dungeon.storyteller.voices.getting import find_wish, get_voice

    wish = find_wish(voice)
    size = f", {wish.size / 1e6:,.0f} MB" if wish.size else ""
    terms = f" Licence: {wish.license or 'not stated'} ({wish.license_url})." if wish.license_url else ""
    click.echo(visible(f"{wish.name}{size}.{terms}"), err=True)
    if not yes and wish.kind != "path":
        if not sys.stdin.isatty():
            raise DungeonError("Nothing is fetched without a yes. If you are sure, add --yes.")
        click.confirm("Fetch it?", default=True, abort=True, err=True)
    with _progress(wish.name) as report:
        name = get_voice(wish, report)
    click.echo(f"The voice '{name}' is here. Play with it: dungeon --voice {name}", err=True)
    click.echo(name)


@voices.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete a voice's file, and what an unfinished fetch has left.

    A file of your own is only taken out of the list.
    """
    from dungeon.storyteller.voices.getting import remove_voice

    freed = remove_voice(name)
    click.echo(f"Removed: {name} ({freed / 1e6:,.0f} MB)", err=True)


@voices.command()
@click.argument("name")
def where(name: str) -> None:
    """Print where a voice is, for other programs; nothing is fetched.

    Columns, separated by tabs: whether its weights are here, its GGUF file, or its folder if it is an adapter, the
    SHA-256 of the file where the catalogue states one, its licence, and, as JSON, how it is sampled where that is not
    as the game samples others.
    """
    import msgspec

    from dungeon.storyteller.catalogue import CatalogueWeights
    from dungeon.storyteller.download.weights import is_here, weights_path
    from dungeon.storyteller.sampling import Sampling
    from dungeon.storyteller.voices.find import find_voice
    from dungeon.storyteller.voices.overview import Place

    voice = find_voice(name)
    place, weights = Place.HERE, voice.weights
    path, sha256, license_name = weights, "", ""
    if isinstance(weights, CatalogueWeights):
        place = Place.HERE if is_here(weights) else Place.HUB
        path, sha256, license_name = weights_path(weights), weights.sha256, weights.license
    if voice.adapter:
        path, sha256 = voice.adapter.parent, ""
    usual = msgspec.to_builtins(Sampling())
    own = {name: value for name, value in msgspec.to_builtins(voice.sampling).items() if value != usual[name]}
    click.echo("\t".join((place, str(path), sha256, license_name, msgspec.json.encode(own).decode())))


@voices.command("try")
@click.argument("name")
def try_(name: str) -> None:
    """Measure a voice on this machine: seconds to the first token, cold and warm, and tokens a second.

    `dungeon voices` shows it from then on.
    """
    import asyncio

    from dungeon.storyteller.hardware.measurements import keep_speed
    from dungeon.storyteller.local.storyteller import LocalStoryteller
    from dungeon.storyteller.local.trial import try_voice
    from dungeon.storyteller.voices.find import find_voice
    from dungeon.storyteller.voices.overview import check_is_here

    voice = find_voice(name)
    check_is_here(voice)
    storyteller = LocalStoryteller(voice)
    with _progress(storyteller.name) as report:
        storyteller.on_download = report
        speed = asyncio.run(try_voice(storyteller))
    keep_speed(name, speed)
    click.echo(
        f"{name}\tfirst token {speed.first_cold:.2f} s cold, {speed.first_warm:.2f} s warm\t"
        f"{speed.tokens_per_second:.1f} tokens a second"
    )


@click.command()
@click.argument("name", required=False)
def fetch(name: str | None) -> None:
    """Fetch and verify a voice's weights; print their path."""
    from dungeon.storyteller.catalogue import CATALOGUE
    from dungeon.storyteller.download.weights import ensure_weights
    from dungeon.storyteller.voices.find import DEFAULT_VOICE

    name = name or DEFAULT_VOICE
    if name not in CATALOGUE:
        raise DungeonError(f"There is no voice '{name}' to fetch. The game has {', '.join(CATALOGUE)}.")
    weights = CATALOGUE[name].weights
    with _progress(weights.name) as report:
        path = ensure_weights(weights, report)
    click.echo(path)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, from the first report on; without a terminal, a line for each tenth."""
    bar: Any = None
    tenth = -1

    def report(done: int, total: int) -> None:
        nonlocal bar, tenth
        if not sys.stderr.isatty():
            if total and done * 10 // total > tenth:
                tenth = done * 10 // total
                click.echo(f"Fetching {name}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB", err=True)
            return
        if bar is None:
            bar = click.progressbar(length=max(total, 1), label=f"Fetching {name}", file=sys.stderr, show_pos=False)
            bar.__enter__()
        bar.length = max(total, done, 1)
        bar.update(done - bar.pos)

    try:
        yield report
    except KeyboardInterrupt:
        click.echo("\nStopped. What has arrived is kept; the same command goes on there.", err=True)
        sys.exit(130)
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
