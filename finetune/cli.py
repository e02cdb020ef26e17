"""The command line of the training: `python -m finetune --corpus CORPUS --base BASE --out VOICE`, and its commands.

Figures go to stdout, what happens goes to stderr. Exit code 2: something to put right; 130: stopped by Ctrl-C or
SIGTERM, and the same command goes on. Nothing heavy is imported until there is work to do: each command builds its job
and checks it first.
"""

import os
import shlex
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from corpus.extras import install_line
from corpus.text import printable
from finetune.compare.job import EvaluationJob
from finetune.compare.measures import MEASURES
from finetune.console import print_status
from finetune.errors import FinetuneError
from finetune.export.job import ExportJob
from finetune.files import write_json
from finetune.models.folders import BUNDLED, base_of, read_training
from finetune.recipe import DEFAULT_RECIPE, METHODS, Recipe, load_recipe, recipe_names, stored_recipe
from finetune.report.job import ReportJob, parse_methods, parse_shares
from finetune.training.job import TrainingJob

_PATH = click.Path(path_type=Path)
_CORPUS_HELP = (
    "The corpus folder that `dungeon corpus build` wrote; or a file (.jsonl, .csv, .parquet) or a data set of the Hub, "
    "OWNER/NAME, with a column text or messages."
)
_RECIPE_HELP = f"{', '.join(recipe_names())}, or a TOML file of your own."
_base = click.option(
    "--base",
    default=BUNDLED,
    show_default=True,
    help="What is tuned: smollm2 (the bundled weights, no Hub needed), a model folder, a GGUF file, a voice to go on "
    "from (its folder, or its name in the game), or a Hub id like openai-community/gpt2.",
)
_recipe = click.option("--recipe", default=DEFAULT_RECIPE, show_default=True, help=_RECIPE_HELP)


