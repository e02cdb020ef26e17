"""The graph of a crawled story -> `Story`, and the file it is kept in.

    story = to_story(graph, info, viewer, fetched)
    write(story, folder / "1037.json")

A passage's name is a hash of its page's title and text, so that it is the same in every crawl. The file is one JSON
document; `corpus.readers.crawled` reads it.

Limits: headings of pages are not kept, nor are items. A choice whose end isn't known is left out, and a note says so.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from corpus.crawl.explore import BROKEN, Graph
from corpus.crawl.page import Info
from corpus.files import write_atomic
from corpus.readers.crawled import KIND, VERSION
from corpus.story import Choice, Passage, Provenance, Story


def to_story(graph: Graph, info: Info | None, viewer: str, fetched: str) -> Story:
    """The story that the graph shows; `viewer` is its address, `fetched` the time of its first page.

    What the story's own page says comes from `info`; without one, the title is that of the viewer.
    """
    hashed = hashlib.sha256()
    passages = {}
    for name, node in graph.nodes.items():
        hashed.update(f"{node.page.title}\0{node.page.text}\0".encode("utf-8", "surrogatepass"))
        choices = (
            Choice(edge.label, target) for edge in node.edges.values() if not edge.role for target in edge.targets()
        )
        passages[name] = Passage(name, node.page.text, tuple(choices))
    start = next(iter(graph.nodes))
    ratings = info.ratings if info else None
    return Story(
        title=(info.title if info else "") or graph.nodes[start].page.story,
        start=start,
        passages=passages,
        source=viewer,
        author=info.author if info else "",
        rights=info.rights if info else "unknown",
        provenance=Provenance(
            url=viewer,
            fetched=fetched,
            sha256=hashed.hexdigest(),
            length=ratings.length if ratings else None,
            difficulty=ratings.difficulty if ratings else None,
            maturity=ratings.maturity if ratings else None,
        ),
        notes=tuple(_notes(graph)),
    )


def _notes(graph: Graph) -> list[str]:
    broken = sum(edge.role == BROKEN for node in graph.nodes.values() for edge in node.edges.values())
    notes = [f"Choices that lead nowhere on the site are left out: {broken}."] if broken else []
    if graph.unfollowed():
        why = "the crawl's bound" if graph.bounded else "; ".join(sorted(graph.failures))
        notes.append(f"Choices that were not followed are left out: {graph.unfollowed()} ({why}).")
    return notes


def write(story: Story, path: Path) -> None:
    """Writes the story in place of an earlier one, whole or not at all, and synced to the disk."""
    document = {"kind": KIND, "version": VERSION, "story": asdict(story)}
    for passage in document["story"]["passages"].values():  # type: ignore[index]
        passage["tags"] = sorted(passage["tags"])
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    write_atomic(path, text)
