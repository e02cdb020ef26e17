"""Stories -> a corpus on disk.

    report = build([Path("my-stories")], Path("my-corpus"), Settings(seed=0))
    print(report.table())

The first pass reads the sources and compiles each story (`corpus.pipeline`: graph, clean prose, examples), in as many
processes as are asked for. Then all stories are known: duplicates are dropped, similar stories kept together, every
story is dealt to a split, and the second pass writes its examples where they belong (`corpus.store`). The corpus is
the same, byte for byte, whatever the order of the sources and the number of processes; only which one of several exact
duplicates is kept goes by the order: the first.

A corpus is split by story, for parts of one story share most of their context, and a split inside it would leak.

Limits: what is in memory grows with the number of stories, about 3 kB each, not with their text.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from corpus.dataset_card import write_card
from corpus.duplicates import COPY, NUMBERS, Clusters, similar_pairs
from corpus.errors import CorpusFailure
from corpus.leaks import PARAGRAPHS, Paragraphs, leaked, paragraphs
from corpus.pipeline import Compiled, Entry, Settings, compile_stories
from corpus.rejects import Reject, json_lines, writing
from corpus.report import Report, StoryLine, leak_warning, write_report
from corpus.scratch_file import Spool, read_rows
from corpus.sources import compile_sources
from corpus.splits import SPLITS, split, split_examples
from corpus.store import Portion, replacing, write_splits
from corpus.story import Story

Write = Callable[[bytes], object]
Splits = Mapping[str, Sequence[Portion]]


def build(
    sources: Sequence[Path], out: Path, settings: Settings, workers: int = 1, tell: Callable[[int], object] = bool
) -> Report:
    """Builds the corpus of the story files and folders `sources` at `out`, in place of an earlier one.

    `tell` is called now and then with the number of stories that have been read. Raises StoryError for a source that
    can't be read; CorpusFailure where something else lies at `out`, no story is left, or too little for three splits;
    OSError where a place can't be written. Then an earlier corpus is untouched.
    """
    with writing(settings.rejects) as write, replacing(out) as (folder, scratch):
        compiled = compile_sources(sources, scratch, settings, workers)
        return _finish(_told(compiled, tell), folder, settings, write, workers)


def build_stories(stories: Iterable[Story], out: Path, settings: Settings) -> Report:
    """Like `build`, of stories in memory."""
    with writing(settings.rejects) as write, replacing(out) as (folder, scratch):
        with Spool(scratch / "stories") as spool:
            compiled = compile_stories(stories, spool, settings)
        return _finish([compiled], folder, settings, write, workers=1)


def _told(compiled: Iterable[Compiled], tell: Callable[[int], object]) -> Iterator[Compiled]:
    count = 0
    for part in compiled:
        count += len(part.entries)
        tell(count)
        yield part


def _finish(compiled: Iterable[Compiled], folder: Path, settings: Settings, write: Write, workers: int) -> Report:
    """Places the stories, and fills the folder."""
    drops: Counter[str] = Counter()
    entries = _distinct(compiled, drops, write)
    kept, clusters = _cluster(entries, settings, drops, write)
    for entry in kept:
        drops += entry.drops
        write(entry.rejects.read())
    splits, warnings = _deal(kept, clusters, settings.seed)
    share = leaked(_paragraphs(splits, "validation"), _paragraphs(splits, "train"))
    if not warnings and (warning := leak_warning(share)):
        warnings.append(warning)
    sizes = write_splits(splits, folder, workers)
    report = Report(
        seed=settings.seed,
        context=settings.context,
        stories=len(kept),
        passages=sum(entry.passages for entry in kept),
        choices=sum(entry.choices for entry in kept),
        words=sum(entry.words for entry in kept),
        examples={name: sum(portion.examples() for portion in splits[name]) for name in SPLITS},
        target_characters={name: sum(portion.target_characters() for portion in splits[name]) for name in SPLITS},
        bytes={name: sizes[name][0] for name in SPLITS},
        parquet_bytes={name: sizes[name][1] for name in SPLITS},
        drops=dict(sorted(drops.items())),
        rights=dict(sorted(Counter(entry.rights for entry in kept).items())),
        titles={name: [portion.entry.title for portion in splits[name]] for name in SPLITS},
        near_duplicates=tuple(tuple(stories) for stories in clusters if len(stories) > 1),
        leaked=share,
        passage_words=_total(entry.passage_words for entry in kept),
        example_characters=_total(entry.example_characters for entry in kept),
        contents=tuple(_lines(splits)),
        notes=tuple(f"{entry.source or entry.title}: {note}" for entry in kept for note in entry.notes),
        warnings=tuple(warnings),
    )
    write_report(report, folder)
    write_card(report, folder)
    return report


# ---- which stories -------------------------------------------------------------------------------------------


def _distinct(compiled: Iterable[Compiled], drops: Counter[str], write: Write) -> list[Entry]:
    """The stories by id, the first of each text. Raises CorpusFailure where there is none."""
    entries: dict[bytes, Entry] = {}
    for part in compiled:
        drops += part.drops
        for place in part.rejects:
            write(place.read())
        for entry in part.entries:
            if entries.setdefault(entry.content, entry) is not entry:
                _leave_out("duplicate story", entry, drops, write)
    if not entries:
        why = "; ".join(f"{reason}: {count}" for reason, count in sorted(drops.items()))
        raise CorpusFailure(
            "There is no story with text in it, so there is nothing to learn from. Name other sources"
            + (f", or filter less. Left out: {why}." if why else ".")
        )
    return sorted(entries.values(), key=lambda entry: entry.id)


def _leave_out(reason: str, entry: Entry, drops: Counter[str], write: Write) -> None:
    drops[reason] += 1
    text = "".join(read_rows(entry.rows).column("target").to_pylist())
    write(json_lines([Reject(reason, entry.source, entry.title, "", text)]))


def _cluster(
    entries: Sequence[Entry], settings: Settings, drops: Counter[str], write: Write
) -> tuple[list[Entry], list[list[str]]]:
    """The stories that say something new, and the ids of those that are similar, each in one list.

    Of stories that say the same, the longest is kept.
    """
    clusters = Clusters(len(entries))
    copies_of: defaultdict[int, set[int]] = defaultdict(set)
    if settings.near_duplicates:
        signatures = np.frombuffer(b"".join(entry.signature for entry in entries), np.uint32).reshape(-1, NUMBERS)
        for a, b, similarity in similar_pairs(signatures):
            clusters.join(a, b)
            if similarity >= COPY:
                copies_of[a].add(b)
                copies_of[b].add(a)
    left_out: set[int] = set()
    for n in sorted(copies_of, key=lambda n: (-entries[n].words, n)):
        if n not in left_out:
            left_out |= copies_of[n]
    for n in sorted(left_out):
        _leave_out("near-duplicate story", entries[n], drops, write)
    kept = [n for n in range(len(entries)) if n not in left_out]
    members: defaultdict[int, list[str]] = defaultdict(list)
    for n in kept:
        members[clusters.of(n)].append(entries[n].id)
    return [entries[n] for n in kept], list(members.values())


# ---- where they belong ---------------------------------------------------------------------------------------


def _deal(
    entries: Sequence[Entry], clusters: Sequence[Sequence[str]], seed: int
) -> tuple[dict[str, list[Portion]], list[str]]:
    """The portions of each split, by story; and what the user should know.

    With fewer than three clusters, it is the examples that are shared out. Raises CorpusFailure where there are fewer
    than three of those, too.
    """
    splits: dict[str, list[Portion]] = {name: [] for name in SPLITS}
    if len(clusters) >= len(SPLITS):
        place = split(clusters, seed)
        for entry in entries:
            splits[place[entry.id]].append(Portion(entry))
        return splits, []
    contexts = {entry.id: read_rows(entry.rows).column("context").to_pylist() for entry in entries}
    openings = {f"{story}/{n}": not context for story, rows in contexts.items() for n, context in enumerate(rows)}
    if len(openings) < len(SPLITS):
        raise CorpusFailure(
            f"A corpus needs 3 examples at least, one each to learn from, to validate and to test; there "
            f"{'is' if len(openings) == 1 else 'are'} {len(openings)}. Add a story, or choices to the one you have."
        )
    place = split_examples(openings, seed)
    for entry in entries:
        for name in SPLITS:
            picked = tuple(n for n in range(entry.examples) if place[f"{entry.id}/{n}"] == name)
            if picked:
                splits[name].append(Portion(entry, picked))
    alike = "" if len(entries) < len(SPLITS) else f"; the {len(entries)} stories are too much alike to be held apart"
    return splits, [
        f"{len(clusters)} of 3 stories: with fewer than 3, the corpus is split inside the stories{alike}, and what is "
        "held out shares its context with what is learned. Held-out figures will flatter; add stories to trust them."
    ]


def _paragraphs(splits: Splits, name: str) -> Iterable[Paragraphs]:
    """Of a split's stories; where stories were split inside, of what is scored in it, or seen in training."""
    for portion in splits[name]:
        if portion.picked is None:
            yield np.frombuffer(portion.entry.paragraphs.read(), PARAGRAPHS)
        else:
            rows = portion.rows()
            seen = rows.column("context").to_pylist() if name == "train" else []
            yield paragraphs([*seen, *rows.column("target").to_pylist()])


def _lines(splits: Splits) -> Iterable[StoryLine]:
    """Every story with its splits, by id."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    entries: dict[str, Entry] = {}
    for name, portions in splits.items():
        for portion in portions:
            places[portion.entry.id].append(name)
            entries[portion.entry.id] = portion.entry
    for story, entry in sorted(entries.items()):
        where = ", ".join(places[story])
        yield StoryLine(story, entry.title, entry.author, entry.rights, entry.source, where, entry.words)


def _total(histograms: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*histograms, strict=True)]
