"""Group stories that are versions of one another, so that no split has what another one is trained on.

    dropped, groups = group_versions(stories, compare=True)

Stories are in one group if

- their source gives them the same id (`corpus.pipeline.work_id`);
- one contains a tenth of the other's text, or a fiftieth if few other stories have that text (`corpus.duplicates`);
- one is a playthrough of the other, or both are of a third.

Groups are transitive. Of stories that are nearly the same, only the longest is kept.

Limits: a text that many stories share, such as a licence, joins them only if it is a tenth of one of them. Paragraphs
that are still in several splits are measured by `corpus.leaks`.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from corpus.duplicates import Clusters, overlaps
from corpus.leaks import read_paragraphs
from corpus.pipeline import CompiledStory

COPY = 0.85
"""Of stories that are at least this similar, only one is kept: a word in a hundred differs, or 8% in one place."""
_CONTAINED = 0.1
_OWN = 0.02


def group_versions(stories: Sequence[CompiledStory], compare: bool) -> tuple[list[int], list[list[int]]]:
    """Return the numbers of the stories to drop, and those of the others in their groups.

    If not `compare`, texts are not compared: ids and playthroughs count only, and nothing is dropped.
    """
    clusters = Clusters(len(stories))
    copies_of: defaultdict[int, set[int]] = defaultdict(set)
    if compare:
        sizes = [story.sketch.length // 8 for story in stories]
        for found in overlaps(sizes, lambda n: np.frombuffer(stories[n].sketch.read(), np.uint64)):
            if found.contained >= _CONTAINED or found.own >= _OWN:
                clusters.join(found.a, found.b)
            if found.similarity >= COPY:
                copies_of[found.a].add(found.b)
                copies_of[found.b].add(found.a)
    _join_works(stories, clusters)
    _join_played(stories, clusters)
    dropped: set[int] = set()
    for n in sorted(copies_of, key=lambda n: (-stories[n].words, n)):
        if n not in dropped:
            dropped |= copies_of[n]
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for n in range(len(stories)):
        if n not in dropped:
            groups[clusters.find(n)].append(n)
    return sorted(dropped), list(groups.values())


def _join_works(stories: Sequence[CompiledStory], clusters: Clusters) -> None:
    first: dict[str, int] = {}
    for n, story in enumerate(stories):
        if story.work:
            clusters.join(n, first.setdefault(story.work, n))


def _join_played(stories: Sequence[CompiledStory], clusters: Clusters) -> None:
    """Join the stories that have a paragraph in common which one of them has as context only.

    So a playthrough stays with its story in whatever version, and with other playthroughs of it.
    """
    player_of: dict[int, int] = {}  # by digest: the first story that has the paragraph as context only
    for n, story in enumerate(stories):
        for digest in read_paragraphs(story.context_paragraphs)["digest"].tolist():
            clusters.join(n, player_of.setdefault(digest, n))
    if player_of:
        played = np.array(list(player_of), dtype=np.uint64)
        for n, story in enumerate(stories):
            for digest in np.intersect1d(read_paragraphs(story.paragraphs)["digest"], played).tolist():
                clusters.join(n, player_of[digest])
