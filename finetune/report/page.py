"""A study as one HTML page that needs nothing else: no script, no file beside it, no network.

    write_page(study, Path("report/index.html"), pictures=draw(study, Path("report/pictures")))

Beside each picture stands a table with its figures. Every text is data and escaped; the page forbids itself to load
or run anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from corpus.text import one_line, printable
from finetune.report.charts import Picture
from finetune.report.published_trainings import AI_DUNGEON_TOKENS, KNOWN
from finetune.report.study import LABELS, METHODS, Run, Study, dollars, duration, findings, gibibytes, percent, size


def write_page(study: Study, out: Path, pictures: Mapping[str, Picture]) -> None:
    """Writes the page to `out`, whole or not at all."""
    staging = out.with_name(f".{out.name}.partial")
    staging.write_text(_page(study, pictures), encoding="utf-8")
    staging.replace(out)


def _page(study: Study, pictures: Mapping[str, Picture]) -> str:
    title = f"What transfer bought: {_text(study.base)}"
    style = (files("finetune.report") / "page.css").read_text(encoding="utf-8")
    headline, *others = findings(study) or ["Only the untuned base was measured."]
    shown = {name: _figure(name, picture) for name, picture in pictures.items()}
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="headline">{_text(headline)}</p>
<ul>
{"".join(f"<li>{_text(finding)}</li>{chr(10)}" for finding in others)}</ul>

<h2>How much text</h2>
{shown.get("share", "")}
{_shares(study)}
<p class="note">Bits a byte on the {_text(study.split)} split: how many bits the model needs for a byte of stories that
it has not learned. Lower is better; unlike loss a token it compares between models with other tokenizers.</p>

<h2>How many minutes</h2>
{shown.get("minutes", "")}
{_times(study)}

<h2>How much memory</h2>
{shown.get("memory", "")}
{_memory(study)}

<h2>How much money</h2>
{shown.get("money", "")}
{_money(study)}

<h2>What it writes</h2>
{_samples(study)}

<h2>How it was measured</h2>
{_method(study)}

<h2>All runs</h2>
{_runs(study)}
</body>
</html>
"""


# ---- the sections --------------------------------------------------------------------------------------------

_CAPTIONS = {
    "share": "Bits a byte on held-out stories against the share of the training text that was learned from.",
    "minutes": "Bits a byte on the validation split against the minutes of training, each method on its largest share.",
    "memory": "The most memory that each method's run needed, in GiB, on its largest share.",
    "money": "What each method's run on its largest share cost, beside published trainings, in dollars.",
}


def _figure(name: str, picture: Picture) -> str:
    label = escape(_CAPTIONS[name])
    svg = picture.svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return f"<figure>\n{svg}<figcaption>{label}</figcaption>\n</figure>"


def _shares(study: Study) -> str:
    shares = sorted({(run.share, run.stories, run.words) for run in study.runs if run.stories})
    base = study.of("base")
    if not shares:
        return _table(["", "bits a byte"], [[run.label, _bits(run)] for run in base])
    head = ["", *(f"{percent(share)}<br>{_stories(n)}<br>{words:,}&nbsp;words" for share, n, words in shares)]
    rows = []
    for method in study.methods:
        found = {run.stories: run for run in study.of(method)}
        if method == "base":
            cells = [_bits(base[0])] * len(shares)
        else:
            cells = [_bits(found[n]) if n in found else "" for _, n, _ in shares]
        rows.append([LABELS[method], *cells])
    return _table(head, rows)


def _times(study: Study) -> str:
    rows = []
    for run in (run for run in study.largest if run.steps):
        best = next((moment for moment in run.curve if moment.step == run.best_step), None)
        rows.append(
            [
                run.label,
                duration(run.seconds),
                f"{run.steps:,} of {run.budget:,}",
                f"{run.best_step:,}",
                duration(best.seconds) if best else "",
                f"{best.bits_per_byte:.3f}" if best else "",
                f"{run.tokens_per_second:,.0f}",
            ]
        )
    head = ["", "whole run", "steps", "best step", "reached after", "bits a byte, validation", "tokens/s"]
    note = "Training alone; the evaluations between the steps, the same for all methods, come on top."
    return f'{_table(head, rows)}<p class="note">{note}</p>'


def _memory(study: Study) -> str:
    rows = [[run.label, gibibytes(run.memory), size(run.trained) if run.trained else "none"] for run in study.largest]
    note = (
        "Weights, gradients, optimizer and activations; the program and its libraries come on top, and are the same "
        "for all. AI Dungeon's makers tuned GPT-2 1.5B on eight cards of 32 GB."
    )
    return _table(["", "memory at most", "numbers trained"], rows) + f'<p class="note">{note}</p>'


