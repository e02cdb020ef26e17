"""The dataset card of a corpus: README.md, as the Hub and `datasets.load_dataset` read it, and its pictures.

Titles, authors and licences come from story files, so they are escaped in the Markdown. Local paths are left out,
because a card may be published and a path is private.

The head is YAML as the Hub specifies it (huggingface.co/docs/hub/datasets-cards).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from corpus import histogram
from corpus.histogram import EXAMPLE_CHARACTERS, PASSAGE_WORDS
from corpus.leaks import SHORTEST
from corpus.report import Report
from corpus.splits import SPLITS
from corpus.store import CARD, DATA, PICTURES, features
from corpus.text import one_line, printable

_STORIES_SHOWN = 200

# Licences that stories are written under, as the Hub spells them.
_LICENCES = frozenset(
    {"apache-2.0", "mit", "cc0-1.0", "unlicense", "gpl-3.0", "agpl-3.0", "unknown", "cc-by-2.0", "cc-by-3.0"}
    | {"cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0"}
    | {"cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"}
)

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))

_COLUMNS = (
    ("story", "string", "The story's id: its title and the first digits of a hash of its text."),
    ("context", "string", "The preceding text, given to the model but not trained on. Empty at the start of a story."),
    ("target", "string", "The text to train on: actions and the prose that answers them. It continues the context."),
    ("ends", "bool", "Whether the story ends with this target, which is where an end-of-text token belongs."),
)


def write_card(report: Report, folder: Path) -> None:
    """Write the card and its pictures into the folder."""
    passages, examples = PICTURES
    (folder / passages).write_text(histogram.svg(report.passage_words, PASSAGE_WORDS), encoding="utf-8")
    (folder / examples).write_text(histogram.svg(report.example_characters, EXAMPLE_CHARACTERS), encoding="utf-8")
    (folder / CARD).write_text(card(report), encoding="utf-8")


def card(report: Report) -> str:
    """Return the card as text."""
    head = yaml.safe_dump(_head(report), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n\n".join(_sections(report)) + "\n"


def _head(report: Report) -> dict[str, object]:
    count = sum(report.examples.values())
    head: dict[str, object] = {"pretty_name": "Branching stories as turns"}
    if len(report.rights) == 1:
        [rights] = report.rights
        known = rights.lower() in _LICENCES
        head |= {"license": rights.lower()} if known else {"license": "other", "license_name": printable(rights)}
    columns = [{"name": name, "dtype": kind["dtype"]} for name, kind in features().items()]
    splits = [{"name": name, "num_bytes": report.bytes[name], "num_examples": report.examples[name]} for name in SPLITS]
    files = [{"split": name, "path": f"{DATA}/{name}-*.parquet"} for name in SPLITS]
    return head | {
        "task_categories": ["text-generation"],
        "tags": ["interactive-fiction", "text-adventure"],
        "size_categories": [next((name for most, name in _SIZES if count < most), "n>10M")],
        "dataset_info": {
            "features": columns,
            "splits": splits,
            "download_size": sum(report.parquet_bytes.values()),
            "dataset_size": sum(report.bytes.values()),
        },
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _sections(report: Report) -> Iterable[str]:
    yield "# Branching stories as turns"
    yield (
        f"{report.stories:,} stories with {report.passages:,} passages, {report.choices:,} choices and "
        f"{report.words:,} words, made into {sum(report.examples.values()):,} examples for fine-tuning a language "
        "model: an action, a blank line, the prose that answers it. Every choice is in exactly one target, with up to "
        f"{report.context:,} characters of the preceding text as context."
    )
    yield '```python\nfrom datasets import load_dataset\n\ncorpus = load_dataset("path/to/this/folder")\n```'
    for warning in report.warnings:
        yield f"> **Warning:** {_escape(warning)}"
    yield "## Columns\n\n" + _table(("column", "type", "content"), _COLUMNS)
    stories = {name: len(titles) for name, titles in report.titles.items()}
    counts = (stories, report.examples, report.target_characters, report.parquet_bytes)
    yield "## Splits\n\n" + _table(
        ("split", "stories", "examples", "target characters", "bytes of parquet"),
        [(name, *(f"{count[name]:,}" for count in counts)) for name in SPLITS],
    )
    yield (
        f"Split by story (seed {report.seed}). {sum(map(len, report.near_duplicates)):,} stories are in "
        f"{len(report.near_duplicates):,} groups of versions, which have an id or text in common; each group is in one "
        f"split. Of the validation text in paragraphs of at least {SHORTEST} characters, {report.leaked:.3%} is also "
        "in train."
    )
    yield "## Rights\n\n" + _table(
        ("licence, as the stories state it", "stories"),
        [(_escape(rights), f"{count:,}") for rights, count in sorted(report.rights.items())],
    )
    yield "## Sources\n\n" + _table(
        ("title", "author", "rights", "read from", "words"),
        [
            (_escape(line.title), _escape(line.author), _escape(line.rights), _address(line.source), f"{line.words:,}")
            for line in report.contents[:_STORIES_SHOWN]
        ],
    )
    if len(report.contents) > _STORIES_SHOWN:
        yield f"And {len(report.contents) - _STORIES_SHOWN:,} more; `report.json` lists them all."
    yield "## Left out\n\n" + (
        _table(("reason", "count"), [(_escape(why), f"{count:,}") for why, count in sorted(report.drops.items())])
        if report.drops
        else "Nothing."
    )
    yield "## Lengths\n\n" + "\n\n".join(
        f"![{measure.title}]({name})"
        for measure, name in zip((PASSAGE_WORDS, EXAMPLE_CHARACTERS), PICTURES, strict=True)
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _address(source: str) -> str:
    """Return the web address of a story; local paths are private."""
    return _escape(source) if re.match(r"https?://", source) else "a file"


def _escape(text: str) -> str:
    """Return text as one line of Markdown that shows exactly that text."""
    line = one_line(text)
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:-])", r"\\\1", line)
