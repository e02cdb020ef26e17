"""A study as one HTML page that needs no script, no other file and no network.

    write_page(study, Path("report/index.html"), draw_charts(study, Path("report/pictures")))

Each chart comes with a table of its figures. Every text is data and escaped; the page forbids itself to load or
run anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from corpus.files import write_atomic
from corpus.text import one_line, printable
from finetune.report.findings import findings
from finetune.report.job import METHODS
from finetune.report.published_trainings import AI_DUNGEON_TOKENS, published_trainings
from finetune.report.study import LABELS, Study
from finetune.report.units import dollars, duration, gibibytes, parameter_count, percent, stories

_CAPTIONS = {
    "share": "Bits per byte on held-out stories against the share of the training text that was learned from.",
    "minutes": "Bits per byte on the validation split against the minutes of training, each method on its largest "
    "share.",
    "memory": "The peak memory of each method's run, in GiB, on its largest share.",
    "money": "What each method's run on its largest share cost, beside published trainings, in dollars.",
}


def write_page(study: Study, out: Path, charts: Mapping[str, str]) -> None:
    """Write the page to `out`, whole or not at all."""
    headline, *others = findings(study) or ["Only the untuned base was measured."]
    parts = {
        "title": f"What transfer bought: {_text(study.base)}",
        "style": _packaged("page.css"),
        "headline": _text(headline),
        "findings": "".join(f"<li>{_text(finding)}</li>\n" for finding in others),
        "explanation": _note(
            f"Bits per byte on the {study.split} split: how many bits the model needs for a byte of stories that it "
            "has not learned. Lower is better; unlike the loss per token it compares across tokenizers."
        ),
        "share_table": _shares(study),
        "minutes_table": _times(study),
        "memory_table": _memory(study),
        "money_table": _money(study),
        "samples": _samples(study),
        "conditions": _conditions(study),
        "runs": _runs(study),
    }
    figures = {f"{name}_chart": _figure(name, charts[name]) if name in charts else "" for name in _CAPTIONS}
    write_atomic(out, Template(_packaged("page.html")).substitute(parts | figures))


def _packaged(name: str) -> str:
    return (files("finetune.report") / name).read_text(encoding="utf-8")


def _figure(name: str, svg: str) -> str:
    label = escape(_CAPTIONS[name])
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return f"<figure>\n{svg}<figcaption>{label}</figcaption>\n</figure>"


def _shares(study: Study) -> str:
    shares = sorted({(run.share, run.stories, run.words) for run in study.runs if run.stories})
    base = study.base_run
    if not shares:
        return _table(["", "bits per byte"], [[base.label, _bits(base.bits_per_byte)]] if base else [])
    head = ["", *(f"{percent(share)}<br>{_stories(n)}<br>{words:,}&nbsp;words" for share, n, words in shares)]
    rows = []
    for method in study.methods:
        found = {run.stories: _bits(run.bits_per_byte) for run in study.of(method)}
        rows.append([LABELS[method], *(found.get(0 if method == "base" else n, "") for _, n, _ in shares)])
    return _table(head, rows)


def _times(study: Study) -> str:
    rows = []
    for run in study.largest_trained:
        best = next((evaluation for evaluation in run.curve if evaluation.step == run.best_step), None)
        rows.append(
            [
                run.label,
                duration(run.seconds),
                f"{run.steps:,} of {run.budget:,}",
                f"{run.best_step:,}",
                duration(best.seconds) if best else "",
                _bits(best.bits_per_byte) if best else "",
                f"{run.tokens_per_second:,.0f}",
            ]
        )
    head = ["", "whole run", "steps", "best step", "reached after", "bits per byte, validation", "tokens/s"]
    note = "Training alone; the evaluations between the steps, the same for all methods, come on top."
    return _table(head, rows) + _note(note)


def _memory(study: Study) -> str:
    rows = [
        [run.label, gibibytes(run.memory), parameter_count(run.trained) if run.trained else "none"]
        for run in study.largest
    ]
    note = (
        "Weights, gradients, optimizer and activations; the program and its libraries come on top, and are the same "
        "for all. AI Dungeon's makers tuned GPT-2 1.5B on eight cards of 32 GB."
    )
    return _table(["", "peak memory", "parameters trained"], rows) + _note(note)


def _money(study: Study) -> str:
    size = parameter_count(study.parameters)
    rows = []
    for run in study.largest_trained:
        what = f"{study.base}, {size}: {run.steps:,} steps on {percent(run.share)} of the text"
        cost = dollars(study.cost(run.seconds))
        rows.append([run.label, _text(what), _text(study.device), duration(run.seconds), cost, ""])
    for other in published_trainings():
        links = ", ".join(f'<a href="{escape(url)}">{n}</a>' for n, url in enumerate(other.sources, 1))
        hours = "not published" if other.hours is None else f"{other.hours:g} hours"
        cost = "not published" if other.dollars is None else dollars(other.dollars)
        rows.append([escape(other.name), escape(other.description), escape(other.machine), hours, cost, links])
    notes = [
        f"The price of this machine, {dollars(study.price)} an hour, is an assumption: state your own with --price.",
        "A model from random weights and a tuned one are not the same thing: the figures show what each effort takes.",
    ]
    for run in study.largest_trained:
        if run.method == "lora" and run.tokens_per_second:
            seconds = AI_DUNGEON_TOKENS / run.tokens_per_second
            notes.append(
                f"At this machine's {run.tokens_per_second:,.0f} tokens a second with LoRA, AI Dungeon's "
                f"{AI_DUNGEON_TOKENS / 1e6:.0f} million tokens would go through this base of {size} in "
                f"{duration(seconds)}, for {dollars(study.cost(seconds))}; computed, not run."
            )
    head = ["", "what", "machine", "time", "money", "sources"]
    return _table(head, rows, text_columns=3) + "".join(map(_note, notes))


def _samples(study: Study) -> str:
    sampled = [run for run in study.largest if run.samples]
    if not sampled:
        return "<p>No turns were sampled.</p>"
    parts = []
    for n, prompt in enumerate(study.prompts):
        rows = [[run.label, f'<div class="turn">{_turn(run.samples[n])}</div>'] for run in sampled]
        table = _table(["", "goes on"], rows, text_columns=2)
        parts.append(f'<div class="prompt turn">{_turn(prompt)}</div>\n{table}')
    note = "The same prompts, the same random numbers, the first answer of each; the prompts are held-out stories'."
    return f"{_note(note)}\n" + "\n".join(parts)


def _conditions(study: Study) -> str:
    facts = {
        "Base": f"{study.base}, {study.parameters:,} parameters",
        "Text": f"{study.stories} stories, {study.words:,} learned words in the training split. A share is whole "
        "stories in a seeded order, so a larger one has all of a smaller one's.",
        "Held out": f"{study.held_out_tokens:,} tokens, {study.held_out_bytes:,} bytes of the {study.split} split, the "
        "same for all runs. One seed: differences in the last digit mean little.",
        "Training": _budget(study),
        "Random weights": "The same architecture, trained on the same rows from random numbers.",
        "Machine": f"{study.device}, {study.precision}",
        "Recipe": f"{study.recipe_name}; learning rates are each method's own, see below",
    }
    listed = "".join(f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>\n" for key, value in facts.items())
    values = [[_text(key), _text(str(value))] for key, value in study.recipe.items()]
    recipe = f"<details><summary>The recipe</summary>\n{_table(['', 'value'], values)}</details>"
    return f"<dl>\n{listed}</dl>\n{recipe}"


def _budget(study: Study) -> str:
    trained = [run for run in study.runs if run.steps]
    if not trained:
        return "Nothing was trained."
    early = sum(run.steps < run.budget for run in trained)
    text = (
        f"Each run had the same budget of {max(run.budget for run in trained):,} optimizer steps, whatever its share, "
        "and the weights of its best evaluation on the validation split were kept and measured. "
    )
    if not (patience := study.recipe.get("patience")):
        return f"{text}No run was ended early."
    return (
        f"{text}A run ended early after {patience} evaluations without a lower loss: {early} of {len(trained)} did, at "
        "their early-stopping optimum; the others used their budget up."
    )


def _runs(study: Study) -> str:
    runs = sorted(study.runs, key=lambda run: (run.share, METHODS.index(run.method)))
    columns = {
        "": [run.label for run in runs],
        "share": [percent(run.share) for run in runs],
        "stories": [f"{run.stories}" for run in runs],
        "words": [f"{run.words:,}" for run in runs],
        "learning rate": [f"{run.learning_rate:g}" for run in runs],
        "parameters trained": [parameter_count(run.trained) for run in runs],
        "steps": [f"{run.steps:,}" for run in runs],
        "passes": [f"{run.passes:.2f}" for run in runs],
        "best step": [f"{run.best_step:,}" for run in runs],
        "bits per byte": [_bits(run.bits_per_byte) for run in runs],
        "nats per token": [f"{run.nats_per_token:.3f}" for run in runs],
        "time": [duration(run.seconds) for run in runs],
        "memory": [gibibytes(run.memory) for run in runs],
        "money": [dollars(study.cost(run.seconds)) for run in runs],
    }
    return _table(list(columns), zip(*columns.values(), strict=True))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table of cells that are HTML already; the first column is names, the first `text_columns` are text."""

    def cells(tag: str, row: Sequence[str], first: int) -> str:
        styles = (' class="text"' if 0 < n < text_columns else "" for n in range(first, first + len(row)))
        return "".join(f"<{tag}{style}>{cell}</{tag.split()[0]}>" for style, cell in zip(styles, row, strict=True))

    top = cells('th scope="col"', head, 0)
    body = "".join(f'<tr><th scope="row">{row[0]}</th>{cells("td", row[1:], 1)}</tr>\n' for row in rows)
    return f'<div class="table"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>'


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>'


def _text(text: str) -> str:
    """Return any text as one line of HTML."""
    return escape(one_line(text))


def _turn(text: str) -> str:
    """Return any text as HTML with its line breaks."""
    return escape(printable(text).strip()) or "<em>nothing</em>"


def _bits(bits_per_byte: float) -> str:
    return f"{bits_per_byte:.3f}"


def _stories(count: int) -> str:
    return stories(count).replace(" ", "&nbsp;")
