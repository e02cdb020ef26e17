"""How much of a story its choices lead to, and a warning if that is too little.

    warning = reachability_warning(story)      # "" if most of the words can be reached

A script can lead to passages where no reader of ours can follow. What nothing leads to is not trained on, or only
without what comes before (`corpus.story.BEGINNING`), so whoever builds, converts or checks a story should know how much
that is.
"""

from corpus.story import BEGINNING, Story

MOST_UNREACHABLE = 0.2
"""The share of a story's words that may be out of reach without a warning."""


def unreachable_words(story: Story) -> int:
    """Return the number of words of prose that no choice leads to, with those that the reader left out."""
    reachable = story.reachable()
    lost = (passage for name, passage in story.passages.items() if name not in reachable)
    return story.left_out + sum(len(passage.text.split()) for passage in lost)


def reachability_warning(story: Story) -> str:
    """Return a warning if more of the words can't be reached than `MOST_UNREACHABLE`; "" if not."""
    unreachable, words = unreachable_words(story), story.words() + story.left_out
    if unreachable <= words * MOST_UNREACHABLE:
        return ""
    share = (
        f"{unreachable / words:.0%} of the words ({unreachable:,} of {words:,}) can't be reached by choices from the"
    )
    if any(BEGINNING in passage.tags for passage in story.passages.values()):
        return f"{share} start. Scripts may lead there, which are not followed; what precedes it is missing, then."
    return f"{share} start, so they are not trained on. A script may lead there, which is not followed."
