"""Build a corpus on disk from stories.

    report = build([Path("my-stories")], Path("my-corpus"), Settings(seed=0))
    print(report.table())

The first pass reads the sources and compiles each story (`corpus.pipeline`: graph, clean prose, examples), in several
processes if asked. Then duplicates are dropped, similar stories are grouped, and every group is assigned to a split.
The second pass writes the examples (`corpus.store`). The corpus is the same, byte for byte, for any order of the
sources and any number of processes, except that of exact duplicates the first is kept.

A corpus is split by story, because examples of one story share most of their context: a split inside it would leak.
For the same reason a playthrough of an author's story is in the split of that story. What it has of the author's text
is context only, and counts neither in the figures nor when stories are compared.

Limits: memory grows with the number of stories, about 3 kB each, not with their text, except for 100 bytes for each
paragraph of an author's story that was played.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from corpus.dataset_card import write_card
from corpus.errors import CorpusError
from corpus.leaks import Paragraphs, leaked, paragraphs, read_paragraphs
from corpus.pipeline import CompiledBatch, CompiledStory, Settings, compile_stories
from corpus.rejects import Reject, json_lines, rejects_file
from corpus.report import Report, StoryLine, leak_warning, write_report
from corpus.scratch_file import ScratchFile, read_record_batch
from corpus.sources import SKIPPED_REASONS, compile_sources, workers_for
from corpus.splits import SPLITS, split, split_examples
from corpus.store import Portion, replacing, write_splits
from corpus.story import Skipped, Story
from corpus.versions import group_versions

WriteRejects = Callable[[bytes], object]
Splits = Mapping[str, Sequence[Portion]]

_SHOWN = 10
"""Reasons in the message that there is no story."""
_WARNED = 10
"""Stories that are named, at most, because much of them can't be reached."""


def build(
    sources: Sequence[Path],
    out: Path,
    settings: Settings,
    workers: int | None = None,
    on_progress: Callable[[int], object] = bool,
) -> Report:
    """Build a corpus at `out` from story files and folders, replacing an earlier corpus.

    Without `workers`, their number depends on the size of the sources (`workers_for`). `on_progress` is called from
    time to time with the number of stories read. If an error is raised, an earlier corpus is left as it was.

    Raises:
        StoryError: a source doesn't exist; if the settings are strict, also if a file can't be read.
        CorpusError: `out` holds something else, no story is left, or there is too little for three splits.
        OSError: a file can't be written.
    """
    with rejects_file(settings.rejects) as write_rejects, replacing(out) as (folder, scratch):
        workers = workers or workers_for(sources)
        batches = compile_sources(sources, scratch, settings, workers)
        return _finish(_with_progress(batches, on_progress), folder, settings, write_rejects, workers)


def build_stories(stories: Iterable[Story], out: Path, settings: Settings) -> Report:
    """Like `build`, for stories in memory."""
    with rejects_file(settings.rejects) as write_rejects, replacing(out) as (folder, scratch):
        with ScratchFile(scratch / "stories") as file:
            batch = compile_stories(stories, file, settings)
        return _finish([batch], folder, settings, write_rejects, workers=1)


def _with_progress(batches: Iterable[CompiledBatch], on_progress: Callable[[int], object]) -> Iterator[CompiledBatch]:
    count = 0
    for batch in batches:
        count += len(batch.stories)
        on_progress(count)
        yield batch


def _finish(
    batches: Iterable[CompiledBatch], folder: Path, settings: Settings, write_rejects: WriteRejects, workers: int
) -> Report:
    """Assign the stories to splits and write the corpus."""
    drops: Counter[str] = Counter()
    skipped: list[Skipped] = []
    stories = _without_copies(batches, drops, skipped, write_rejects)
    kept, clusters = _without_near_copies(stories, settings, drops, write_rejects)
    for story in kept:
        drops += story.drops
        write_rejects(story.rejects.read())
    splits, warnings = _assign_splits(kept, clusters, settings.seed)
    share = leaked(_paragraphs(splits, "validation"), _paragraphs(splits, "train"))
    if not warnings and (warning := leak_warning(share)):
        warnings.append(warning)
    warnings += _unreachable(kept)
    sizes = write_splits(splits, folder, workers)
    report = Report(
        seed=settings.seed,
        context=settings.context,
        stories=len(kept),
        passages=sum(story.passages for story in kept),
        choices=sum(story.choices for story in kept),
        words=sum(story.words for story in kept),
        examples={name: sum(portion.examples() for portion in splits[name]) for name in SPLITS},
        target_characters={name: sum(portion.target_characters() for portion in splits[name]) for name in SPLITS},
        bytes={name: sizes[name][0] for name in SPLITS},
        parquet_bytes={name: sizes[name][1] for name in SPLITS},
        drops=dict(sorted(drops.items())),
        rights=dict(sorted(Counter(story.rights for story in kept).items())),
        titles={name: [portion.story.title for portion in splits[name]] for name in SPLITS},
        near_duplicates=tuple(tuple(ids) for ids in clusters if len(ids) > 1),
        leaked=share,
        passage_words=_add_histograms(story.passage_words for story in kept),
        example_characters=_add_histograms(story.example_characters for story in kept),
        contents=tuple(_story_lines(splits)),
        notes=tuple(f"{story.source or story.title}: {note}" for story in kept for note in story.notes),
        warnings=tuple(warnings),
        skipped=tuple(skipped),
    )
    write_report(report, folder)
    write_card(report, folder)
    return report


