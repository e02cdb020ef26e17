"""The rules for the graph of a story: links, reachability, endings."""

from collections import defaultdict
from collections.abc import Iterator

from corpus.check.finding import Finding
from corpus.story import Story

ENDING = "ending"
"""The tag of a passage where the story ends on purpose."""

FEWEST_ENDINGS = 6
"""Endings, at least, that make a story worth reading again."""

CHOICES = (1, 4)
"""Choices of a passage, at least and at most; an ending has none."""

CONTINUE = "Continue"
"""The label of a passage's only choice, with which the reader turns the page."""


def reachability(story: Story) -> Iterator[Finding]:
    """Every choice leads to a passage; every passage has text, can be reached, and leads to an ending."""
    for passage, choice in story.dangling():
        message = f"the choice '{choice.label}' leads to '{choice.target}', which does not exist."
        yield Finding(story.source, passage.name, message)
    reachable = story.reachable()
    ending = _can_end(story)
    for passage in story.passages.values():
        if passage.name not in reachable:
            yield Finding(story.source, passage.name, "cannot be reached from the start.")
        if passage.name not in ending:
            yield Finding(story.source, passage.name, "no path from here leads to an ending.")
        if not passage.text.strip():
            yield Finding(story.source, passage.name, "is empty.")


def endings(story: Story) -> Iterator[Finding]:
    """Passages without choices are tagged as endings, others are not, and there are enough endings."""
    for passage in story.passages.values():
        if not passage.choices and ENDING not in passage.tags:
            yield Finding(
                story.source,
                passage.name,
                f"has no choices. If the story ends here, write ':: {passage.name} [ending]'.",
            )
        if passage.choices and ENDING in passage.tags:
            yield Finding(story.source, passage.name, "is tagged as an ending and has choices.")
    found = len(story.endings())
    if found < FEWEST_ENDINGS:
        message = f"has {found} endings; a story worth reading again has at least {FEWEST_ENDINGS}."
        yield Finding(story.source, "", message)


def choices(story: Story) -> Iterator[Finding]:
    """A passage doesn't have too many choices, none of them twice, and a single choice is called Continue."""
    _, most = CHOICES
    for passage in story.passages.values():
        if len(passage.choices) > most:
            yield Finding(story.source, passage.name, f"has {len(passage.choices)} choices, more than {most}.")
        labels = [choice.label for choice in passage.choices]
        if len(labels) == 1 and labels != [CONTINUE]:
            message = f"has only one choice, which should be called '{CONTINUE}', not '{labels[0]}'."
            yield Finding(story.source, passage.name, message)
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield Finding(story.source, passage.name, f"has the choice '{label}' twice.")


def _can_end(story: Story) -> set[str]:
    """Return the passages from which a passage without choices can be reached."""
    leading = defaultdict(list)
    for passage, choice in story.edges():
        leading[choice.target].append(passage.name)
    queue = [passage.name for passage in story.endings()]
    ending = set(queue)
    while queue:
        for name in leading[queue.pop()]:
            if name not in ending:
                ending.add(name)
                queue.append(name)
    return ending