def _money(study: Study) -> str:
    rows = []
    for run in (run for run in study.largest if run.steps):
        what = f"{study.base}, {size(study.parameters)}: {run.steps:,} steps on {percent(run.share)} of the text"
        rows.append(
            [run.label, _text(what), _text(study.device), duration(run.seconds), dollars(study.cost(run.seconds)), ""]
        )
    for known in KNOWN:
        links = ", ".join(f'<a href="{escape(url)}">{n}</a>' for n, url in enumerate(known.sources, 1))
        hours = "not published" if known.hours is None else f"{known.hours:g} hours"
        cost = "not published" if known.cost is None else dollars(known.cost)
        rows.append([escape(known.name), escape(known.how), escape(known.machine), hours, cost, links])
    head = ["", "what", "machine", "time", "money", "source"]
    notes = [
        f"The price of this machine, {dollars(study.price)} an hour, is an assumption: state your own with --price.",
        "A model from random weights and a tuned one are not the same thing: the figures show what each effort takes.",
    ]
    if fastest := [run for run in study.largest if run.method == "lora" and run.tokens_per_second]:
        seconds = AI_DUNGEON_TOKENS / fastest[0].tokens_per_second
        notes.append(
            f"At this machine's {fastest[0].tokens_per_second:,.0f} tokens a second with LoRA, AI Dungeon's "
            f"{AI_DUNGEON_TOKENS / 1e6:.0f} million tokens would go through this base of {size(study.parameters)} in "
            f"{duration(seconds)}, for {dollars(study.cost(seconds))}; computed, not run."
        )
    return _table(head, rows, words=3) + "".join(f'<p class="note">{_text(note)}</p>' for note in notes)


def _samples(study: Study) -> str:
    told = [run for run in study.largest if run.samples]
    if not told:
        return "<p>No turns were sampled.</p>"
    parts = []
    for n, prompt in enumerate(study.prompts):
        rows = [[run.label, f'<div class="turn">{_turn(run.samples[n])}</div>'] for run in told]
        parts.append(f'<div class="prompt turn">{_turn(prompt)}</div>\n{_table(["", "goes on"], rows, words=2)}')
    note = "The same prompts, the same random numbers, the first answer of each; the prompts are held-out stories'."
    return f'<p class="note">{note}</p>\n' + "\n".join(parts)


def _method(study: Study) -> str:
    trained = [run for run in study.runs if run.steps]
    early = sum(run.steps < run.budget for run in trained)
    budget = max((run.budget for run in trained), default=0)
    patience = study.recipe.get("patience")
    stop = (
        f"Each run had the same budget of {budget:,} optimizer steps, whatever its share, and the weights of its best "
        f"evaluation on the validation split were kept and measured. "
        + (
            f"A run ended early after {patience} evaluations without a better one: {early} of {len(trained)} did, at "
            "their early-stopping optimum; the others used their budget up."
            if patience
            else "No run was ended early."
        )
    )
    facts = {
        "Base": f"{study.base}, {study.parameters:,} parameters",
        "Text": f"{study.stories} stories, {study.words:,} learned words in the training split. A share is whole "
        "stories in a seeded order, so a larger one has all of a smaller one's.",
        "Held out": f"{study.held_out_tokens:,} tokens, {study.held_out_bytes:,} bytes of the {study.split} split, the "
        "same for all runs. One seed: differences in the last digit mean little.",
        "Training": stop if trained else "Nothing was trained.",
        "Random weights": "The same architecture, trained on the same rows from random numbers.",
        "Machine": f"{study.device}, {study.precision}",
        "Recipe": f"{study.recipe_name}; learning rates are each method's own, see below",
    }
    listed = "".join(f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>\n" for key, value in facts.items())
    values = [[_text(key), _text(str(value))] for key, value in study.recipe.items()]
    recipe = f"<details><summary>The recipe</summary>\n{_table(['', 'value'], values)}</details>"
    return f"<dl>\n{listed}</dl>\n{recipe}"


def _runs(study: Study) -> str:
    head = [
        "", "share", "stories", "words", "learning rate", "numbers trained", "steps", "passes", "best step",
        "bits a byte", "nats a token", "time", "memory", "money",
    ]  # fmt: skip
    rows = [
        [
            run.label,
            percent(run.share),
            f"{run.stories}",
            f"{run.words:,}",
            f"{run.learning_rate:g}",
            size(run.trained),
            f"{run.steps:,}",
            f"{run.passes:.2f}",
            f"{run.best_step:,}",
            f"{run.bits_per_byte:.3f}",
            f"{run.nats_per_token:.3f}",
            duration(run.seconds),
            gibibytes(run.memory),
            dollars(study.cost(run.seconds)),
        ]
        for run in sorted(study.runs, key=lambda run: (run.share, METHODS.index(run.method)))
    ]
    return _table(head, rows)


# ---- HTML ----------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table of cells that are HTML already; the first column are names, the first `words` columns text."""
    top = "".join(f'<th scope="col"{_column(n, words)}>{cell}</th>' for n, cell in enumerate(head))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{_column(n, words)}>{cell}</td>" for n, cell in enumerate(row[1:], 1))
        + "</tr>\n"
        for row in rows
    )
    return f'<div class="table"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>'


def _column(n: int, words: int) -> str:
    return ' class="text"' if 0 < n < words else ""


def _text(text: str) -> str:
    """Any text as one line of HTML."""
    return escape(one_line(text))


def _turn(text: str) -> str:
    """Any text as HTML with its line breaks."""
    return escape(printable(text).strip()) or "<em>nothing</em>"


def _bits(run: Run) -> str:
    return f"{run.bits_per_byte:.3f}"


def _stories(count: int) -> str:
    return f"{count}&nbsp;{'story' if count == 1 else 'stories'}"