class _RecipeHint(click.Command):
    """A command whose message for `--rank 8` says how that is written: `--set rank=8`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            key = error.option_name.lstrip("-").replace("-", "_")
            if key not in {field.name for field in fields(Recipe)}:
                raise
            raise click.UsageError(
                f"There is no option {error.option_name}: {key} is a setting of the recipe. "
                f"Write --set {key}={_value_after(error.option_name, given)}",
                ctx,
            ) from error


class _RecipeHintGroup(_RecipeHint, click.Group):
    """The same, with commands of its own."""


def _value_after(option: str, args: list[str]) -> str:
    """Return the value that was given to an option, or VALUE where there is none."""
    for word, following in zip(args, [*args[1:], ""], strict=True):
        if word.startswith(f"{option}="):
            return shlex.quote(word.partition("=")[2])
        if word == option and following and not following.startswith("-"):
            return shlex.quote(following)
    return "VALUE"


@click.group(cls=_RecipeHintGroup, invoke_without_command=True)
@click.option("--corpus", type=_PATH, help=_CORPUS_HELP)
@_base
@click.option("--out", type=_PATH, help="The folder to write the voice to.")
@_recipe
@click.option("--like", type=_PATH, metavar="VOICE", help="Repeat the recipe and the base of this voice.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="What is trained: an adapter (lora, the default), the last blocks, everything, or the same architecture from "
    "random weights.",
)
@click.option("--layers", metavar="last-N", help="Train the last N blocks only; for lora and last-layers.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Changes one value of the recipe.")
@click.option(
    "--report-to",
    multiple=True,
    metavar="BOARD",
    help="Send the figures to this board as well: wandb, mlflow, comet_ml, … Nothing leaves this machine without it.",
)
@click.option("--fresh", is_flag=True, help="Start over, whatever an interrupted training has left.")
@click.option("--replace", is_flag=True, help="Put the new voice in the place of the one at --out.")
@click.pass_context
def main(context: click.Context, /, method: str | None, layers: str | None, like: Path | None, **options: Any) -> None:
    """Tune a voice on a corpus.

    What was interrupted goes on with the same command. --method, --layers and --set go over the recipe, and all of
    them over --like.
    """
    if context.invoked_subcommand:
        return
    if options["corpus"] is None or options["out"] is None:
        raise click.UsageError("--corpus and --out say what to learn from and where the voice goes; both are needed.")
    changes = [f"method={method}"] if method else []
    changes += [f"layers={layers.removeprefix('last-')}"] if layers else []
    changes += options.pop("changes")
    recipe_name = options.pop("recipe")
    recipe, repeats = load_recipe(recipe_name, changes), None
    if like:
        repeats = read_training(like)
        if _is_default(context, "base"):
            options["base"] = base_of(repeats)
        if _is_default(context, "recipe"):
            recipe_name, recipe = stored_recipe(repeats.get("recipe"), changes)
    job = TrainingJob(recipe_name=recipe_name, recipe=recipe, repeats=repeats, **options)
    job.check()
    with _heavy_work(job.after_stop):
        from finetune.training.train import train_voice

        table = train_voice(job)
    if table:
        click.echo(table)


def _is_default(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.DEFAULT


@main.command()
@click.argument("voice", type=_PATH)
@click.option(
    "--to",
    "target",
    type=click.Choice(["adapter", "merged", "gguf", "gguf-adapter"]),
    required=True,
    help="adapter: a folder for peft. merged: one model folder in safetensors. gguf: one file of the whole model for "
    "llama.cpp. gguf-adapter: one file that llama.cpp applies to the base's.",
)
@click.option("--out", type=_PATH, required=True, help="The folder or, for GGUF, the file to write.")
@click.option(
    "--precision",
    help="What the weights are held in. merged: fp32 (the default), bf16, fp16. gguf: q8_0 (the default), f32, f16, "
    "bf16, q5_1, q5_0, q4_1, q4_0.",
)
@click.option("--base", help="Where the voice's base is now, if it has moved.")
@click.option("--corpus", type=_PATH, help="Compare on this corpus's validation turns, not on those in the voice.")
@click.option(
    "--push",
    "repository",
    metavar="OWNER/NAME",
    help="Upload the export to this repository of the Hub as well; private, if it is new.",
)
def export(**options: Any) -> None:
    """Write VOICE in a form that other programs read.

    The export is compared with the voice at places in held-out turns; one that doesn't agree is not kept.
    """
    job = ExportJob(**options)
    job.check()
    with _heavy_work(lambda: "Nothing was written."):
        from finetune.export.export import export

        exported = export(job)
    click.echo(f"export against voice  {exported.agreement}")
    if exported.base_agreement:
        click.echo(f"base against voice    {exported.base_agreement}")
    lines = {
        "adapter": f"The adapter is in {job.out}; peft opens it over its base.",
        "merged": f"The model is in {job.out}. Serve it: transformers serve {shlex.quote(str(job.out))}",
        "gguf": f"The model is in {job.out}; llama.cpp plays it by itself.",
        "gguf-adapter": f"The adapter is in {job.out}; llama.cpp applies it to {exported.base_gguf}.",
    }
    print_status(printable(lines[job.target]))
    if exported.address:
        print_status(printable(f"Pushed to {exported.address}"))


class _CommandWithMeasures(click.Command):
    """A command whose help ends with what each measure is and where it comes from."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Measures"):
            formatter.write_dl([(entry.label, f"{entry.definition} [{entry.source}]") for entry in MEASURES])


