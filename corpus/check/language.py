"""The rules of a story as a whole: language that a small model can learn, and choices that readers would make."""

from collections import Counter
from collections.abc import Iterator

from corpus.check.analysis import Reading
from corpus.check.finding import Finding
from corpus.check.graph import CONTINUE
from corpus.check.statistics import SPEECH_MARKS, Figures
from corpus.check.tokenizer import beginning, has_speech, sentences, words
from corpus.check.vocabulary import COMMON_WORDS, Vocabulary
from corpus.check.word_lists import NO_CONTENT
from corpus.story import Story

SPEECH = 1 / 5
"""The share of choices, at least, that are something to say."""

ODD_ACTIONS = 1 / 6
"""The share of choices, at least, that lead to a passage tagged `odd`: what real players type besides."""

DIALOGUE = 1 / 3
"""The share of passages, at least, in which somebody speaks."""

SENTENCE = (8.0, 13.0)
"""Words a sentence, the mean of a story."""

COMMON = 0.94
"""The share of running words, names aside, at least, that are common."""

ANSWERED = 0.6
"""The share of choices below which a note says that answers don't name what the choice names."""

RARE_LISTED = 20


def shares(story: Story, figures: Figures) -> Iterator[Finding]:
    """There is enough to say, enough that is odd, and people talk."""
    for share, least, what in (
        (figures.speech_share, SPEECH, 'of its choices are speech (a label that starts with ")'),
        (figures.odd_share, ODD_ACTIONS, "of its choices lead to a passage tagged [odd]"),
        (figures.dialogue_share, DIALOGUE, "of its passages have dialogue"),
    ):
        if share < least:
            yield Finding(story.source, "", f"{share:.1%} {what}, fewer than {least:.1%}.")


def sentence_length(story: Story, figures: Figures) -> Iterator[Finding]:
    """Sentences are short on the mean, not all of them."""
    shortest, longest = SENTENCE
    if not shortest <= figures.sentence_length <= longest:
        yield Finding(
            story.source, "", f"{figures.sentence_length:.1f} words a sentence, not {shortest:.0f} to {longest:.0f}."
        )


def common_words(reading: Reading, figures: Figures, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Running words are common ones; the most frequent of the others are listed."""
    share = figures.common_share
    counts = Counter(word for found in reading.prose.values() for word in reading.ordinary(found))
    rare = Counter({word: count for word, count in counts.items() if not vocabulary.is_common(word)})
    listed = ", ".join(f"{word} {count}" for word, count in rare.most_common(RARE_LISTED))
    says = f"{share:.1%} of its words are among the {COMMON_WORDS} most frequent; at least {COMMON:.0%} are wanted."
    yield Finding(reading.story.source, "", f"{says} Others: {listed or 'none'}.", note=share >= COMMON)


def spelling(reading: Reading, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Every word but names is one that the list knows; one made of two such words is a note."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name in reading.prose:
        for word in reading.ordinary((*reading.prose[name], *reading.labels[name])):
            counts[word] += 1
            first.setdefault(word, name)
    for word, count in counts.items():
        if not vocabulary.is_word(word):
            often = f", {count} times in all" if count > 1 else ""
            parts = vocabulary.compound(word)
            made = f"; it reads as {' + '.join(parts)}" if parts else ""
            says = f"'{word}' is not in the dictionary{often}{made}."
            yield Finding(reading.story.source, first[word], says, note=parts is not None)


def answers(story: Story) -> Iterator[Finding]:
    """An answer names, in its first two sentences, something that the choice named."""
    asked, missed = 0, list[str]()
    heads = {
        name: {beginning(word.lower) for word in words(" ".join(sentences(passage.text)[:2]))}
        for name, passage in story.passages.items()
    }
    for passage, choice in story.edges():
        named = {beginning(word.lower) for word in words(choice.label) if _is_content(word.lower)}
        if choice.label == CONTINUE or not named or choice.target not in heads:
            continue
        asked += 1
        if not named & heads[choice.target]:
            missed.append(f"'{choice.label}' (in '{passage.name}')")
    share = 1 - len(missed) / asked if asked else 1.0
    if share < ANSWERED:
        yield Finding(
            story.source,
            "",
            f"{share:.0%} of its choices are named again in the first two sentences of their answer, fewer than "
            f"{ANSWERED:.0%}; not so {', '.join(missed[:5])}.",
            note=True,
        )


def measure(reading: Reading, vocabulary: Vocabulary) -> Figures:
    """The story in figures."""
    story = reading.story
    choices = [choice for _, choice in story.edges()]
    odd = {name for name, passage in story.passages.items() if "odd" in passage.tags}
    counts = Counter(word for found in reading.prose.values() for word in reading.ordinary(found))
    return Figures(
        stories=1,
        passages=len(story.passages),
        words=story.words(),
        endings=len(story.endings()),
        choices=len(choices),
        speech=sum(choice.label.startswith(SPEECH_MARKS) for choice in choices),
        odd=sum(choice.target in odd for choice in choices),
        dialogue=sum(has_speech(passage.text) for passage in story.passages.values()),
        sentences=sum(len(sentences(passage.text)) for passage in story.passages.values()),
        ordinary=counts.total(),
        common=sum(count for word, count in counts.items() if vocabulary.is_common(word)),
    )


def _is_content(word: str) -> bool:
    return len(word) > 2 and word not in NO_CONTENT
