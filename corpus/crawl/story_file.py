"""Turn the graph of a crawled story into a `Story`, and write it to its file.

    story = to_story(graph, info, viewer, fetched)
    write(story, folder / "1037.json")

A passage is named by a hash of its page's title and text, so that its name is the same in every crawl. The file is one
JSON document, which `corpus.readers.crawled` reads.

Limits: page headings and items are not kept. A choice with an unknown target is left out, and a note says so.
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
    """Return the story in the graph; `viewer` is its address, `fetched` the time of its first page.

    `info` is the story's own page; without it, the title comes from the viewer.
    """
    digest = hashlib.sha256()
    passages = {}
    for name, node in graph.nodes.items():
        digest.update(f"{node.page.title}\0{node.page.text}\0".encode("utf-8", "surrogatepass"))
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
            sha256=digest.hexdigest(),
            length=ratings.length if ratings else None,
            difficulty=ratings.difficulty if ratings else None,
            maturity=ratings.maturity if ratings else None,
        ),
        notes=tuple(_notes(graph)),
    )


def _notes(graph: Graph) -> list[str]:
    broken = sum(edge.role == BROKEN for node in graph.nodes.values() for edge in node.edges.values())
    notes = [f"Choices that the site can't follow are left out: {broken}."] if broken else []
    if graph.unfollowed():
        cause = "the crawl's limit" if graph.limit_reached else "; ".join(sorted(graph.failures))
        notes.append(f"Choices that were not followed are left out: {graph.unfollowed()} ({cause}).")
    return notes


def write(story: Story, path: Path) -> None:
    """Write the story, atomically replacing an earlier one, and sync it to the disk."""
    document = {"kind": KIND, "version": VERSION, "story": asdict(story)}
    for passage in document["story"]["passages"].values():  # type: ignore[index]
        passage["tags"] = sorted(passage["tags"])
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    write_atomic(path, text)