@main.command(cls=_CommandWithMeasures)
@click.argument("voices", nargs=-1, required=True, metavar="VOICE...")
@click.option("--corpus", type=_PATH, help="Measure on this corpus's test split, and take the prompts from there.")
@click.option("--json", "json_file", type=_PATH, help="Write all figures and turns to this file.")
@click.option("--turns", type=click.IntRange(1, 1024), default=32, show_default=True, help="Turns that each generates.")
@click.option("--tokens", type=click.IntRange(1, 1024), default=60, show_default=True, help="Most tokens per turn.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=32,
    show_default=True,
    help="Most examples of the split whose loss is measured, spread evenly over it; 0 for all.",
)
@click.option("--show", type=click.IntRange(0), default=3, show_default=True, help="Prompts to print with their turns.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the turns.")
@click.option("--base", help="Where the voices' base is now, if it has moved.")
def evaluate(json_file: Path | None, show: int, **options: Any) -> None:
    """Compare voices, and bases with what was tuned on them.

    VOICE is a folder that training wrote, or a base: smollm2, a model folder, a Hub id. All answer the same prompts
    with the same seed. Without --corpus the prompts are the program's own, and the losses those stored in training.
    """
    if json_file and not json_file.absolute().parent.is_dir():
        raise FinetuneError(f"There is no folder {json_file.absolute().parent} to write {json_file.name} to. Make it.")
    job = EvaluationJob(**options)
    job.check()
    with _heavy_work(lambda: "Nothing was written."):
        from finetune.compare.evaluate import as_json, evaluate
        from finetune.compare.side_by_side import measures_table, turns_side_by_side

        comparison = evaluate(job)
        width = shutil.get_terminal_size((100, 24)).columns
        click.echo(measures_table(comparison, width))
        if show:
            click.echo("\n" + turns_side_by_side(comparison, width, show))
        for note in comparison.notes:
            print_status(printable(f"\nNote: {note}"))
        if json_file:
            write_json(json_file, as_json(comparison))


@main.command(cls=_RecipeHint)
@click.option("--corpus", type=_PATH, required=True, help=_CORPUS_HELP)
@_base
@click.option("--out", type=_PATH, required=True, help="The folder to write the page, its charts and its runs to.")
@_recipe
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Changes one value of the recipe. max_steps is every run's budget; without it all have the steps that the "
    "recipe's epochs make on the whole text. patience (3 here) ends a run that gets no better.",
)
@click.option("--shares", default="1,3,10,30,100", show_default=True, help="Of the training text, in percent.")
@click.option(
    "--methods",
    default="base,last-layers,lora,full,scratch",
    show_default=True,
    help="What is compared; scratch is the same model from random weights. The base is always measured.",
)
@click.option(
    "--price", type=click.FloatRange(0), help="Dollars an hour of this machine. [default: GPU 3.50, CPU 0.10]"
)
@click.option(
    "--tokens", type=click.IntRange(0), default=60, show_default=True, help="Most tokens per sample turn; 0: none."
)
@click.option("--fresh", is_flag=True, help="Make all runs again.")
def report(shares: str, methods: str, **options: Any) -> None:
    """Show what tuning on your own text buys: one page with charts.

    Trains each method on each share of the text and measures all on the same held-out stories. What was interrupted
    goes on with the same command; more shares and methods are added to the runs that are there.
    """
    job = ReportJob(shares=parse_shares(shares), methods=parse_methods(methods), **options)
    job.check()
    with _heavy_work(lambda: "The same command goes on with the runs that are left."):
        from finetune.report.report import make_report

        page = make_report(job)
    click.echo(page)


@contextmanager
def _heavy_work(after_stop: Callable[[], str]) -> Iterator[None]:
    """Quiet the libraries; turn a missing one into one line, and a stop into a line that says how to go on."""
    # Threads that sleep while they wait: on a machine that does something else as well, torch's threads would spin
    # for each other through every time slice (measured on 2 busy cores: over 30 s a step, and 7 s so).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _quiet_libraries()
        yield
    except ModuleNotFoundError as error:
        raise FinetuneError(f"{error.name} is not installed. Install it with: {install_line('finetune')}") from error
    except OSError as error:
        if error.errno is None:  # not the system's: a bug, which keeps its trace
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise FinetuneError(f"{where}{error.strerror}. Put that right, and give the same command again.") from error
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {after_stop()}", err=True)
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _quiet_libraries() -> None:
    """Silence the libraries' progress bars and notices; their errors stay."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # peft calls what transformers has renamed; nobody who trains can act on that.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\.")