def _without_copies(
    batches: Iterable[CompiledBatch], drops: Counter[str], skipped: list[Skipped], write_rejects: WriteRejects
) -> list[CompiledStory]:
    """Return the stories by id; of exact copies, only the first. Raise CorpusError if there is no story."""
    by_content: dict[bytes, CompiledStory] = {}
    for batch in batches:
        drops += batch.drops
        skipped += batch.skipped
        for piece in batch.rejects:
            write_rejects(piece.read())
        for story in batch.stories:
            if by_content.setdefault(story.content, story) is not story:
                _drop("duplicate story", story, drops, write_rejects)
    if not by_content:
        raise CorpusError(_no_story(drops, skipped))
    return sorted(by_content.values(), key=lambda story: story.id)


def _no_story(drops: Mapping[str, int], skipped: Sequence[Skipped]) -> str:
    """Return the message if nothing is left; a single file's own message says it best."""
    reasons = [each.reason for each in skipped]
    if len(reasons) == 1 and drops.keys() <= SKIPPED_REASONS:
        return reasons[0]
    counts = "; ".join(f"{reason}: {count}" for reason, count in sorted(drops.items()))
    message = "There is no story with text to train on. Name other sources"
    return "\n".join(
        [f"{message}, or filter less. Left out: {counts}." if counts else f"{message}.", *reasons[:_SHOWN]]
    )


def _drop(reason: str, story: CompiledStory, drops: Counter[str], write_rejects: WriteRejects) -> None:
    drops[reason] += 1
    text = "".join(read_record_batch(story.rows).column("target").to_pylist())
    write_rejects(json_lines([Reject(reason, story.source, story.title, "", text)]))


def _without_near_copies(
    stories: Sequence[CompiledStory], settings: Settings, drops: Counter[str], write_rejects: WriteRejects
) -> tuple[list[CompiledStory], list[list[str]]]:
    """Drop all but the longest of near-duplicates; return the rest, and their ids in groups of versions."""
    dropped, groups = group_versions(stories, settings.near_duplicates)
    for n in dropped:
        _drop("near-duplicate story", stories[n], drops, write_rejects)
    without = set(dropped)
    kept = [story for n, story in enumerate(stories) if n not in without]
    return kept, [[stories[n].id for n in group] for group in groups]


def _assign_splits(
    stories: Sequence[CompiledStory], clusters: Sequence[Sequence[str]], seed: int
) -> tuple[dict[str, list[Portion]], list[str]]:
    """Return the portions of each split, and warnings for the user.

    With fewer than three clusters, single examples are assigned instead of stories. Raise CorpusError if there are
    fewer than three examples, too.
    """
    splits: dict[str, list[Portion]] = {name: [] for name in SPLITS}
    if len(clusters) >= len(SPLITS):
        split_of = split(clusters, seed)
        for story in stories:
            splits[split_of[story.id]].append(Portion(story))
        return splits, []
    contexts = {story.id: read_record_batch(story.rows).column("context").to_pylist() for story in stories}
    openings = {f"{story_id}/{n}": not context for story_id, rows in contexts.items() for n, context in enumerate(rows)}
    if len(openings) < len(SPLITS):
        raise CorpusError(
            "A corpus needs at least 3 examples, one each for training, validation and test; there "
            f"{'is' if len(openings) == 1 else 'are'} {len(openings)}. Add a story, or add choices to the one you have."
        )
    split_of = split_examples(openings, seed)
    for story in stories:
        for name in SPLITS:
            picked = tuple(n for n in range(story.examples) if split_of[f"{story.id}/{n}"] == name)
            if picked:
                splits[name].append(Portion(story, picked))
    similar = "" if len(stories) < len(SPLITS) else f"; the {len(stories)} stories are too similar to be separated"
    return splits, [
        f"{len(clusters)} of 3 stories: with fewer than 3, the corpus is split inside the stories{similar}, so "
        "held-out examples share context with training examples. Held-out results will look too good; add stories."
    ]


def _unreachable(stories: Sequence[CompiledStory]) -> list[str]:
    """Return the warnings about stories of which much can't be reached, by title: a card may be published."""
    found = [f"{story.title}: {story.warning}" for story in stories if story.warning]
    more = f"So it is with {len(found) - _WARNED} more stories; `dungeon corpus check` names them."
    return [*found[:_WARNED], more] if len(found) > _WARNED else found


def _paragraphs(splits: Splits, name: str) -> Iterable[Paragraphs]:
    """Yield the paragraphs that the split scores or trains on; for train, also those that are only context."""
    for portion in splits[name]:
        if portion.picked is None:
            yield read_paragraphs(portion.story.paragraphs)
            if name == "train":
                yield read_paragraphs(portion.story.context_paragraphs)
        else:
            rows = portion.rows()
            contexts = rows.column("context").to_pylist() if name == "train" else []
            yield paragraphs([*contexts, *rows.column("target").to_pylist()])


def _story_lines(splits: Splits) -> Iterable[StoryLine]:
    """Yield each story with its splits, by id."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    stories: dict[str, CompiledStory] = {}
    for name, portions in splits.items():
        for portion in portions:
            names[portion.story.id].append(name)
            stories[portion.story.id] = portion.story
    for story_id, story in sorted(stories.items()):
        yield StoryLine(
            story_id, story.title, story.author, story.rights, story.source, ", ".join(names[story_id]), story.words
        )


def _add_histograms(histograms: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*histograms, strict=True)]
