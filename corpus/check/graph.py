"""The rules of the story's graph: every way leads on, every passage is reached, every end is meant."""

from collections import defaultdict
from collections.abc import Iterator

from corpus.check.finding import Finding
from corpus.story import Story

ENDING = "ending"
"""The tag that says: here the story ends, and nothing was forgotten."""

FEWEST_ENDINGS = 6
"""A story that is worth a second reading."""

CHOICES = (1, 4)
"""A passage's choices, at least and at most; an ending has none."""

CONTINUE = "Continue"
"""What a choice is called that stands alone: the reader turns the page."""


def whole(story: Story) -> Iterator[Finding]:
    """What any story should hold: no choice into nothing, no passage out of reach or without a way to an end."""
    for passage, choice in story.dangling():
        yield Finding(
            story.source, passage.name, f"the choice '{choice.label}' leads to '{choice.target}', which is not there."
        )
    reachable = story.reachable()
    ending = _can_end(story)
    for passage in story.passages.values():
        if passage.name not in reachable:
            yield Finding(story.source, passage.name, "cannot be reached from the start.")
        if passage.name not in ending:
            yield Finding(story.source, passage.name, "no way from here leads to an ending.")
        if not passage.text.strip():
            yield Finding(story.source, passage.name, "is empty.")


def endings(story: Story) -> Iterator[Finding]:
    """Passages without choices are marked as endings, others are not, and there are enough of them."""
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
        yield Finding(story.source, "", f"has {found} endings; at least {FEWEST_ENDINGS} make it worth reading again.")


def choices(story: Story) -> Iterator[Finding]:
    """A passage has as many choices as a reader weighs, and a single one is called Continue."""
    _, most = CHOICES
    for passage in story.passages.values():
        if len(passage.choices) > most:
            yield Finding(story.source, passage.name, f"has {len(passage.choices)} choices, more than {most}.")
        labels = [choice.label for choice in passage.choices]
        if len(labels) == 1 and labels != [CONTINUE]:
            yield Finding(
                story.source, passage.name, f"has one choice, so it is called '{CONTINUE}', not '{labels[0]}'."
            )
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield Finding(story.source, passage.name, f"has the choice '{label}' twice.")


def _can_end(story: Story) -> set[str]:
    """The passages from which a reader can come to one without choices."""
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
