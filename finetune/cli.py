"""The command line of the training: `python -m finetune --corpus DIR --base BASE --out VOICE`, and `export`.

Figures go to stdout, what happens goes to stderr. Exit code 2: something to put right; 130: stopped by Ctrl-C or
SIGTERM, and the same command goes on. Nothing heavy is imported until there is work to do.
"""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from corpus.extras import install_line
from finetune.errors import FinetuneError
from finetune.recipe import DEFAULT, load, names

_PATH = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--corpus", type=_PATH, help="The corpus folder that `dungeon corpus build` wrote.")
@click.option(
    "--base",
    default="smollm2",
    show_default=True,
    help="What is tuned: smollm2 (the bundled weights, no Hub needed), a model folder, or a Hub id like "
    "openai-community/gpt2.",
)
@click.option("--out", type=_PATH, help="The folder to write the voice to.")
@click.option("--recipe", default=DEFAULT, show_default=True, help=f"{', '.join(names())}, or a TOML file of your own.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Changes one value of the recipe.")
@click.option("--fresh", is_flag=True, help="Start over, whatever an interrupted training has left.")
@click.option("--replace", is_flag=True, help="Put the new voice in the place of the one at --out.")
@click.pass_context
def main(
    context: click.Context,
    corpus: Path | None,
    base: str,
    out: Path | None,
    recipe: str,
    changes: tuple[str, ...],
    fresh: bool,
    replace: bool,
) -> None:
    """Tune a voice on a corpus.

    What was interrupted goes on with the same command.
    """
    if context.invoked_subcommand:
        return
    if corpus is None or out is None:
        raise click.UsageError("--corpus and --out say what to learn from and where the voice goes; both are needed.")
    resolved = load(recipe, changes)
    with _heavy("The same command goes on from the last checkpoint."):
        from finetune.train import Job, tune

        figures = tune(Job(corpus, base, out, recipe, resolved, fresh, replace))
    if figures:
        click.echo(figures)


@main.command()
@click.argument("voice", type=_PATH)
@click.option(
    "--to", "target", type=click.Choice(["merged"]), required=True, help="merged: one model folder in safetensors."
)
@click.option("--out", type=_PATH, required=True, help="The folder to write.")
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="fp32", show_default=True)
@click.option("--base", help="Where the voice's base is now, if it has moved.")
def export(voice: Path, target: str, out: Path, precision: str, base: str | None) -> None:
    """Write VOICE in a form that other programs read."""
    with _heavy("Nothing was written."):
        from finetune.export import merge

        merge(voice, out, precision, base)
    click.echo(f"Merged: {out}. Serve it: transformers serve {out}", err=True)


@contextmanager
def _heavy(after_stop: str) -> Iterator[None]:
    """Quiet libraries, one line for a missing one, and a stop that says how to go on."""
    # Threads that sleep while they wait: on a machine that does something else as well, torch's threads would spin
    # for each other through every time slice (measured on 2 busy cores: over 30 s a step, and 7 s so).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _quiet()
        yield
    except ModuleNotFoundError as error:
        raise FinetuneError(f"{error.name} is not installed. Install it with: {install_line('finetune')}") from error
    except OSError as error:
        if error.errno is None:  # not the system's: a bug, which keeps its trace
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise FinetuneError(f"{where}{error.strerror}. Mend that, and give the same command again.") from error
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {after_stop}", err=True)
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _quiet() -> None:
    """Silences what the libraries tell about themselves; their errors stay."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # peft calls what transformers has renamed; nobody who trains can act on that.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\.")
